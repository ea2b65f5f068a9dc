"""Legal holds as everything that deletes has to ask them: what is of a held subject stays."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, or_, select

from cds_service.ledger.database import Tx
from cds_service.ledger.tables import answer, legal_hold


def held_in(tx: Tx) -> frozenset[str]:
    """The subjects under at least one hold that was not released."""
    return frozenset(tx.execute(select(legal_hold.c.subject).where(legal_hold.c.released_at.is_(None))).scalars())


def not_held(subject: ColumnElement[Any]) -> ColumnElement[bool]:
    """For the condition of a DELETE: the row of this column of subjects belongs to nobody who is held."""
    held = select(legal_hold.c.subject).where(legal_hold.c.released_at.is_(None))
    return or_(subject.is_(None), subject.not_in(held))


def no_job_of_a_held(job_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """As `not_held`, for the id of a job, which names no subject by itself: the answers do."""
    held = select(legal_hold.c.subject).where(legal_hold.c.released_at.is_(None))
    return job_id.not_in(select(answer.c.job).where(answer.c.subject.in_(held), answer.c.job.is_not(None)))
