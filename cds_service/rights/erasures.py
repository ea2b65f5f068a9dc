"""Requests for erasure: asked by one person, carried out when a second one confirms, each step audited."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from cds_service.intake import rows as intake_rows
from cds_service.ledger.audit import AuditEvent, EventKind, Outcome, Scalar, append
from cds_service.ledger.database import Tx
from cds_service.ledger.encoding import new_id
from cds_service.ledger.tables import erasure as table
from cds_service.ledger.tables import review_case
from cds_service.review.states import ANSWER_AWAITED, Reviewing
from cds_service.rights.errors import NoSuchEntry, Refused
from cds_service.rights.holds import holds_of
from cds_service.rights.kept import newest_record
from cds_service.rights.values import Erasure, ErasureState

_FORM_LASTS = timedelta(hours=12)
_UNDECIDED = tuple(state.value for state in Reviewing if state.open)
_CALLED_FOR = tuple(state.value for state in ANSWER_AWAITED)


def check_may_be_erased(tx: Tx, subject: str, now: datetime, *, duty: timedelta) -> None:
    """Raises Refused under a hold, while records must be kept, or while somebody still waits for a clinician."""
    if holds_of(tx, subject):
        raise Refused("held", "A legal hold is on this patient: nothing is erased until it is released.")
    newest = newest_record(tx, subject)
    if duty and newest is not None and now < newest + duty:
        raise Refused("duty-to-keep", "The clinic must still keep this patient's records (CDS_ERASURE_AFTER_DAYS).")
    waiting = select(review_case.c.id).where(
        review_case.c.subject == subject,
        review_case.c.reviewing.in_(_UNDECIDED) | review_case.c.informing.in_(_CALLED_FOR),
        review_case.c.stage != "shadow",
    )
    if tx.execute(waiting.limit(1)).first() is not None:
        raise Refused("case-open", "A case of this patient still waits for a clinician: it is decided first.")
    if intake_rows.waiting_of(tx, subject, now - _FORM_LASTS) is not None:
        raise Refused("form-open", "An intake form of this patient is open: it is sent or taken back first.")


def ask(tx: Tx, subject: str, reason: str, *, actor: str, now: datetime) -> Erasure:
    """Write down a request. Raises Refused when one waits already."""
    if asked_of(tx, subject) is not None:
        raise Refused("asked-before", "An erasure of this patient was asked for and waits for a second person.")
    made = Erasure(
        id=new_id("erase"), subject=subject, state=ErasureState.ASKED, reason=reason, asked_by=actor, asked_at=now
    )
    row = {name: getattr(made, name) for name in table.c.keys()}  # noqa: SIM118 - a column collection, not a dict
    tx.execute(insert(table), row | {"state": made.state.value})
    note(tx, made, "asked", actor=actor, now=now)
    return made


def get(tx: Tx, erasure_id: str) -> Erasure:
    """One request. Raises NoSuchEntry."""
    found = _erasures(tx, table.c.id == erasure_id)
    if not found:
        raise NoSuchEntry("There is no such request for erasure.")
    return found[0]


def waiting(tx: Tx, erasure_id: str) -> Erasure:
    """A request that nobody has ended. Raises NoSuchEntry, Refused."""
    found = get(tx, erasure_id)
    if found.state is not ErasureState.ASKED:
        raise Refused("ended-before", "This erasure was carried out or withdrawn before.")
    return found


def asked_of(tx: Tx, subject: str) -> Erasure | None:
    """The request that waits for a second person."""
    found = _erasures(tx, table.c.subject == subject, table.c.state == ErasureState.ASKED.value)
    return found[0] if found else None


def all_erasures(tx: Tx, *, limit: int) -> tuple[Erasure, ...]:
    """The newest requests first."""
    return _erasures(tx, limit=limit)


def end(
    tx: Tx, asked: Erasure, to: ErasureState, *, actor: str, now: datetime, detail: Mapping[str, Scalar] | None = None
) -> None:
    """Close a request, carried out or withdrawn."""
    tx.execute(update(table).where(table.c.id == asked.id).values(state=to.value, ended_by=actor, ended_at=now))
    note(tx, asked, to.value, actor=actor, now=now, detail=detail)


def keep_report(tx: Tx, asked: Erasure, report: Mapping[str, Any], *, actor: str, now: datetime) -> None:
    """Keep the proof of an erasure."""
    tx.execute(update(table).where(table.c.id == asked.id).values(report=dict(report)))
    found = sum(look[2] for look in report["looks"])
    detail: dict[str, Scalar] = {
        "places": len(report["looks"]),
        "found": found,
        "cleaned": report["cleaned"],
    }
    outcome = Outcome.FAILED if found else Outcome.SUCCESS
    note(tx, asked, "proved", actor=actor, now=now, detail=detail, outcome=outcome)


def note(
    tx: Tx,
    asked: Erasure,
    act: str,
    *,
    actor: str,
    now: datetime,
    detail: Mapping[str, Scalar] | None = None,
    outcome: Outcome = Outcome.SUCCESS,
) -> None:
    """Audit what happened to a request."""
    told = {"erasure": asked.id, "act": act, "reason": asked.reason, **(detail or {})}
    event = AuditEvent(kind=EventKind.SHRED, actor=actor, subject=asked.subject, detail=told, outcome=outcome)
    append(tx, [event], now=now)


def _erasures(tx: Tx, *which: Any, limit: int | None = None) -> tuple[Erasure, ...]:
    rows = tx.execute(select(table).where(*which).order_by(table.c.asked_at.desc(), table.c.id).limit(limit))
    return tuple(Erasure(**{**row, "state": ErasureState(row["state"])}) for row in rows.mappings())
