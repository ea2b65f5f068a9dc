"""What is so right now: cases that wait, and for how long. Counts and seconds alone, read by small queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from cds_service.domain import Priority
from cds_service.ledger.database import Tx
from cds_service.ledger.tables import alert, review_case
from cds_service.review.states import ANSWER_AWAITED, Reviewing
from cds_service.review.values import SHADOW

LATE = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True)
class Live:
    """Waiting cases by priority; seconds since the oldest waits; critical cases no physician has answered; alerts.

    `late_criticals`: those of the critical cases that were opened more than `LATE` ago.
    """

    open: Mapping[Priority, int]
    oldest_s: float
    unanswered_criticals: int
    late_criticals: int
    alerts: int


def live(tx: Tx, now: datetime) -> Live:
    """As of `now`."""
    cases = review_case.c
    waiting = (cases.reviewing == Reviewing.AWAITING.value, cases.stage != SHADOW)
    counts = {
        row[0]: int(row[1])
        for row in tx.execute(select(cases.priority, func.count()).where(*waiting).group_by(cases.priority))
    }
    oldest = tx.execute(select(cases.waits_since).where(*waiting).order_by(cases.waits_since).limit(1)).scalar()
    called = [state.value for state in ANSWER_AWAITED]
    critical = select(func.count()).where(
        cases.informing.in_(called), cases.stage != SHADOW, cases.priority == Priority.CRITICAL.value
    )
    late = critical.where(cases.opened_at < now - LATE)
    return Live(
        open={priority: counts.get(priority.value, 0) for priority in Priority},
        oldest_s=max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
        unanswered_criticals=tx.execute(critical).scalar_one(),
        late_criticals=tx.execute(late).scalar_one(),
        alerts=tx.execute(select(func.count()).where(alert.c.cleared_at.is_(None))).scalar_one(),
    )
