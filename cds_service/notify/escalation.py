"""Nobody answered in time: one level further up, step by step, until somebody does or the last level has been told.

Due times are stored, so a restart changes nothing. A clock that is set back never takes back what was told, and waits
no longer than the patience of a level; one that jumps ahead makes one step, since each level is told from the new now.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, Select, and_, or_, select, update

from cds_service.domain import Priority
from cds_service.errors import StoreError
from cds_service.ledger.audit import AuditEvent, EventKind, Outcome, Scalar, append
from cds_service.ledger.database import Database, Tx
from cds_service.ledger.tables import notification, review_case
from cds_service.notify.deliveries import CLOCK_SLACK
from cds_service.notify.outbox import ACTOR, Outbox, end
from cds_service.notify.values import LAST_LEVEL, Ending
from cds_service.notify.waiting import waits, waits_in
from cds_service.review.moves import By, Move, apply
from cds_service.review.rows import case_by_id
from cds_service.review.states import Informing

log = structlog.get_logger()

CLOCK = "clock-set-back"
REFUSALS = 3
"""After so many refusals in a row it is the database, and not the case."""

AT_ONCE = 200
"""Most cases that one look takes; the next look comes a second later."""


class Escalation:
    """Looks for cases that are due for a first message or for the next level."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox

    def look(self, now: datetime) -> int:
        """Tell what is due, the gravest first, each in a transaction of its own; return how many were due.

        One that cannot be told is logged and holds up no other. Raises StoreError when the database refuses them all.
        """
        at = notification.c.escalate_at
        overdue = select(notification.c.id).where(self._due(now)).order_by(notification.c.priority.desc(), at)
        with self._database.transaction(write=False) as tx:
            untold = tx.execute(_untold().limit(AT_ONCE)).scalars().all()
            due = tx.execute(overdue.limit(AT_ONCE)).scalars().all()
        acts = [*((self._tell, id_) for id_ in untold), *((self._step, id_) for id_ in due)]
        self._each(acts, now)
        return len(acts)

    def _each(self, acts: Sequence[tuple[Callable[[Tx, str, datetime], None], str]], now: datetime) -> None:
        refused = 0
        for act, id_ in acts:
            try:
                with self._database.transaction() as tx:
                    act(tx, id_, now)
                refused = 0
            except Exception as error:  # the next look sees it as it is then
                log.error("escalation-put-off", id=id_, error=type(error).__name__)
                refused += isinstance(error, StoreError)
                if refused == REFUSALS:
                    raise

    def _due(self, now: datetime) -> ColumnElement[bool]:
        """Past its time, or further off than its patience: a clock since set back."""
        at = notification.c.escalate_at
        far = [
            and_(notification.c.priority == int(priority), at > now + self._outbox.patience(priority) + CLOCK_SLACK)
            for priority in (Priority.HIGH, Priority.CRITICAL)
        ]
        return and_(notification.c.ended.is_(None), or_(at <= now, *far))

    def _tell(self, tx: Tx, case_id: str, now: datetime) -> None:
        self._outbox.for_case_in(tx, case_by_id(tx, case_id), now)

    def _step(self, tx: Tx, made: str, now: datetime) -> None:
        this = notification.c.id == made
        row = tx.execute(select(notification).where(this, self._due(now))).mappings().one_or_none()
        if row is None:  # another process was here first
            return
        priority, level = Priority(row["priority"]), row["level"]
        if not waits_in(tx, row["case"]):
            end(tx, this, Ending.ANSWERED)
            _note(tx, row["case"], level, Ending.ANSWERED.value, now)
        elif row["escalate_at"] > now:
            tx.execute(update(notification).where(this).values(escalate_at=now + self._outbox.patience(priority)))
            _note(tx, row["case"], level, CLOCK, now)
        elif level == LAST_LEVEL:
            end(tx, this, Ending.UNANSWERED)
            _note(tx, row["case"], level, Ending.UNANSWERED.value, now, outcome=Outcome.FAILED)
        else:
            end(tx, this, Ending.ESCALATED)
            case = case_by_id(tx, row["case"])
            up = Move(to=Informing.ESCALATED, why=f"level-{level + 1}")
            case = apply(tx, case, [up], by=By(actor=ACTOR), now=now)
            self._outbox.tell_in(tx, case, level=level + 1, version=row["version"], now=now)


def _untold() -> Select[str]:
    due = review_case.c.informing == Informing.DUE.value
    return select(review_case.c.id).where(due, waits()).order_by(review_case.c.priority.desc())


def _note(tx: Tx, case_id: str, level: int, what: str, now: datetime, *, outcome: Outcome = Outcome.SUCCESS) -> None:
    detail: dict[str, Scalar] = {"case": case_id, "level": level, "what": what}
    append(tx, [AuditEvent(kind=EventKind.NOTIFICATION, actor=ACTOR, outcome=outcome, detail=detail)], now=now)
