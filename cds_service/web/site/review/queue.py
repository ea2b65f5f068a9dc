"""The queue: which cases wait, who they are, and what has changed since somebody looked at the list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from cds_service.accounts.roles import Member
from cds_service.clinic import Clinic
from cds_service.review.queue import Show
from cds_service.review.states import Assessing, Informing, Reviewing
from cds_service.review.values import QueuePage, ReviewCase
from cds_service.web.site.review.bell import called
from cds_service.web.site.review.identity import Identity, identity

PER_PAGE = 20
CALLED: Literal["called"] = "called"
Lists = Show | Literal["called"]
SHOWN: Mapping[Lists, str] = {"waiting": "Waiting", CALLED: "Unanswered calls", "decided": "Decided", "all": "All"}
MOST_KNOWN = 50
"""Most cases of an open list that are compared with the present one."""

AI_WORDS = {
    Assessing.PENDING: ("hourglass_empty", "being prepared"),
    Assessing.READY: ("check_circle", "ready"),
    Assessing.WITHHELD: ("shield", "withheld"),
    Assessing.UNAVAILABLE: ("remove_circle", "none, model unavailable"),
    Assessing.OFF: ("remove_circle", "switched off"),
}
PHYSICIAN_WORDS = {
    Informing.NOT_NEEDED: ("", "not called"),
    Informing.DUE: ("notifications_active", "to be notified"),
    Informing.NOTIFIED: ("notifications_active", "notified, no answer yet"),
    Informing.ESCALATED: ("notifications_active", "escalated, no answer yet"),
    Informing.ACKNOWLEDGED: ("check_circle", "acknowledged"),
}
STATE_WORDS = {
    Reviewing.OPENED: "nothing to review yet",
    Reviewing.AWAITING: "waits for review",
    Reviewing.CONFIRMED: "confirmed",
    Reviewing.CHANGED: "changed",
    Reviewing.DISMISSED: "dismissed",
    Reviewing.LAPSED: "nothing to review",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the queue. `who` is None where the chart is past its retention."""

    case: ReviewCase
    who: Identity | None

    @property
    def key(self) -> str:
        """Changes with whatever the line shows; holds nothing of the patient."""
        return key(self.case)


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What a list that is open has missed. `rows`: lines to be drawn anew, where they stand."""

    rows: tuple[Row, ...]
    added: int
    gone: int
    page: QueuePage

    @property
    def any(self) -> bool:
        """Whether there is something to say."""
        return bool(self.rows or self.added or self.gone)


def as_show(text: str | None) -> Lists:
    """The list that is asked for; the waiting ones where it is none."""
    return cast("Lists", text) if text in SHOWN else "waiting"


def as_page(text: str | None) -> int:
    """A page number; the first where it is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 and int(text) else 1


def key(case: ReviewCase) -> str:
    """One word for the state of a case."""
    stamp = int(case.changed_at.timestamp())
    return f"{case.id}.{case.version}.{stamp}.{case.informing.value}"


def listed(clinic: Clinic, member: Member, show: Lists, page: int, now: datetime) -> QueuePage:
    """One page of the queue."""
    if show == CALLED:
        return called(clinic, member, page, PER_PAGE, now)
    return clinic.reviews.queue(now, show=show, page=page, per_page=PER_PAGE, role=member.role)


def rows(clinic: Clinic, member: Member, cases: Iterable[ReviewCase], now: datetime) -> tuple[Row, ...]:
    """The cases with who they are. Opens their charts, which is audited."""
    cases = tuple(cases)
    charts = clinic.reviews.charts(cases, member, now) if cases else {}
    return tuple(Row(case=case, who=identity(charts[case.id], now) if case.id in charts else None) for case in cases)


def changes(clinic: Clinic, member: Member, show: Lists, page: int, known: Iterable[str], now: datetime) -> Changes:
    """What became of a list since it was drawn. Charts are opened only for lines that are drawn anew."""
    present = listed(clinic, member, show, page, now)
    had = {word.split(".", 1)[0]: word for word in list(known)[:MOST_KNOWN]}
    now_there = {case.id: case for case in present.cases}
    changed = [case for name, case in now_there.items() if name in had and had[name] != key(case)]
    return Changes(
        rows=rows(clinic, member, changed, now),
        added=sum(name not in had for name in now_there),
        gone=sum(name not in now_there for name in had),
        page=present,
    )
