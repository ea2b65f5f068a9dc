"""What an export that is under way has finished: one line a case, so that a killed one goes on where it was.

It lies in the hidden folder beside the target, holds de-identified cases alone, and goes when the export is whole.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cds_service import codec
from cds_service.errors import CdsError
from cds_service.export.completion import Taught
from cds_service.export.folder import flush, write_file
from cds_service.export.prepared import Prepared

_CASES, _HEAD, _LOCK = "cases.jsonl", "begun.json", "lock"


@dataclass(frozen=True, kw_only=True)
class Done:
    """A case that is finished: past the gate (`prepared`, with its `note` once that was judged), or left out."""

    case: str
    prepared: Prepared | None = None
    note: Taught | None = None
    reason: str | None = None


class Journal:
    """The work folder of one export."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begun(self, order: str, versions: Mapping[str, str], now: datetime) -> datetime:
        """When this export was begun: `now` where it is new, or `versions` are others than it was begun with.

        Cases that other versions made are dropped; the approval counts as one. Raises CdsError for the folder of
        another order.
        """
        head = self.folder / _HEAD
        if head.exists():
            said = json.loads(head.read_text())
            if said["order"] != order:
                raise CdsError("the work folder belongs to another export: choose another folder")
            if said["versions"] == versions:
                return datetime.fromisoformat(said["begun"])
        (self.folder / _CASES).unlink(missing_ok=True)
        whole = head.with_name(f"{_HEAD}.new")
        write_file(whole, codec.encode({"order": order, "versions": versions, "begun": now}).encode())
        whole.replace(head)
        flush(self.folder)
        return now

    def read(self) -> dict[str, Done]:
        """What is finished, by case. A line that was cut off, or is no such line any more, is dropped."""
        path = self.folder / _CASES
        content = path.read_bytes() if path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            with path.open("r+b") as file:
                file.truncate(len(whole))
        done: dict[str, Done] = {}
        for line in whole.splitlines():
            with suppress(ValueError):
                one = codec.decode(Done, line.decode())
                done[one.case] = one
        return done

    def add(self, done: Done) -> None:
        """Note a finished case; it is on the disk when this returns."""
        with (self.folder / _CASES).open("ab") as file:
            file.write(codec.encode(done).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """For one process at a time. Raises CdsError when another has it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / _LOCK).open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise CdsError("another process is writing this export") from None
            yield

    def empty(self) -> None:
        """Take away what only the work needed."""
        for name in (_CASES, _HEAD, _LOCK):
            (self.folder / name).unlink(missing_ok=True)
