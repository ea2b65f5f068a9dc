"""Many records past the gate: JSON lines in, JSON lines out, in step, in this process or in several.

A line that is withheld costs only itself. The output is written aside and renamed when it is whole.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from anonymization.errors import GateRefused
from anonymization.gate import Gate
from cds_service.deidentification import TIMEOUT_S, deidentify_line
from cds_service.errors import CdsError
from cds_service.whole_file import whole_file

T = TypeVar("T")

_AHEAD = 8
"""Lines for each worker that are read before their results are written."""


@dataclass(kw_only=True)
class Tally:
    """What a batch did. `withheld` counts lines by reason, `chars` the characters of text written."""

    lines: int = 0
    blank: int = 0
    chars: int = 0
    seconds: float = 0.0
    withheld: Counter[str] = field(default_factory=Counter)

    def count(self, written: str) -> None:
        """Count one line of the output."""
        self.lines += 1
        if not written:
            self.blank += 1
            return
        result = json.loads(written)
        self.chars += len(result.get("text", ""))
        if "error" in result:
            self.withheld[result["error"]] += 1


def deidentify_file(
    source: Path,
    target: Path,
    *,
    workers: int = 1,
    timeout_s: float = TIMEOUT_S,
    now: datetime,
    show: Callable[[float], None] = lambda _: None,
) -> Tally:
    """De-identify the JSON lines of `source` into `target`; `show` hears the share that is done.

    Raises CdsError when a file cannot be read or written, or a worker process dies; `target` is then as it was.
    """
    if target.exists() and target.samefile(source):
        raise CdsError("the output must be another file than the input")
    tally = Tally()
    begun = time.monotonic()
    try:
        with source.open("rb") as lines, whole_file(target, encoding="ascii") as out:
            size = max(1, os.fstat(lines.fileno()).st_size)
            for written in deidentify_records(lines, workers=workers, timeout_s=timeout_s, now=now):
                out.write(written + "\n")
                tally.count(written)
                show(min(1.0, lines.tell() / size))
    except OSError as error:
        raise CdsError(f"a file cannot be read or written: {os.strerror(error.errno or 0)}") from None
    tally.seconds = time.monotonic() - begun
    show(1.0)
    return tally


def deidentify_records(
    lines: Iterable[bytes], *, workers: int = 1, timeout_s: float = TIMEOUT_S, now: datetime
) -> Iterator[str]:
    """For each of `lines`, in order, what `deidentify_line` gives; nothing for a blank one.

    Raises CdsError when a worker process dies.
    """
    if workers == 1:
        yield from map(_Worker(timeout_s, now).work, lines)
        return
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start, initargs=(timeout_s, now))
    try:
        yield from _in_order(pool, _work, lines, ahead=workers * _AHEAD)
    except BrokenProcessPool:
        raise CdsError("a worker process died, perhaps for want of memory: try fewer workers") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _in_order(pool: ProcessPoolExecutor, work: Callable[[T], str], items: Iterable[T], *, ahead: int) -> Iterator[str]:
    """The results of `work` in the order of `items`, reading no more than `ahead` items beyond what was yielded."""
    waiting: deque[Future[str]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


class _Worker:
    """One gate, and what every line of the batch has in common. A gate that cannot be loaded says so on every line."""

    def __init__(self, timeout_s: float, now: datetime) -> None:
        self._gate = Gate()
        self._timeout_s = timeout_s
        self._now = now
        with suppress(GateRefused):
            self._gate.warm()

    def work(self, line: bytes) -> str:
        if not line.strip():
            return ""
        return deidentify_line(self._gate, line, timeout_s=self._timeout_s, now=self._now)


_workers: list[_Worker] = []  # the one of this process, where it is a process of a pool


def _start(timeout_s: float, now: datetime) -> None:
    _workers.append(_Worker(timeout_s, now))


def _work(line: bytes) -> str:
    return _workers[0].work(line)
