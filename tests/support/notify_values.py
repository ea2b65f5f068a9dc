"""A review whose urgent cases are told: over a real database, with a clock that a test turns."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from cds_service.accounts.roles import Role
from cds_service.domain import Priority
from cds_service.ledger.chain import verify
from cds_service.ledger.tables import notification
from cds_service.notify.deliveries import Deliveries
from cds_service.notify.escalation import Escalation
from cds_service.notify.outbox import Outbox
from cds_service.notify.values import Notice
from cds_service.review.values import ReviewCase
from tests.support.ledger_values import NOW
from tests.support.review_values import Clinic, finding

HOOK = """
[[channel]]
kind = "webhook"
name = "pager"
url = "http://127.0.0.1:9/told"
secret_file = "secret"
"""
"""One webhook at level 1; nobody listens there."""


class Ward(Clinic):
    """`deliveries`: as a process sees them, with 20 s of lease and 3 attempts."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.outbox = Outbox(self.database, settings=self.settings)
        self.escalation = Escalation(self.database, self.outbox)
        self.deliveries = Deliveries(
            actor="notify:test",
            lease_s=20,
            attempts=3,
            give_up=timedelta(minutes=30),
            link=lambda case_id: f"https://cds.example/review/cases/{case_id}",
        )

    def told(self, priority: Priority = Priority.CRITICAL, now: datetime = NOW, **changes: Any) -> ReviewCase:
        """A case that was opened and told."""
        return self.tell(self.opened(finding(priority), now=now, **changes), now)

    def tell(self, case: ReviewCase, now: datetime = NOW) -> ReviewCase:
        with self.database.transaction() as tx:
            return self.outbox.for_case_in(tx, case, now)

    def acknowledge(self, case: ReviewCase, now: datetime = NOW) -> None:
        self.reviews.acknowledged(case.id, self.member(Role.PHYSICIAN, "Pia Doyle"), now)

    def levels(self, case: ReviewCase) -> list[int]:
        """The levels at which it was told, in order."""
        of_it = select(notification.c.level).where(notification.c.case == case.id)
        with self.database.transaction(write=False) as tx:
            return list(tx.execute(of_it.order_by(notification.c.created_at, notification.c.level)).scalars())

    def bell(self, role: Role = Role.PHYSICIAN, now: datetime = NOW) -> tuple[Notice, ...]:
        return self.outbox.waiting_for(self.member(role), now)

    def states(self, case: ReviewCase) -> list[tuple[str, int, str]]:
        """(channel, level, state) of every message."""
        return [(d.channel, d.level, d.state.value) for d in self.outbox.of_case(case.id)]

    def chain_is_whole(self) -> bool:
        with self.database.transaction(write=False) as tx:
            return verify(tx).valid
