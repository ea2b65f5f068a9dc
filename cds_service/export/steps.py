"""The one place where an order changes: it asks the dict of `states`, and row, event and audit are one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from cds_service.export.errors import Stale
from cds_service.export.ordered import Ordered, row_of
from cds_service.export.states import NEW, NEXT, State
from cds_service.ledger.audit import AuditEvent, EventKind, Outcome, Scalar, append
from cds_service.ledger.database import Tx
from cds_service.ledger.tables import export_event
from cds_service.ledger.tables import export_order as table

CHANGED = "The export is not as you saw it any more. Look at it again, then decide."
_UNAPPROVED = {"approved_by": None, "approved_at": None, "declared": None}
_BAD = {State.FAILED: Outcome.FAILED, State.STOPPED: Outcome.FAILED, State.REFUSED: Outcome.REFUSED}


def create(tx: Tx, ordered: Ordered, *, actor: str) -> None:
    """Put a new order into the table."""
    tx.execute(insert(table), row_of(ordered))
    detail = {"profile": ordered.profile.value, "purpose": ordered.purpose.value, "words": ordered.words}
    _note(tx, ordered, NEW, "ordered", actor, ordered.ordered_at, detail=detail)


def move(
    tx: Tx,
    ordered: Ordered,
    to: State,
    *,
    why: str,
    actor: str,
    now: datetime,
    kind: EventKind = EventKind.EXPORT,
    detail: Mapping[str, Scalar] | None = None,
    **changes: Any,
) -> Ordered:
    """Make one step with `changes` of fields, and return the order as it stands then.

    Times never go back within an order, and what sends it back for a preview takes its approval away. Raises Stale
    when the dict does not allow the step, or the row is no longer the one in hand.
    """
    if to not in NEXT[ordered.state]:
        raise Stale(CHANGED)
    at = max(now, ordered.changed_at)
    if to is State.PREVIEWING:
        changes = {**_UNAPPROVED, "preview": None, "digest": None, "cases": None, **changes}
    fresh = {"reason": why, "stage": "", "share": 0.0, "attempts": 0}
    after = _write(tx, ordered, state=to, changed_at=at, **(fresh | changes))
    _note(tx, after, ordered.state.value, why, actor, at, kind=kind, detail=detail or {})
    return after


def note(tx: Tx, ordered: Ordered, why: str, *, actor: str, now: datetime, **changes: Any) -> Ordered:
    """Note what happened to an order that stays in its state, with `changes` of fields."""
    after = _write(tx, ordered, **changes)
    _note(tx, after, ordered.state.value, why, actor, max(now, ordered.changed_at))
    return after


def _write(tx: Tx, ordered: Ordered, **changes: Any) -> Ordered:
    after = replace(ordered, **changes, version=ordered.version + 1)
    found = update(table).where(table.c.id == ordered.id, table.c.version == ordered.version)
    if tx.execute(found.values(row_of(after))).rowcount != 1:
        raise Stale(CHANGED)
    return after


def _note(
    tx: Tx,
    ordered: Ordered,
    before: str,
    why: str,
    actor: str,
    at: datetime,
    *,
    kind: EventKind = EventKind.EXPORT,
    detail: Mapping[str, Scalar] | None = None,
) -> None:
    last = tx.execute(select(func.max(export_event.c.seq)).where(export_event.c.order == ordered.id)).scalar() or 0
    step = {"before": before, "after": ordered.state.value, "why": why}
    tx.execute(insert(export_event), {"order": ordered.id, "seq": last + 1, "at": at, "actor": actor, **step})
    event = AuditEvent(
        kind=kind,
        actor=actor,
        outcome=_BAD.get(ordered.state, Outcome.SUCCESS),
        detail={"export": ordered.id, "version": ordered.version, **step, **(detail or {})},
    )
    append(tx, [event], now=at)
