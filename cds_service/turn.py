"""Whose turn it is: a few calls are worked on at a time, the others wait (docs/decisions/0006)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cds_service.errors import Busy

RETRY_S = 1


class Turn:
    """Lets `at_once` threads work at a time. Safe for threads."""

    def __init__(self, at_once: int) -> None:
        self._free = threading.Semaphore(at_once)
        self._here: set[int] = set()

    def working(self) -> frozenset[int]:
        """The threads that have their turn or wait for it."""
        return frozenset(self._here.copy())

    @contextmanager
    def wait(self, at_most_s: float) -> Iterator[None]:
        """Wait for the turn, and have it for the length of the block. Raises Busy after `at_most_s` seconds."""
        me = threading.get_ident()
        self._here.add(me)
        try:
            if not self._free.acquire(timeout=at_most_s):
                raise Busy("The service is busy; repeat the call.", retry_after=RETRY_S)
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._here.discard(me)
