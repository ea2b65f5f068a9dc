"""The bell in the header: urgent cases for which a physician was called and has not answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cds_service.accounts.roles import Member
from cds_service.clinic import Clinic
from cds_service.domain import Priority
from cds_service.notify.outbox import IN_BELL
from cds_service.notify.values import Notice
from cds_service.review.values import QueuePage


@dataclass(frozen=True, kw_only=True)
class Bell:
    """The calls that a member is to hear of, gravest and oldest first."""

    notices: tuple[Notice, ...]

    @property
    def words(self) -> str:
        """How many, for people."""
        many = len(self.notices)
        if not many:
            return "No calls for you"
        return f"{many}{' or more' if many >= IN_BELL else ''} unanswered {'call' if many == 1 else 'calls'}"

    @property
    def key(self) -> str:
        """Changes when a call comes or goes or reaches the next level; names no case."""
        newest = max((notice.since.timestamp() for notice in self.notices), default=0)
        return f"{len(self.notices)}.{sum(notice.level for notice in self.notices)}.{newest:.0f}"


def bell_of(clinic: Clinic, member: Member, now: datetime) -> Bell:
    """The bell of `member`. Opens no chart. Raises StoreError."""
    return Bell(notices=clinic.outbox.waiting_for(member, now))


def called(clinic: Clinic, member: Member, page: int, per_page: int, now: datetime) -> QueuePage:
    """The cases behind the bell as a list of the queue, whether a nurse has decided them or not."""
    notices = bell_of(clinic, member, now).notices
    counts = dict.fromkeys(sorted(Priority, reverse=True), 0)
    for notice in notices:
        counts[notice.priority] += 1
    listed = notices[(page - 1) * per_page : page * per_page]
    return QueuePage(
        cases=tuple(clinic.reviews.get(notice.case) for notice in listed),
        total=len(notices),
        counts=counts,
        page=page,
        per_page=per_page,
        at=now,
    )
