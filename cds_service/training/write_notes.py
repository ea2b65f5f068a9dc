"""Writes generated notes to a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from cds_service.training.notes import Family, Kind, generate

Show = Callable[[str, float], None]


def write_notes(out: Path, *, family: Family, kind: Kind, count: int, seed: int, show: Show) -> None:
    """Write `count` notes to `out`, one JSON object a line; `out` appears whole or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=out.parent, prefix=out.name, suffix=".part")
    aside = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            notes = generate(count, seed=seed, family=family, kind=kind)
            for done, note in enumerate(notes, 1):
                file.write(note.to_json() + "\n")
                show("Write notes", done / count)
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)
