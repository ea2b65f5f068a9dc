"""Orders that wait for the export process, and the lease by which one process has one of them at a time.

A process holds an order by a lease that it renews. When it dies the lease runs out, and the order is taken up again.
A process that lost its lease cannot end an order. Renewing changes no state and is no audit event.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from cds_service.errors import StoreError
from cds_service.export.errors import NoSuchOrder
from cds_service.export.ordered import LEASE, Ordered, order_by_id, ordered_of
from cds_service.export.states import WORK, State
from cds_service.export.steps import move, note
from cds_service.ledger.database import Tx
from cds_service.ledger.encoding import new_id
from cds_service.ledger.tables import export_order as table

BACK = timedelta(minutes=5)
"""By how much a clock may be behind the newest step of an order."""

CLOCK_BACK = "clock-moved-back"
CRASHED = "crashed"
EXPIRED = "approval-expired"


class LeaseLost(StoreError):
    """The process no longer has the order: another took it, or it ran out."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """An order that a process has."""

    ordered: Ordered
    lease: str
    worker: str


class WorkList:
    """`attempts`: how often an order is taken up before a person must look. `approval`: how long one is good."""

    def __init__(self, *, attempts: int, approval: timedelta) -> None:
        self._attempts = attempts
        self._approval = approval

    def waiting(self, tx: Tx, now: datetime) -> bool:
        """Whether `take` may have something to do: a question that takes no writer's lock."""
        orders = _working(tx)
        return any(order.state in WORK for order in orders) and not any(order.busy(now) for order in orders)

    def take(
        self, tx: Tx, *, worker: str, now: datetime, order_id: str | None = None, folder: str | None = None
    ) -> Held | None:
        """Take the order that waits longest, or `order_id`; None when there is none, or a process is at work already.

        An order that may not be taken up as it is goes where it belongs first. `folder`: where it is written, if not
        where it was begun. Raises NoSuchOrder.
        """
        if order_id is not None:
            order_by_id(tx, order_id)
        orders = _working(tx)
        if any(order.busy(now) for order in orders):
            return None
        for order in (o for o in orders if o.state in WORK and order_id in (None, o.id)):
            fit = self._fit(tx, order, worker, now)
            if fit is not None:
                lease = new_id("lease")
                why = "begun" if fit.attempts == 0 else "taken-up-again"
                held = {"worker": worker, "lease": lease, "lease_until": now + LEASE, "attempts": fit.attempts + 1}
                held |= {"folder": folder or fit.folder}
                ordered = note(tx, fit, why, actor=worker, now=now, **held)
                return Held(ordered=ordered, lease=lease, worker=worker)
        return None

    def renew(self, tx: Tx, held: Held, *, stage: str, share: float, now: datetime) -> bool:
        """Say that the work goes on and how far it is. False: somebody stopped it. Raises LeaseLost."""
        mine = self._mine(tx, held, now)
        values = {"lease_until": now + LEASE, "stage": stage[:40], "share": min(max(share, 0.0), 1.0)}
        tx.execute(update(table).where(table.c.id == mine.id).values(values))
        return mine.state is held.ordered.state

    def end(self, tx: Tx, held: Held, to: State, *, why: str, now: datetime, **changes: Any) -> Ordered:
        """The work led to `to`; where somebody stopped it meanwhile, it stays stopped. Raises LeaseLost."""
        mine = self._mine(tx, held, now)
        if mine.state is not held.ordered.state:
            return note(tx, mine, "left", actor=held.worker, now=now, **_FREE)
        return move(tx, mine, to, why=why, actor=held.worker, now=now, **_FREE, **changes)

    def leave(self, tx: Tx, held: Held, *, now: datetime) -> None:
        """Give the order back as it is (the process is told to stop): the attempt does not count. Raises LeaseLost."""
        mine = self._mine(tx, held, now)
        note(tx, mine, "left", actor=held.worker, now=now, attempts=max(0, mine.attempts - 1), **_FREE)

    def _fit(self, tx: Tx, order: Ordered, worker: str, now: datetime) -> Ordered | None:
        """The order if it may be taken up as it is; else None, once it is where it belongs."""
        if now + BACK < order.changed_at:
            move(tx, order, State.STOPPED, why=CLOCK_BACK, actor=worker, now=now, **_FREE)
        elif order.attempts >= self._attempts:
            move(tx, order, State.STOPPED, why=CRASHED, actor=worker, now=now, **_FREE)
        elif order.state is State.APPROVED and not self.in_force(order, now):
            move(tx, order, State.PREVIEWING, why=EXPIRED, actor=worker, now=now, **_FREE)
        else:
            return order
        return None

    def in_force(self, order: Ordered, now: datetime) -> bool:
        """Whether the order has an approval that has not run out."""
        return order.approved_at is not None and now < order.approved_at + self._approval

    def _mine(self, tx: Tx, held: Held, now: datetime) -> Ordered:
        try:
            mine = order_by_id(tx, held.ordered.id)
        except NoSuchOrder:
            raise LeaseLost("the order is gone") from None
        if mine.lease != held.lease or not mine.busy(now):
            raise LeaseLost("the lease on this export is lost")
        return mine


_FREE: dict[str, Any] = {"worker": None, "lease": None, "lease_until": None}


def _working(tx: Tx) -> list[Ordered]:
    """What waits for work, longest first; also what was stopped while a process still has it."""
    found = (table.c.state.in_([state.value for state in WORK])) | table.c.lease.is_not(None)
    rows = tx.execute(select(table).where(found).order_by(table.c.changed_at, table.c.id)).mappings().all()
    return [ordered_of(row) for row in rows]
