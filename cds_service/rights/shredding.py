"""The deletion of one subject, in the caller's transaction: what goes, what is emptied, what stays as opaque rows.

What stays says that something happened at a time under a random id that leads to nobody: answers, cards, cases and
their steps without content, so that past counts keep adding up, and the audit chain, which nothing may change
(docs/decisions/0025-erasure.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Table, delete, null, or_, select, update

from cds_service.ledger.database import Tx
from cds_service.ledger.tables import (
    answer,
    card,
    feedback,
    intake,
    job,
    legal_hold,
    notification,
    opt_out,
    review_case,
    review_record,
)
from cds_service.ledger.vault import Vault

_EMPTIED_ANSWER: Mapping[str, Any] = {
    "subject": None,
    "hook_instance": None,
    "user_key": None,
    "snapshot": None,
    "job": None,
    "reasons": [],
    "findings": [],
    "shadowed": [],
    "passages": [],
    "assessment": null(),
    "not_evaluated": [],
}
"""The texts go though they are de-identified: they are of this patient, and a story can tell who somebody is.

The random id goes as well, so that the answers of one person are not known to be of one.
"""

_EMPTIED_CASE: Mapping[str, Any] = {"job": None, "topics": [], "states": [], "data_at": None, "location": None}


def secure(tx: Tx) -> None:
    """Have SQLite overwrite with zeros what this connection deletes. It must run before the first deletion."""
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql("PRAGMA secure_delete=ON")


def erase(tx: Tx, vault: Vault, subject: str, *, now: datetime, actor: str) -> tuple[dict[str, int], dict[str, int]]:
    """Delete and empty everything of `subject`; returns how many rows of each table were deleted, and emptied."""
    answers = select(answer.c.id).where(answer.c.subject == subject)
    cases = select(review_case.c.id).where(review_case.c.subject == subject)
    deleted = {
        "job": _delete_jobs(tx, subject),
        "intake": tx.execute(delete(intake).where(intake.c.subject == subject)).rowcount,
        "opt_out": tx.execute(delete(opt_out).where(opt_out.c.subject == subject)).rowcount,
        "legal_hold": tx.execute(delete(legal_hold).where(legal_hold.c.subject == subject)).rowcount,
    }
    emptied = {
        "feedback": _empty(
            tx, feedback, feedback.c.card, select(card.c.uuid).where(card.c.answer.in_(answers)),
            {"comment": None, "suggestions": []},
        ),
        "card": _empty(tx, card, card.c.answer, answers, {"suggestions": [], "evidence": [], "states": []}),
        "review_record": _empty(tx, review_record, review_record.c.case, cases, {"confidence": None}),
        "notification": _empty(tx, notification, notification.c.case, cases, {"topics": []}),
        "review_case": tx.execute(
            update(review_case).where(review_case.c.subject == subject).values(**_EMPTIED_CASE)
        ).rowcount,
        "answer": tx.execute(update(answer).where(answer.c.subject == subject).values(**_EMPTIED_ANSWER)).rowcount,
    }  # fmt: skip
    vault.forget_subject(tx, subject, now=now, actor=actor)
    return deleted, emptied


def _delete_jobs(tx: Tx, subject: str) -> int:
    """Jobs hold the de-identified chart and the draft: those of the subject's answers and cases, or that name it.

    A worker that holds one finds its lease lost, and drops what it made.
    """
    of_answers = select(answer.c.job).where(answer.c.subject == subject, answer.c.job.is_not(None))
    of_cases = select(review_case.c.job).where(review_case.c.subject == subject, review_case.c.job.is_not(None))
    named = job.c.payload.contains(subject, autoescape=True)
    return tx.execute(delete(job).where(or_(job.c.id.in_(of_answers), job.c.id.in_(of_cases), named))).rowcount


def _empty(tx: Tx, table: Table, key: Any, which: Select[Any], values: Mapping[str, Any]) -> int:
    return tx.execute(update(table).where(key.in_(which)).values(**values)).rowcount
