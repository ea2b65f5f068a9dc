"""How many calls one process takes in at once. Beyond it a call is told to come again before it is read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cds_service.errors import Busy

RETRY_S = 1


class Crowd:
    """The calls inside, by the thread that works on each. Safe for threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._inside: set[int] = set()
        self._lock = threading.Lock()

    def threads(self) -> frozenset[int]:
        """The threads whose call is inside."""
        with self._lock:
            return frozenset(self._inside)

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Be inside for the length of the block. Raises Busy when there is no room."""
        me = threading.get_ident()
        with self._lock:
            if len(self._inside) >= self._limit:
                raise Busy("The service is busy; repeat the call.", retry_after=RETRY_S)
            self._inside.add(me)
        try:
            yield
        finally:
            with self._lock:
                self._inside.discard(me)
