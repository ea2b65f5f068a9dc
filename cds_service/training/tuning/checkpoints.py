"""Checkpoints that are whole or not there: written aside, sealed with the hash of each file, and renamed.

A folder without a seal, or whose files are not what the seal says, is a half-written checkpoint and is never resumed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

from cds_service.errors import BackendError
from cds_service.inference.checksum import sha256_of

ASIDE = ".part"
_SEAL = "whole.json"
_NAME = re.compile(r"step-(\d{6,})")


def seal(written: Path, step: int) -> Path:
    """Give the folder `written` its place among the checkpoints beside it. Raises OSError."""
    hashes = {path.name: sha256_of(path) for path in sorted(written.iterdir()) if path.is_file()}
    with (written / _SEAL).open("w", encoding="utf-8") as file:
        json.dump(hashes, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    target = written.parent.parent / f"step-{step:06d}"
    shutil.rmtree(target, ignore_errors=True)
    written.replace(target)
    return target


def is_whole(folder: Path) -> bool:
    """Whether every file is what the seal says."""
    try:
        hashes = json.loads((folder / _SEAL).read_text(encoding="utf-8"))
        return bool(hashes) and all(sha256_of(folder / name) == known for name, known in hashes.items())
    except (OSError, ValueError, AttributeError, BackendError):
        return False


def newest(folder: Path) -> tuple[Path | None, tuple[str, ...]]:
    """The newest whole checkpoint in `folder`, and the names of newer ones that are not whole."""
    skipped: list[str] = []
    for found in reversed(_sorted(folder)):
        if is_whole(found):
            return found, tuple(skipped)
        skipped.append(found.name)
    return None, tuple(skipped)


def prune(folder: Path, keep: int) -> None:
    """Delete all but the newest `keep` checkpoints."""
    for old in _sorted(folder)[:-keep]:
        shutil.rmtree(old, ignore_errors=True)


def step_of(checkpoint: Path) -> int:
    """The step after which a checkpoint was taken."""
    match = _NAME.fullmatch(checkpoint.name)
    return int(match[1]) if match else 0


def _sorted(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted((p for p in folder.iterdir() if _NAME.fullmatch(p.name)), key=step_of)
