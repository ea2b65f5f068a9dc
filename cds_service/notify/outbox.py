"""The outbox: what must be told is written in the transaction that makes it necessary, so that no crash loses it.

One event makes one notification, and a notification one delivery for each channel: (case, version, level) and (that,
channel) are unique, whoever calls how often. A case says itself that a physician is due (`Informing.DUE`), so whoever
finds such a case may have it told: the hook does at once, and the notifying process does where that failed.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, update

from cds_service.accounts.roles import Member, Role
from cds_service.domain import Priority
from cds_service.ledger.audit import AuditEvent, EventKind, append
from cds_service.ledger.database import Database, Tx
from cds_service.ledger.encoding import new_id
from cds_service.ledger.tables import delivery, notification, review_case
from cds_service.monitoring import metrics
from cds_service.notify.channels import read_channels
from cds_service.notify.values import APP, Delivery, Ending, Notice, State
from cds_service.notify.waiting import waits
from cds_service.review.moves import By, Move, apply
from cds_service.review.rows import case_by_id
from cds_service.review.states import Informing
from cds_service.review.values import SHADOW, ReviewCase
from cds_service.settings import Settings

ACTOR = "notifier"
SENT = "sent"
IN_BELL = 50
"""Most lines of the bell; the queue shows all."""

_FROM_LEVEL = {Role.PHYSICIAN: 1, Role.NURSE: 2}
"""From which level the bell of a role tells. When no physician answered, nurses can fetch one."""


class Outbox:
    """Safe for threads; holds no connection. Raises ConfigurationError when the file of channels cannot be used."""

    def __init__(self, database: Database, *, settings: Settings) -> None:
        self.channels = read_channels(settings.notify_file)
        self._database = database
        self._titles = settings.notify_titles
        self._patience = {
            Priority.CRITICAL: timedelta(minutes=settings.escalate_critical_minutes),
            Priority.HIGH: timedelta(minutes=settings.escalate_high_minutes),
        }

    def for_case_in(self, tx: Tx, case: ReviewCase, now: datetime) -> ReviewCase:
        """See that a physician is told of `case` if one is due, and return it as it stands then. Safe to call again."""
        if case.informing is not Informing.DUE or case.stage == SHADOW:
            return case
        case = case_by_id(tx, case.id)
        if case.informing is not Informing.DUE or case.urgency < Priority.HIGH:
            return case
        older = and_(notification.c.case == case.id, notification.c.version != case.version)
        end(tx, and_(older, _stands()), Ending.SUPERSEDED)
        self.tell_in(tx, case, level=1, version=case.version, now=now)
        return apply(tx, case, [Move(to=Informing.NOTIFIED, why=SENT)], by=By(actor=ACTOR), now=now)

    def tell_in(self, tx: Tx, case: ReviewCase, *, level: int, version: int, now: datetime) -> None:
        """Write the notification of `case` at `level`, unless it is there. `version`: of the case that made it due."""
        of_it = (notification.c.case == case.id, notification.c.version == version, notification.c.level == level)
        if tx.execute(select(notification.c.id).where(*of_it)).scalar() is not None:
            return
        made, priority = new_id("note"), case.urgency
        row = {
            "id": made,
            "case": case.id,
            "version": version,
            "level": level,
            "priority": int(priority),
            "topics": list(case.topics) if self._titles else [],
            "created_at": now,
            "escalate_at": now + self.patience(priority),
        }
        tx.execute(insert(notification), row)
        ways = [
            (APP, APP, State.POSTED),
            *((c.name, c.kind, State.WAITING) for c in self.channels if c.takes(case, level)),
        ]
        rows = [
            {
                "id": new_id("msg"),
                "notification": made,
                "channel": name,
                "kind": kind,
                "state": state.value,
                "attempts": 0,
                "due_at": now if state is State.WAITING else None,
                "last_at": now if state is State.POSTED else None,
            }
            for name, kind, state in ways
        ]
        tx.execute(insert(delivery), rows)
        event = AuditEvent(
            kind=EventKind.NOTIFICATION,
            actor=ACTOR,
            subject=case.subject,
            detail={"case": case.id, "level": level, "priority": priority.label, "channels": len(rows)},
        )
        append(tx, [event], now=now)

    def patience(self, priority: Priority) -> timedelta:
        """How long a level has for an answer."""
        return self._patience[priority]

    def of_case(self, case_id: str) -> tuple[Delivery, ...]:
        """What became of every message about a case, oldest first."""
        found = (
            select(delivery, notification.c.level, notification.c.created_at)
            .join(notification, delivery.c.notification == notification.c.id)
            .where(notification.c.case == case_id)
            .order_by(notification.c.created_at, notification.c.level, delivery.c.kind, delivery.c.channel)
        )
        with self._database.transaction(write=False) as tx:
            rows = tx.execute(found).mappings().all()
        return tuple(
            Delivery(
                id=row["id"],
                channel=row["channel"],
                kind=row["kind"],
                level=row["level"],
                state=State(row["state"]),
                attempts=row["attempts"],
                created_at=row["created_at"],
                last_at=row["last_at"],
                next_at=row["due_at"] if row["state"] == State.WAITING else None,
                problem=row["problem"],
            )
            for row in rows
        )

    def waiting_for(self, member: Member, now: datetime) -> tuple[Notice, ...]:
        """The bell of `member`: the cases that still wait for a physician, gravest and oldest first.

        After a clock was set back, a time that is yet to come is told as `now`.
        """
        if member.role not in _FROM_LEVEL:
            return ()
        found = (
            select(review_case.c.id, review_case.c.priority, notification.c.level, notification.c.created_at)
            .join(notification, notification.c.case == review_case.c.id)
            .where(waits(), _stands(), notification.c.level >= _FROM_LEVEL[member.role])
            .order_by(review_case.c.priority.desc(), notification.c.created_at)
            .limit(IN_BELL)
        )
        with self._database.transaction(write=False) as tx:
            rows = tx.execute(found).all()
        return tuple(
            Notice(case=id_, priority=Priority(priority), level=level, since=min(at, now))
            for id_, priority, level, at in rows
        )

    def refresh_metrics(self, now: datetime) -> None:
        """Read the gauges from the database. Raises StoreError."""
        counts = select(delivery.c.channel, delivery.c.state, func.count()).group_by(
            delivery.c.channel, delivery.c.state
        )
        oldest = (
            select(func.min(notification.c.created_at))
            .join(delivery, delivery.c.notification == notification.c.id)
            .where(delivery.c.state.in_([State.WAITING.value, State.SENDING.value]))
        )
        unanswered = (
            select(func.count())
            .select_from(notification)
            .join(review_case, notification.c.case == review_case.c.id)
            .where(waits(), notification.c.ended == Ending.UNANSWERED.value)
        )
        late = select(func.min(notification.c.escalate_at)).where(notification.c.ended.is_(None))
        with self._database.transaction(write=False) as tx:
            for channel, state, count in tx.execute(counts):
                metrics.DELIVERIES.labels(channel=channel, state=state).set(count)
            since = tx.execute(oldest).scalar()
            metrics.DELIVERY_AGE.set(_seconds(since, now))
            metrics.ESCALATION_LATE.set(_seconds(tx.execute(late).scalar(), now))
            metrics.UNANSWERED.set(tx.execute(unanswered).scalar_one())


def _seconds(since: datetime | None, now: datetime) -> float:
    """For how long something has been so; 0 when it is not."""
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())


def end(tx: Tx, which: ColumnElement[bool], why: Ending) -> None:
    """Nothing more follows those notifications. The caller audits what ended them."""
    tx.execute(update(notification).where(which).values(ended=why.value, escalate_at=None))


def _stands() -> ColumnElement[bool]:
    """The notification of a case that is the last word so far: none of a higher level or a later version follows it."""
    return or_(notification.c.ended.is_(None), notification.c.ended == Ending.UNANSWERED.value)
