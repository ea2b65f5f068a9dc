"""Finished records on disk, so that an interrupted measurement goes on where it stopped.

One file of JSON lines for each model, named by a hash of everything that decides its output; a line is the hash of a
task and the figures of its record. A line that was cut off by the interruption, or damaged, costs itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cds_service.errors import CdsError


class KeepUnusable(CdsError):
    """The folder of kept records cannot be written."""


class Keep:
    """The records of one model in `folder`, by task; without a folder they last as long as this object."""

    def __init__(self, folder: Path | None = None, *decides: str) -> None:
        """`decides`: what a record depends on beside its task. Raises KeepUnusable."""
        self._kept: dict[str, Mapping[str, Any]] = {}
        self._file: Path | None = None
        if folder is None:
            return
        name = hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:16]
        self._file = folder / f"{name}.jsonl"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            text = self._file.read_text("utf-8", errors="replace") if self._file.exists() else ""
            if text and not text.endswith("\n"):
                self._append("\n")
        except OSError:
            raise KeepUnusable("The folder of kept records cannot be used: check its rights and space.") from None
        for line in text.splitlines():
            self._read(line)

    def get(self, task: str) -> Mapping[str, Any] | None:
        """The record of a task, None where there is none."""
        return self._kept.get(task)

    def put(self, task: str, record: Mapping[str, Any]) -> None:
        """Keep a record. Raises KeepUnusable."""
        self._kept[task] = record
        if self._file is not None:
            try:
                self._append(json.dumps({"task": task, "record": record}) + "\n")
            except OSError:
                raise KeepUnusable("A record could not be kept: check rights and space of the folder.") from None

    def _read(self, line: str) -> None:
        try:
            entry = json.loads(line)
            self._kept[entry["task"]] = entry["record"]
        except (ValueError, TypeError, KeyError):
            return

    def _append(self, text: str) -> None:
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as out:
                out.write(text)
