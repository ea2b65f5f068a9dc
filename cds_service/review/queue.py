"""The queue: which cases wait, which are decided, one page at a time."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, func, select

from cds_service.domain import Priority
from cds_service.ledger.database import Tx
from cds_service.ledger.tables import review_case
from cds_service.review.rows import case_of, cases, shown
from cds_service.review.states import DECIDED, Reviewing
from cds_service.review.values import QueuePage

Show = Literal["waiting", "decided", "all"]

MAX_PER_PAGE = 200

_STATES: dict[Show, tuple[Reviewing, ...]] = {
    "waiting": (Reviewing.AWAITING,),
    "decided": tuple(sorted(DECIDED)),
    "all": (Reviewing.AWAITING, *sorted(DECIDED)),
}
"""A case that nobody needs to look at (opened, lapsed) is in none of them."""

_ORDER: dict[Show, tuple[ColumnElement[Any], ...]] = {
    "waiting": (review_case.c.priority.desc(), review_case.c.waits_since, review_case.c.id),
    "decided": (review_case.c.decided_at.desc(), review_case.c.id),
    "all": (review_case.c.opened_at.desc(), review_case.c.id),
}
"""Waiting: the gravest first, of those the oldest data first. Else the newest first."""


def queue_page(tx: Tx, *, show: Show, page: int, per_page: int, at: datetime) -> QueuePage:
    """Page number `page` (from 1; one beyond the last is empty) of at most `per_page` cases."""
    page, per_page = max(1, page), min(max(1, per_page), MAX_PER_PAGE)
    listed = (review_case.c.reviewing.in_([state.value for state in _STATES[show]]), shown())
    found = cases().where(*listed).order_by(*_ORDER[show]).limit(per_page).offset((page - 1) * per_page)
    counted = select(review_case.c.priority, func.count()).where(*listed).group_by(review_case.c.priority)
    counts = dict.fromkeys(sorted(Priority, reverse=True), 0)
    counts |= {Priority(priority): count for priority, count in tx.execute(counted)}
    return QueuePage(
        cases=tuple(case_of(row) for row in tx.execute(found).mappings()),
        total=sum(counts.values()),
        counts=counts,
        page=page,
        per_page=per_page,
        at=at,
    )
