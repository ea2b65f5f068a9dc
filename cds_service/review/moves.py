"""The one place where a case changes: it asks the dicts of `states`, and row, event and audit are one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from cds_service.accounts.roles import Member
from cds_service.domain import Priority
from cds_service.ledger.audit import AuditEvent, EventKind, append
from cds_service.ledger.database import Tx
from cds_service.ledger.tables import review_case, review_event
from cds_service.review.errors import Stale
from cds_service.review.rows import row_of
from cds_service.review.states import (
    NEXT_ASSESSING,
    NEXT_INFORMING,
    NEXT_REVIEWING,
    Assessing,
    Informing,
    Reviewing,
    Track,
)
from cds_service.review.values import ReviewCase

CHANGED = "The case changed while you looked at it. Look at what is new, then decide."
SERVICE = "service"
"""The role of what the service does by itself."""

NEW = "new"
"""Where a case comes from."""

State = Assessing | Reviewing | Informing | Priority

_NEXT: Mapping[Track, Mapping[Any, frozenset[Any]]] = {
    Track.ASSESSING: NEXT_ASSESSING,
    Track.REVIEWING: NEXT_REVIEWING,
    Track.INFORMING: NEXT_INFORMING,
}


@dataclass(frozen=True, kw_only=True)
class By:
    """Who does it: an actor of the audit, and the role."""

    actor: str
    role: str = SERVICE

    @classmethod
    def member(cls, member: Member) -> By:
        """A person who is signed in."""
        return cls(actor=member.actor, role=member.role.value)


@dataclass(frozen=True, kw_only=True)
class Move:
    """One step on one track, and why, as a code. `anew`: the track begins again, whatever stood there."""

    to: State
    why: str
    anew: bool = False


def may_follow(case: ReviewCase, move: Move) -> bool:
    """Whether the dicts allow `move`. The priority of a case only rises."""
    track, before = _stand(case, move.to)
    if isinstance(move.to, Priority):
        return move.to > case.priority
    return (move.anew and track is Track.ASSESSING) or move.to in _NEXT[track][before]


def apply(
    tx: Tx, case: ReviewCase, moves: Iterable[Move], *, by: By, now: datetime, counts: bool = False, **changes: Any
) -> ReviewCase:
    """Make `moves` and `changes` of fields, and return the case as it stands then.

    `counts`: a decision rests on it, so what was looked at before is stale. Times never go back within a case. Raises
    Stale when the dicts do not allow a move, or the row is no longer the one in hand.
    """
    at = max(now, case.changed_at)
    after, steps = case, []
    for move in moves:
        if not may_follow(after, move):
            raise Stale(CHANGED)
        track, before = _stand(after, move.to)
        steps.append((track, before, move))
        step: dict[str, Any] = {"priority" if track is Track.FLOOR else track.value: move.to}
        after = replace(after, **step)
    after = replace(after, **changes, version=case.version + counts, changed_at=at)
    found = update(review_case).where(
        review_case.c.id == case.id,
        review_case.c.version == case.version,
        review_case.c.assessing == case.assessing.value,
        review_case.c.reviewing == case.reviewing.value,
        review_case.c.informing == case.informing.value,
    )
    if tx.execute(found.values(row_of(after))).rowcount != 1:
        raise Stale(CHANGED)
    _note(tx, after, [(track, word(before), word(move.to), move.why) for track, before, move in steps], by, at)
    return after


def create(tx: Tx, case: ReviewCase, *, waits_since: datetime, why: str, by: By) -> None:
    """Put a new case into the table."""
    tx.execute(insert(review_case), row_of(case) | {"waits_since": waits_since})
    _note(tx, case, [(Track.REVIEWING, NEW, case.reviewing.value, why)], by, case.opened_at)


def word(state: State) -> str:
    """A state as events name it."""
    return state.label if isinstance(state, Priority) else state.value


def _stand(case: ReviewCase, to: State) -> tuple[Track, State]:
    """The track that `to` lies on, and where the case stands there."""
    if isinstance(to, Assessing):
        return Track.ASSESSING, case.assessing
    if isinstance(to, Reviewing):
        return Track.REVIEWING, case.reviewing
    if isinstance(to, Informing):
        return Track.INFORMING, case.informing
    return Track.FLOOR, case.priority


def _note(tx: Tx, case: ReviewCase, steps: Sequence[tuple[Track, str, str, str]], by: By, at: datetime) -> None:
    """The events of a change, or one audit event where only the chart is another."""
    last = tx.execute(select(func.max(review_event.c.seq)).where(review_event.c.case == case.id)).scalar() or 0
    rows = [{"track": track.value, "before": before, "after": after, "why": why} for track, before, after, why in steps]
    if rows:
        told = {"case": case.id, "at": at, "actor": by.actor, "role": by.role}
        tx.execute(insert(review_event), [told | {"seq": last + n} | row for n, row in enumerate(rows, start=1)])
    append(
        tx,
        [
            AuditEvent(
                kind=EventKind.REVIEW,
                actor=by.actor,
                subject=case.subject,
                detail={"case": case.id, "role": by.role, "version": case.version, **row},
            )
            for row in rows or [{"why": "newer-chart"}]
        ],
        now=at,
    )
