"""Looks everywhere for what led to a patient, and says place by place how often it is still there.

Tables are searched by the database itself, files byte by byte. The report holds counts and names of places, never what
was looked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import JSON, ColumnElement, LargeBinary, String, Table, Text, cast, func, or_, select

from cds_service.ledger.database import Database, Tx
from cds_service.ledger.tables import metadata
from cds_service.rights.cleaning import files_of
from cds_service.rights.needles import Needles
from cds_service.rights.scanning import MARK_BYTES, marks_in, words_in
from cds_service.settings import Settings

_FEW = 200
"""Most conditions and values of one query: databases bound them."""

_NAMED = "file whose name leads back"


@dataclass(frozen=True, kw_only=True)
class Look:
    """One place that was searched: a table (`size` in rows) or a file (`size` in bytes); `found`: hits."""

    place: str
    size: int
    found: int


def search_tables(tx: Tx, needles: Needles) -> tuple[Look, ...]:
    """Every table of the service: rows that hold a form of the patient id, a blind index, or a sealed value."""
    return tuple(
        Look(
            place=f"table {table.name}",
            size=tx.execute(select(func.count()).select_from(table)).scalar() or 0,
            found=_rows_with(tx, table, needles),
        )
        for table in metadata.sorted_tables
    )


def remaining(tx: Tx, subject: str) -> dict[str, int]:
    """Rows that still bear the random id, which leads to nobody any more, by table."""
    counts = {
        table.name: tx.execute(select(func.count()).where(table.c.subject == subject)).scalar() or 0
        for table in metadata.sorted_tables
        if "subject" in table.c
    }
    return {name: count for name, count in counts.items() if count}


def search_files(database: Database, settings: Settings, needles: Needles) -> tuple[Look, ...]:
    """Every file of the database, of the data folder and of the exports; the prepared model files are left out."""
    own = tuple(path.resolve() for path in files_of(database))
    words = [word.encode() for word in needles.words]
    looks = []
    for path in dict.fromkeys((*own, *_files(settings))):
        name = _name(path, settings)
        named = sum(word in name for word in needles.words)
        place = _NAMED if named else f"file {name}"
        try:
            hits = words_in(path, words) + (marks_in(path, needles.marks) if path in own else 0)
            looks.append(Look(place=place, size=path.stat().st_size, found=hits + named))
        except FileNotFoundError:  # gone meanwhile
            continue
        except OSError:  # who knows what is in it
            looks.append(Look(place=f"{place} (could not be read)", size=0, found=1))
    return tuple(looks)


def rows_in_exports(settings: Settings, needles: Needles) -> int:
    """Finished exports' files that still hold de-identified rows under a code that led to the patient."""
    codes = [code.encode() for code in needles.codes]
    return sum(words_in(path, codes) > 0 for path in _walk(settings.exports_dir)) if codes else 0


def _rows_with(tx: Tx, table: Table, needles: Needles) -> int:
    conditions: list[ColumnElement[bool]] = []
    for column in table.columns:
        if isinstance(column.type, LargeBinary):
            beginning = func.substr(column, 1, MARK_BYTES)
            conditions += [
                beginning.in_(needles.beginnings[at : at + _FEW]) for at in range(0, len(needles.beginnings), _FEW)
            ]
        elif isinstance(column.type, String | JSON):
            conditions += [cast(column, Text).contains(word, autoescape=True) for word in needles.words]
    counted = select(func.count()).select_from(table)
    portions = [conditions[at : at + _FEW] for at in range(0, len(conditions), _FEW)]
    return sum(tx.execute(counted.where(or_(*portion))).scalar() or 0 for portion in portions)


def _files(settings: Settings) -> Iterator[Path]:
    home, exports, models = (p.resolve() for p in (settings.data_dir, settings.exports_dir, settings.model_dir))
    yield from (path for path in _walk(home) if not path.is_relative_to(models))
    if not exports.is_relative_to(home):
        yield from _walk(exports)


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders.sort()
        yield from (path for name in sorted(names) if (path := Path(parent) / name).is_file())


def _name(path: Path, settings: Settings) -> str:
    home = settings.data_dir.resolve()
    return str(path.relative_to(home) if path.is_relative_to(home) else path.name)
