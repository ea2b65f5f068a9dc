"""Cases that wait for a draft which will not come: its job was shed or failed, was purged, or waits since long ago.

One that asks for nobody yet outlasts a long wait: only with it does a late draft find its way to a nurse.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from cds_service.ledger.database import Database
from cds_service.ledger.tables import job, review_case
from cds_service.review.arrivals import drafted
from cds_service.review.rows import case_by_id, still_open
from cds_service.review.states import Assessing, Reviewing

PATIENCE = timedelta(hours=1)
"""A draft that comes later than that is still taken; until then the case says that there is none."""

AT_ONCE = 200
_OVER = ("shed", "failed")


def settle(database: Database, now: datetime) -> int:
    """Let such cases say that no assessment is there; returns how many. Raises StoreError."""
    late = and_(review_case.c.reviewing == Reviewing.AWAITING.value, job.c.queued_at < now - PATIENCE)
    found = (
        select(review_case.c.id)
        .outerjoin(job, job.c.id == review_case.c.job)
        .where(review_case.c.assessing == Assessing.PENDING.value, still_open())
        .where(or_(job.c.id.is_(None), job.c.state.in_(_OVER), late))
        .limit(AT_ONCE)
    )
    with database.transaction(write=False) as tx:
        waiting = tx.execute(found).scalars().all()
    for case_id in waiting:
        with database.transaction() as tx:
            drafted(tx, case_by_id(tx, case_id), Assessing.UNAVAILABLE, None, now)
    return len(waiting)
