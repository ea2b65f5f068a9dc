"""How long each part of one call took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from cds_service.monitoring import metrics


class Stopwatch:
    """Milliseconds of each named part of one call."""

    def __init__(self) -> None:
        self.timings: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Add the time of the block to part `name`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - start
            self.timings[name] = self.timings.get(name, 0.0) + seconds * 1000
            metrics.PART_SECONDS.labels(part=name).observe(seconds)
