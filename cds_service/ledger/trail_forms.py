"""The audit trail as text, line by line: JSON and FHIR as NDJSON, and CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from cds_service.ledger.encoding import canonical_json
from cds_service.ledger.trail import Record

AsFhir = Callable[[Mapping[str, Any]], dict[str, Any]]
"""Makes a FHIR resource of the fields of a record."""

COLUMNS = ("seq", "time", "kind", "actor", "outcome", "subject", "detail", "previous", "hash")

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Form(StrEnum):
    """How events are written."""

    FHIR = "fhir"
    CSV = "csv"
    JSON = "json"

    @property
    def media_type(self) -> str:
        """For HTTP."""
        return {
            Form.FHIR: "application/fhir+ndjson",
            Form.CSV: "text/csv; charset=utf-8",
            Form.JSON: "application/x-ndjson",
        }[self]

    @property
    def suffix(self) -> str:
        """Of file names."""
        return "csv" if self is Form.CSV else "ndjson"


def lines(records: Iterable[Record], form: Form, as_fhir: AsFhir) -> Iterator[str]:
    """One line an event, with its end; CSV has a line of names before them."""
    if form is Form.CSV:
        yield _row(COLUMNS)
        yield from (_row([_cell(record, name) for name in COLUMNS]) for record in records)
        return
    for record in records:
        fields = record.as_json()
        yield canonical_json(as_fhir(fields) if form is Form.FHIR else fields) + "\n"


def _row(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()


def _cell(record: Record, name: str) -> str:
    """A value that no spreadsheet takes for a formula."""
    value = record.as_json()[name]
    text = "" if value is None else canonical_json(value) if name == "detail" else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
