"""Cases to and from the table."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, select

from cds_service.domain import Priority
from cds_service.ledger.database import Tx
from cds_service.ledger.tables import review_case
from cds_service.review.errors import NoSuchCase
from cds_service.review.states import Assessing, Informing, Reviewing
from cds_service.review.values import SHADOW, ReviewCase

_FIELDS = tuple(f.name for f in fields(ReviewCase))
_COLUMNS = [review_case.c[name] for name in _FIELDS]


def cases() -> Select[*tuple[Any, ...]]:
    """A question for cases, to be narrowed."""
    return select(*_COLUMNS)


def shown() -> ColumnElement[bool]:
    """The cases that people see."""
    return review_case.c.stage != SHADOW


def still_open() -> ColumnElement[bool]:
    """The cases that a further answer of the patient joins."""
    return review_case.c.reviewing.in_([state.value for state in Reviewing if state.open])


def case_by_id(tx: Tx, case_id: str) -> ReviewCase:
    """The case that people see under that id. Raises NoSuchCase."""
    row = tx.execute(cases().where(review_case.c.id == case_id, shown())).mappings().one_or_none()
    if row is None:
        raise NoSuchCase
    return case_of(row)


def case_of(row: RowMapping) -> ReviewCase:
    """The case of a row."""
    values = {name: row[name] for name in _FIELDS}
    for name in ("floor", "priority", "model_priority", "decided_priority"):
        values[name] = None if values[name] is None else Priority(values[name])
    return ReviewCase(
        **values
        | {
            "assessing": Assessing(row["assessing"]),
            "reviewing": Reviewing(row["reviewing"]),
            "informing": Informing(row["informing"]),
            "topics": tuple(row["topics"]),
            "states": tuple(row["states"]),
        }
    )


def row_of(case: ReviewCase) -> dict[str, Any]:
    """The row of a case, but for `waits_since`, which is written once."""
    row = {name: getattr(case, name) for name in _FIELDS}
    for name in ("floor", "priority", "model_priority", "decided_priority"):
        row[name] = None if row[name] is None else int(row[name])
    for name in ("assessing", "reviewing", "informing"):
        row[name] = row[name].value
    return row | {"topics": list(case.topics), "states": list(case.states)}
