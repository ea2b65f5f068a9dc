"""Which cases still wait for a physician's answer: one rule.

A physician's acknowledgement ends it, and so does a decision that leaves nothing urgent. A nurse who confirms that a
case is Critical does not end it: that is when the physician is needed most.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_, select

from cds_service.domain import Priority
from cds_service.ledger.database import Tx
from cds_service.ledger.tables import review_case
from cds_service.review.states import ANSWER_AWAITED, Reviewing
from cds_service.review.values import SHADOW


def waits() -> ColumnElement[bool]:
    """The condition on `review_case`."""
    decided = review_case.c.decided_priority
    return and_(
        review_case.c.informing.in_([state.value for state in ANSWER_AWAITED]),
        review_case.c.stage != SHADOW,
        review_case.c.reviewing != Reviewing.DISMISSED.value,
        or_(decided.is_(None), decided >= int(Priority.HIGH)),
    )


def waits_in(tx: Tx, case_id: str) -> bool:
    """Whether that case does."""
    return tx.execute(select(review_case.c.id).where(review_case.c.id == case_id, waits())).scalar() is not None
