"""Many records past the gate: JSON lines in, JSON lines out, in step, on any engine.

A line that is withheld costs only itself. The output is written aside and renamed when it is whole.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from anonymization.errors import GateRefused
from anonymization.gate import Gate
from cds_service.deidentification import TIMEOUT_S, deidentify_line
from cds_service.engines.engine import Engine
from cds_service.engines.processes import Processes
from cds_service.errors import CdsError
from cds_service.whole_file import whole_file

ONE_PROCESS = Processes()


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
    engine: Engine = ONE_PROCESS,
    timeout_s: float = TIMEOUT_S,
    now: datetime,
    show: Callable[[float], None] = lambda _: None,
) -> Tally:
    """De-identify the JSON lines of `source` into `target`; `show` hears the share that is done.

    Raises CdsError when a file cannot be read or written, or a worker dies; `target` is then as it was.
    """
    if target.exists() and target.samefile(source):
        raise CdsError("the output must be another file than the input")
    tally = Tally()
    begun = time.monotonic()
    try:
        with source.open("rb") as lines, whole_file(target, encoding="ascii") as out:
            size = max(1, os.fstat(lines.fileno()).st_size)
            for written in deidentify_records(lines, engine=engine, timeout_s=timeout_s, now=now):
                out.write(written + "\n")
                tally.count(written)
                show(min(1.0, lines.tell() / size))
    except OSError as error:
        raise CdsError(f"a file cannot be read or written: {os.strerror(error.errno or 0)}") from None
    tally.seconds = time.monotonic() - begun
    show(1.0)
    return tally


def deidentify_records(
    lines: Iterable[bytes], *, engine: Engine = ONE_PROCESS, timeout_s: float = TIMEOUT_S, now: datetime
) -> Iterator[str]:
    """For each of `lines`, in order, what `deidentify_line` gives; nothing for a blank one.

    Raises CdsError when a worker dies.
    """
    return engine.run(partial(_work, timeout_s, now), lines)


def _work(timeout_s: float, now: datetime) -> Callable[[bytes], str]:
    """The work on one line, on a gate of its own. A gate that cannot be loaded says so on every line."""
    gate = Gate()
    with suppress(GateRefused):
        gate.warm()

    def work(line: bytes) -> str:
        return deidentify_line(gate, line, timeout_s=timeout_s, now=now) if line.strip() else ""

    return work
