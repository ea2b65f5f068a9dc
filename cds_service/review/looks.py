"""Who has a case open, and for how long somebody looked at it before deciding."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import RowMapping, insert, select, update

from cds_service.accounts.roles import Member
from cds_service.ledger.audit import AuditEvent, EventKind, append
from cds_service.ledger.database import Tx
from cds_service.ledger.tables import account, review_look
from cds_service.review.values import Present, ReviewCase

PRESENT_FOR = timedelta(seconds=60)
"""How long after a sign of somebody's presence they count as being there."""

REFRESH_AFTER = timedelta(seconds=10)
"""Signs of presence that follow faster are not written."""


class Looks:
    """`idle`: a look that is left longer than this was no reviewing."""

    def __init__(self, *, idle: timedelta) -> None:
        self._idle = idle

    def is_due(self, tx: Tx, case_id: str, member: Member, now: datetime) -> bool:
        """Whether `note` would write: a question that takes no writer's lock."""
        row = _row(tx, case_id, member.account)
        return row is None or now - row["seen_at"] >= REFRESH_AFTER

    def note(self, tx: Tx, case: ReviewCase, member: Member, now: datetime) -> None:
        """`member` has `case` open. Coming is audited, as a look into the case; staying is a sign of life."""
        mine = (review_look.c.case == case.id, review_look.c.account == member.account)
        row = _row(tx, case.id, member.account)
        if row is None:
            values = {"case": case.id, "account": member.account, "was_left": False}
            tx.execute(insert(review_look), values | {"first_at": now, "since": now, "seen_at": now})
        else:
            now = max(now, row["seen_at"])
            changes = {"seen_at": now, "was_left": row["was_left"] or now - row["seen_at"] > self._idle}
            if now - row["seen_at"] > PRESENT_FOR:
                changes["since"] = now
            tx.execute(update(review_look).where(*mine).values(changes))
        if row is None or now - row["seen_at"] > self._idle:
            detail = {"case": case.id, "role": member.role.value, "why": "looked-at"}
            event = AuditEvent(kind=EventKind.REVIEW, actor=member.actor, subject=case.subject, detail=detail)
            append(tx, [event], now=now)

    def others(self, tx: Tx, case_id: str, member: Member, now: datetime) -> tuple[Present, ...]:
        """Who else has the case open, the longest first."""
        found = (
            select(review_look.c.account, account.c.shown, review_look.c.since, review_look.c.seen_at)
            .join(account, account.c.id == review_look.c.account)
            .where(
                review_look.c.case == case_id,
                review_look.c.account != member.account,
                review_look.c.seen_at > now - PRESENT_FOR,
            )
            .order_by(review_look.c.since)
        )
        return tuple(
            Present(account=row.account, name=row.shown, since=row.since, seen_at=row.seen_at)
            for row in tx.execute(found)
        )

    def seconds(self, tx: Tx, case_id: str, member: Member, until: datetime) -> float | None:
        """From the first look to `until`. None without a look, or when the case was left meanwhile."""
        row = _row(tx, case_id, member.account)
        if row is None or row["was_left"] or until - row["seen_at"] > self._idle or until < row["first_at"]:
            return None
        looked_for: timedelta = until - row["first_at"]
        return looked_for.total_seconds()


def _row(tx: Tx, case_id: str, account_id: str) -> RowMapping | None:
    found = select(review_look).where(review_look.c.case == case_id, review_look.c.account == account_id)
    return tx.execute(found).mappings().one_or_none()
