"""What is kept, by kind: how many, how old, and when it expires. Counts and times only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, func, select

from cds_service.ledger.database import Tx
from cds_service.ledger.tables import answer, intake, job, review_case, vault_export, vault_item
from cds_service.rights.values import Kept

_TIMED: tuple[tuple[str, Table, Column[Any]], ...] = (
    ("answers", answer, answer.c.created_at),
    ("cases", review_case, review_case.c.opened_at),
    ("intake forms", intake, intake.c.started_at),
    ("export links", vault_export, vault_export.c.created_at),
)


def kept(tx: Tx, subject: str | None = None) -> tuple[Kept, ...]:
    """What is kept of `subject`, or of everybody."""
    items = [
        Kept(
            kind=f"sealed {row.kind}",
            count=row.n,
            oldest=row.oldest,
            newest=row.newest,
            first_expires=row.first,
            last_expires=row.last,
        )
        for row in tx.execute(
            select(
                vault_item.c.kind,
                func.count().label("n"),
                func.min(vault_item.c.created_at).label("oldest"),
                func.max(vault_item.c.created_at).label("newest"),
                func.min(vault_item.c.expires_at).label("first"),
                func.max(vault_item.c.expires_at).label("last"),
            )
            .where(*_of(vault_item, subject))
            .group_by(vault_item.c.kind)
            .order_by(vault_item.c.kind)
        )
    ]
    others = [_timed(tx, name, column, _of(table, subject)) for name, table, column in _TIMED]
    if subject is None:
        others.append(_timed(tx, "jobs", job.c.queued_at, ()))
    return tuple(one for one in (*items, *others) if one.count)


def newest_record(tx: Tx, subject: str) -> datetime | None:
    """When the last record of `subject` was made or changed: an answer, a decision, a form."""
    changed = (
        select(func.max(answer.c.created_at)).where(answer.c.subject == subject),
        select(func.max(review_case.c.changed_at)).where(review_case.c.subject == subject),
        select(func.max(intake.c.started_at)).where(intake.c.subject == subject),
    )
    times = [tx.execute(newest).scalar() for newest in changed]
    return max((time for time in times if time is not None), default=None)


def _of(table: Table, subject: str | None) -> tuple[ColumnElement[bool], ...]:
    return () if subject is None else (table.c.subject == subject,)


def _timed(tx: Tx, kind: str, column: Column[Any], which: tuple[ColumnElement[bool], ...]) -> Kept:
    row = tx.execute(
        select(func.count().label("n"), func.min(column).label("oldest"), func.max(column).label("newest")).where(
            *which
        )
    ).one()
    return Kept(kind=kind, count=row.n, oldest=row.oldest, newest=row.newest)
