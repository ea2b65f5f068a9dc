"""The folder in which an import works: beside its output, its owner's alone, one process at a time, gone at the end."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from cds_service.importing.errors import ImportRefused
from cds_service.ledger.encoding import new_id
from cds_service.whole_file import whole_file

SCRATCH, CODES, JOURNAL, READY = "scratch.sqlite3", "codes", "journal.jsonl", "ready"
_STATE, _LOCK = "state.json", "lock"


class Work:
    """One import under way. `id`: opaque, the same after a resume; `begun`: when it was asked for first."""

    def __init__(self, folder: Path, *, import_id: str, begun: datetime, resumed: bool) -> None:
        self.folder = folder
        self.id = import_id
        self.begun = begun
        self.resumed = resumed

    def path(self, name: str) -> Path:
        """A file of the work."""
        return self.folder / name

    def keep(self, name: str, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """Keep `value` under `name`, or what a run before kept there."""
        path = self.path(f"{name}.json")
        if path.exists():
            kept: dict[str, Any] = json.loads(path.read_text("utf-8"))
            return kept
        _write(path, value)
        return value


@contextmanager
def working(out: Path, asked: Mapping[str, Any], *, resume: bool, now: datetime) -> Iterator[Work]:
    """The work on the output folder `out`. `asked`: what the bytes depend on, the same in a resumed run.

    The scratch is deleted whatever happens. Raises ImportRefused.
    """
    if not out.name:
        raise ImportRefused("the output needs a folder with a name of its own")
    folder = out.with_name(f".{out.name}.importing")
    if not resume and out.exists() and any(out.iterdir()):
        raise ImportRefused("the output folder holds something: choose another one")
    if not resume and folder.exists() and (folder / _STATE).exists():
        raise ImportRefused("an import into this folder was begun and not finished: --resume goes on with it")
    if resume and (out / "import.json").exists():
        shutil.rmtree(folder, ignore_errors=True)  # killed between the last two steps: the folder has its name
        raise ImportRefused("the import into this folder is finished")
    if resume and not (folder / _STATE).exists():
        raise ImportRefused("there is no import into this folder to go on with")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ImportRefused("another process imports into this folder") from None
        work = _taken_up(folder, asked) if resume else _begun(folder, asked, now)
        try:
            yield work
        finally:
            with suppress(OSError):
                work.path(SCRATCH).unlink(missing_ok=True)


def _begun(folder: Path, asked: Mapping[str, Any], now: datetime) -> Work:
    import_id = new_id("imp")
    _write(folder / _STATE, {"id": import_id, "begun": now.isoformat(), "asked": dict(asked)})
    return Work(folder, import_id=import_id, begun=now, resumed=False)


def _taken_up(folder: Path, asked: Mapping[str, Any]) -> Work:
    try:
        state = json.loads((folder / _STATE).read_text("utf-8"))
        begun = datetime.fromisoformat(state["begun"])
    except (OSError, ValueError, KeyError):
        raise ImportRefused("what was begun cannot be read: delete its folder and begin again") from None
    if state["asked"] != json.loads(json.dumps(dict(asked))):
        raise ImportRefused("files, options, policy or version are not those with which the import was begun")
    return Work(folder, import_id=state["id"], begun=begun, resumed=True)


def publish(work: Work, out: Path) -> None:
    """Give the finished folder its name, all at once, and delete the work."""
    ready = work.path(READY)
    _sync(ready)
    with suppress(FileNotFoundError):
        out.rmdir()
    ready.replace(out)
    _sync(out.parent)
    shutil.rmtree(work.folder, ignore_errors=True)


def _write(path: Path, value: Mapping[str, Any]) -> None:
    with whole_file(path) as file:
        json.dump(value, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
