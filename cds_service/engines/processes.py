"""The engine of one machine: this process, or a pool of fresh ones."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from typing import Any, TypeVar

from cds_service.engines.engine import AHEAD, in_order
from cds_service.errors import CdsError

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Processes:
    """One worker is this process itself; more are processes of their own, begun afresh."""

    workers: int = 1

    def run(self, build: Callable[[], Callable[[T], R]], items: Iterable[T]) -> Iterator[R]:
        """See `Engine`."""
        if self.workers == 1:
            yield from map(build(), items)
            return
        pool = ProcessPoolExecutor(self.workers, mp_context=get_context("spawn"), initializer=_begin, initargs=(build,))
        try:
            yield from in_order(_submit(pool), _result, items, ahead=self.workers * AHEAD)
        except BrokenProcessPool:
            raise CdsError("a worker process died, perhaps for want of memory: try fewer workers") from None
        finally:
            pool.shutdown(cancel_futures=True)


def _submit(pool: ProcessPoolExecutor) -> Callable[[Any], Future[Any]]:
    return lambda item: pool.submit(_work, item)


def _result(future: Future[R]) -> R:
    return future.result()


_made: list[Callable[[Any], Any]] = []  # the work of this process, where it is a process of a pool


def _begin(build: Callable[[], Callable[[Any], Any]]) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _made.append(build())


def _end_with_parent() -> None:
    """A process whose parent was killed ends too: it would hold records that nobody waits for."""
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _work(item: Any) -> Any:
    return _made[0](item)
