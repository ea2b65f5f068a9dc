"""How many calls one process takes in at once. Beyond it a call is told to come again before it is looked into."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from cds_service.errors import Busy

RETRY_S = 1


class Crowd:
    """Room for so many calls. Safe for threads."""

    def __init__(self, limit: int) -> None:
        self._room = threading.BoundedSemaphore(limit)

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Be inside for the length of the block. Raises Busy when there is no room."""
        if not self._room.acquire(blocking=False):
            raise Busy("The service is busy; repeat the call.", retry_after=RETRY_S)
        try:
            yield
        finally:
            self._room.release()
