"""Legal holds: placed and released, each with its audit event. What deletes asks `ledger.holds`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from cds_service.ledger.audit import AuditEvent, EventKind, append
from cds_service.ledger.database import Tx
from cds_service.ledger.encoding import new_id
from cds_service.ledger.tables import legal_hold as table
from cds_service.rights.errors import NoSuchEntry
from cds_service.rights.values import Hold


def place(tx: Tx, subject: str, reason: str, words: str | None, *, actor: str, now: datetime) -> Hold:
    """Put `subject` under a hold. Several may be in force at once."""
    hold = Hold(id=new_id("hold"), subject=subject, reason=reason, placed_by=actor, placed_at=now, words=words)
    tx.execute(insert(table), {name: getattr(hold, name) for name in table.c.keys()})  # noqa: SIM118 - columns
    _audit(tx, hold, "placed", actor, now)
    return hold


def release(tx: Tx, hold_id: str, *, actor: str, now: datetime) -> Hold:
    """End a hold. Raises NoSuchEntry."""
    found = _holds(tx, table.c.id == hold_id, table.c.released_at.is_(None))
    if not found:
        raise NoSuchEntry("There is no such hold, or it was released before.")
    tx.execute(update(table).where(table.c.id == hold_id).values(released_by=actor, released_at=now))
    _audit(tx, found[0], "released", actor, now)
    return found[0]


def holds_of(tx: Tx, subject: str) -> tuple[Hold, ...]:
    """The holds on one subject that were not released."""
    return _holds(tx, table.c.subject == subject, table.c.released_at.is_(None))


def all_holds(tx: Tx, *, released: bool = False) -> tuple[Hold, ...]:
    """The holds in force, the newest first; `released`: those too that were released."""
    return _holds(tx, *(() if released else (table.c.released_at.is_(None),)))


def _holds(tx: Tx, *which: Any) -> tuple[Hold, ...]:
    rows = tx.execute(select(table).where(*which).order_by(table.c.placed_at.desc(), table.c.id)).mappings()
    return tuple(Hold(**row) for row in rows)


def _audit(tx: Tx, hold: Hold, act: str, actor: str, now: datetime) -> None:
    detail = {"hold": hold.id, "act": act, "reason": hold.reason}
    append(tx, [AuditEvent(kind=EventKind.LEGAL_HOLD, actor=actor, subject=hold.subject, detail=detail)], now=now)
