"""Deliveries as a process takes them: leased, tried, tried again later, given up. The table is the truth.

At least once: a process that dies between sending and marking leaves its lease to run out, and the next one sends the
same message again under the same key, by which the receiver knows it. A lease that was lost writes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, or_, select, update

from cds_service.domain import Priority
from cds_service.ledger.audit import AuditEvent, EventKind, Outcome, append
from cds_service.ledger.database import Tx
from cds_service.ledger.encoding import new_id
from cds_service.ledger.tables import delivery, notification
from cds_service.notify.values import LAST_LEVEL, NEXT, Ending, Message, NotSent, State
from cds_service.notify.waiting import waits_in

FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 300.0
JITTER = 0.2
"""Waits double from the first to the longest, each by up to this share shorter or longer, so that many do not meet."""

CLOCK_SLACK = timedelta(minutes=1)
"""How far two processes may differ in what they call now before a time counts as one of a clock since set back."""

LEASE_LOST = "lease-lost"
CHANNEL_GONE = "channel-gone"
CHANNEL_DOWN = "channel-down"

_jitter = random.SystemRandom()


@dataclass(frozen=True, kw_only=True)
class Held:
    """A delivery that this process holds."""

    id: str
    lease: str
    attempts: int
    message: Message


def wait_s(attempts: int, *, share: float) -> float:
    """Seconds to wait after so many attempts. `share`: from -1 to 1, how much of the jitter."""
    return min(FIRST_WAIT_S * 2.0 ** min(attempts - 1, 20), LONGEST_WAIT_S) * (1 + JITTER * share)


class Deliveries:
    """The table for one process. `link`: the address of a case. Every method takes the caller's transaction.

    `lease_s`: how long a process holds a delivery. `attempts`: times it is tried. `give_up`: age at which what waits on
    a failing channel is given up.
    """

    def __init__(
        self, *, actor: str, lease_s: float, attempts: int, give_up: timedelta, link: Callable[[str], str]
    ) -> None:
        self._actor = actor
        self._lease = timedelta(seconds=lease_s)
        self._attempts = attempts
        self._give_up = give_up
        self._link = link

    def claimable(self, tx: Tx, channel: str, now: datetime) -> bool:
        """Whether `claim` has something to do: a question that takes no writer's lock."""
        return tx.execute(select(delivery.c.id).where(self._free(channel, now)).limit(1)).scalar() is not None

    def claim(self, tx: Tx, channel: str, now: datetime) -> Held | None:
        """Take the gravest and oldest delivery of `channel` that is due, None when there is none.

        What is about a case that was answered meanwhile, or that newer findings told anew, is stopped, and what was
        tried often enough is given up.
        """
        gravest = (
            select(delivery, *_NOTED)
            .join(notification, delivery.c.notification == notification.c.id)
            .where(self._free(channel, now))
            .order_by(notification.c.priority.desc(), notification.c.created_at, delivery.c.id)
            .limit(1)
        )
        while (row := tx.execute(gravest).mappings().one_or_none()) is not None:
            if not waits_in(tx, row["case"]):
                self._move(tx, row, State.STOPPED, now, problem=Ending.ANSWERED.value)
            elif row["ended"] == Ending.SUPERSEDED:
                self._move(tx, row, State.STOPPED, now, problem=Ending.SUPERSEDED.value)
            elif row["attempts"] >= self._attempts:
                self._gave_up(tx, row, now, LEASE_LOST)
            else:
                return self._take(tx, row, now)
        return None

    def sent(self, tx: Tx, held: Held, now: datetime, *, problem: str | None) -> bool:
        """It was taken by the other side. `problem`: a code, when not all of it was. False: the lease was lost."""
        row = self._mine(tx, held)
        if row is not None:
            self._move(tx, row, State.SENT, now, problem=problem, last_at=now)
        return row is not None

    def failed(self, tx: Tx, held: Held, now: datetime, error: NotSent) -> bool:
        """The try failed: it waits for the next one or is given up. False: the lease was lost."""
        row = self._mine(tx, held)
        if row is None:
            return False
        if error.final or held.attempts >= self._attempts:
            self._gave_up(tx, row, now, error.code, last_at=now)
        else:
            due = now + timedelta(seconds=wait_s(held.attempts, share=_jitter.uniform(-1, 1)))
            self._move(tx, row, State.WAITING, now, problem=error.code, last_at=now, due_at=due)
        return True

    def give_up_old(self, tx: Tx, channel: str, now: datetime) -> None:
        """A channel has just failed: what has waited on it for too long is given up, tried or not."""
        old = and_(
            delivery.c.channel == channel,
            delivery.c.state == State.WAITING.value,
            notification.c.created_at <= now - self._give_up,
        )
        self._give_up_all(tx, old, now, CHANNEL_DOWN)

    def give_up_strays(self, tx: Tx, channels: frozenset[str], now: datetime) -> None:
        """What waits on a channel that is no longer listed is given up."""
        self._give_up_all(tx, _strays(channels), now, CHANNEL_GONE)

    def has_strays(self, tx: Tx, channels: frozenset[str]) -> bool:
        """Whether `give_up_strays` has something to do."""
        return tx.execute(select(delivery.c.id).where(_strays(channels)).limit(1)).scalar() is not None

    def _give_up_all(self, tx: Tx, which: ColumnElement[bool], now: datetime, why: str) -> None:
        found = select(delivery, *_NOTED).join(notification, delivery.c.notification == notification.c.id).where(which)
        for row in tx.execute(found).mappings().all():
            self._gave_up(tx, row, now, why)

    def _free(self, channel: str, now: datetime) -> ColumnElement[bool]:
        """Waiting and due, or left by a dead process. A time further off than any can be: a clock since set back."""
        far = now + timedelta(seconds=LONGEST_WAIT_S * (1 + JITTER)) + CLOCK_SLACK
        waiting = and_(delivery.c.state == State.WAITING.value, _outside(delivery.c.due_at, now, far))
        until = delivery.c.lease_until
        left = and_(delivery.c.state == State.SENDING.value, _outside(until, now, now + self._lease + CLOCK_SLACK))
        return and_(delivery.c.channel == channel, or_(waiting, left))

    def _take(self, tx: Tx, row: RowMapping, now: datetime) -> Held:
        lease = new_id("lease")
        attempts = row["attempts"] + 1
        self._move(tx, row, State.SENDING, now, attempts=attempts, lease=lease, lease_until=now + self._lease)
        message = Message(
            key=row["id"],
            case=row["case"],
            priority=Priority(row["priority"]),
            level=row["level"],
            at=row["created_at"],
            link=self._link(row["case"]),
            topics=tuple(row["topics"]),
        )
        return Held(id=row["id"], lease=lease, attempts=attempts, message=message)

    def _mine(self, tx: Tx, held: Held) -> RowMapping | None:
        mine = and_(delivery.c.id == held.id, delivery.c.lease == held.lease, delivery.c.state == State.SENDING.value)
        found = select(delivery, *_NOTED).join(notification, delivery.c.notification == notification.c.id).where(mine)
        return tx.execute(found).mappings().one_or_none()

    def _gave_up(self, tx: Tx, row: RowMapping, now: datetime, why: str, **values: Any) -> None:
        """Given up; and the next level, if there is one, is told at once."""
        self._move(tx, row, State.GAVE_UP, now, problem=why, **values)
        stands = and_(
            notification.c.id == row["notification"],
            notification.c.escalate_at > now,
            notification.c.level < LAST_LEVEL,
        )
        tx.execute(update(notification).where(stands).values(escalate_at=now))

    def _move(self, tx: Tx, row: RowMapping, to: State, now: datetime, **values: Any) -> None:
        if to not in NEXT[State(row["state"])]:
            raise ValueError(f"a {row['state']} delivery cannot become {to}")
        fresh: dict[str, Any] = {"due_at": None, "lease": None, "lease_until": None, "state": to.value}
        tx.execute(update(delivery).where(delivery.c.id == row["id"]).values(fresh | values))
        attempts = values.get("attempts", row["attempts"])
        event = AuditEvent(
            kind=EventKind.NOTIFICATION,
            actor=self._actor,
            outcome=Outcome.FAILED if to is State.GAVE_UP else Outcome.SUCCESS,
            detail={
                "case": row["case"],
                "message": row["id"],
                "channel": row["channel"],
                "state": to.value,
                "attempts": attempts,
                "problem": values.get("problem"),
            },
        )
        append(tx, [event], now=now)


_NOTED = (
    notification.c.case,
    notification.c.priority,
    notification.c.level,
    notification.c.topics,
    notification.c.created_at,
    notification.c.ended,
)


def _outside(column: ColumnElement[Any], now: datetime, far: datetime) -> ColumnElement[bool]:
    return or_(column <= now, column > far)


def _strays(channels: frozenset[str]) -> ColumnElement[bool]:
    open_states = [State.WAITING.value, State.SENDING.value]
    return and_(delivery.c.state.in_(open_states), delivery.c.channel.not_in(sorted(channels)))
