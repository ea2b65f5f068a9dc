"""The reviews that people owe: what is due when, who signs, and what is kept of a signature."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import datetime, timedelta

from cds_service.accounts.roles import Role
from cds_service.errors import NotAllowed, RequestError

EARLY = timedelta(days=14)
"""How long before it is due a review may be signed."""

MAX_NOTE_CHARS = 4000


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One review that comes again. `by`: who may sign it."""

    id: str
    title: str
    months: int
    by: frozenset[Role]
    asks: str


KINDS: tuple[Kind, ...] = (
    Kind(
        id="performance",
        title="Monthly performance",
        months=1,
        by=frozenset({Role.PHYSICIAN, Role.NURSE}),
        asks="Do the figures of the month ask for anything? Name what was decided about each recommendation and alert.",
    ),
    Kind(
        id="model",
        title="Quarterly model",
        months=3,
        by=frozenset({Role.PHYSICIAN, Role.COMPLIANCE}),
        asks="Agreement, withheld drafts, findings of bias, drift: does the serving model stay, change or go?",
    ),
    Kind(
        id="protocol",
        title="Biannual protocol",
        months=6,
        by=frozenset({Role.PHYSICIAN}),
        asks="Rules, guidelines, escalation and staffing: do they still fit the clinic and the published guidance?",
    ),
    Kind(
        id="compliance",
        title="Annual compliance",
        months=12,
        by=frozenset({Role.COMPLIANCE}),
        asks="Audit chain, access, retention, de-identification policy, training of staff: were they checked?",
    ),
)


class NotDue(RequestError):
    """The review is signed, or not due for a while."""

    status = 409
    code = "conflict"


class FiguresChanged(RequestError):
    """What was looked at is not what the report says now."""

    status = 409
    code = "conflict"


@dataclass(frozen=True, kw_only=True)
class Due:
    """When one review is due. `at`: None as long as the service was not used. `last`: when it was last signed."""

    kind: Kind
    at: datetime | None
    last: datetime | None
    role: Role | None

    def overdue(self, now: datetime) -> bool:
        """Whether it should have been signed."""
        return self.at is not None and now >= self.at

    def open(self, now: datetime) -> bool:
        """Whether it may be signed."""
        return self.at is not None and now >= self.at - EARLY


def kind_of(name: str) -> Kind:
    """The kind of that id. Raises RequestError."""
    for kind in KINDS:
        if kind.id == name:
            return kind
    raise RequestError("There is no such review.")


def check_may_sign(kind: Kind, role: Role) -> None:
    """Raises NotAllowed with who may."""
    if role not in kind.by:
        who = " or ".join(sorted(r.label.lower() for r in kind.by))
        raise NotAllowed(f"This review is signed by: {who}.")


def may_sign(kind: Kind, role: Role) -> bool:
    """Whether somebody of `role` may sign it."""
    return role in kind.by


def check_note(note: str) -> str:
    """The note without white space around it. Raises RequestError."""
    stripped = note.strip()
    if not 10 <= len(stripped) <= MAX_NOTE_CHARS:
        raise RequestError(f"Write what was looked at and decided, in 10 to {MAX_NOTE_CHARS} characters.")
    return stripped


def months_after(at: datetime, months: int) -> datetime:
    """The same day and time some months later; the last day of the month where it is shorter."""
    year, month = divmod(at.month - 1 + months, 12)
    year, month = at.year + year, month + 1
    return at.replace(year=year, month=month, day=min(at.day, calendar.monthrange(year, month)[1]))
