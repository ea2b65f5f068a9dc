"""The face of an engine: one piece of work for each item, results in the order of the items, a bounded way ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")
W = TypeVar("W")

AHEAD = 8
"""Items for each worker that are read before their results are taken: enough to keep it busy, little to hold."""


class Kind(StrEnum):
    """The engines, by the name that commands give them."""

    PROCESS = "process"
    RAY = "ray"


class Engine(Protocol):
    """Runs work. Equal work and items give equal results on every engine."""

    @property
    def workers(self) -> int:
        """How many run side by side."""
        ...

    def run(self, build: Callable[[], Callable[[T], R]], items: Iterable[T]) -> Iterator[R]:
        """The result of the work on each of `items`, in their order, reading a bounded number of items ahead.

        `build` makes the work, once in each worker: what it loads is loaded there. It and the items must be picklable.
        Raises CdsError when a worker dies, and what the work raises.
        """
        ...


def in_order(begin: Callable[[T], W], end: Callable[[W], R], items: Iterable[T], *, ahead: int) -> Iterator[R]:
    """`end` of what `begin` began with each item, in their order, with no more than `ahead` begun and not ended."""
    waiting: deque[W] = deque()
    for item in items:
        waiting.append(begin(item))
        if len(waiting) >= ahead:
            yield end(waiting.popleft())
    while waiting:
        yield end(waiting.popleft())
