"""What of an import is finished: one line a patient, in the order of codes, so that a killed run goes on where it was.

The journal holds what leaves the gate and nothing else. A line that a crash cut off is dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_SYNC = 50


class Journal:
    """An open journal. `last`: the code of the last finished patient, empty for none; `finished`: how many."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.last, self.finished, size = "", 0, 0
        if path.exists():
            for entry, end in _entries(path):
                self.last, size = str(entry["code"]), end
                self.finished += 1
            os.truncate(path, size)
        descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        self._file = os.fdopen(descriptor, "ab")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, entry: Mapping[str, Any]) -> None:
        """Note a finished patient, by ``code``. Every `_SYNC` of them are on the disk for certain."""
        self._file.write(json.dumps(dict(entry), separators=(",", ":")).encode() + b"\n")
        self.last = str(entry["code"])
        self.finished += 1
        self._file.flush()
        if self.finished % _SYNC == 0:
            os.fsync(self._file.fileno())

    def entries(self) -> Iterator[dict[str, Any]]:
        """Every finished patient, in order."""
        return (entry for entry, _ in _entries(self._path))


def _entries(path: Path) -> Iterator[tuple[dict[str, Any], int]]:
    """Each whole entry and where it ends; nothing after the first that is not whole."""
    end = 0
    with path.open("rb") as file:
        for line in file:
            end += len(line)
            if not line.endswith(b"\n"):
                return
            try:
                entry = json.loads(line)
            except ValueError:
                return
            yield entry, end
