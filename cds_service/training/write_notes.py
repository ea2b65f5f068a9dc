"""Writes generated notes to a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cds_service.training.notes import Family, Kind, generate
from cds_service.whole_file import whole_file

Show = Callable[[str, float], None]


def write_notes(out: Path, *, family: Family, kind: Kind, count: int, seed: int, show: Show) -> None:
    """Write `count` notes to `out`, one JSON object a line; `out` appears whole or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(out) as file:
        for done, note in enumerate(generate(count, seed=seed, family=family, kind=kind), 1):
            file.write(note.to_json() + "\n")
            show("Write notes", done / count)
