"""Intake forms as the rest of the service sees them. None of these values holds an identified word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cds_service.accounts.roles import Member


class FormState(StrEnum):
    """Where a form stands."""

    STARTED = "started"
    OPENED = "opened"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"

    @property
    def label(self) -> str:
        """For people."""
        return LABELS[self]


LABELS: Mapping[FormState, str] = {
    FormState.STARTED: "Not opened yet",
    FormState.OPENED: "Open on a tablet",
    FormState.ANSWERED: "Answered",
    FormState.WITHDRAWN: "Taken back",
}

NEXT_FORM: Mapping[FormState, frozenset[FormState]] = {
    FormState.STARTED: frozenset({FormState.OPENED, FormState.ANSWERED, FormState.WITHDRAWN}),
    FormState.OPENED: frozenset({FormState.STARTED, FormState.ANSWERED, FormState.WITHDRAWN}),
    FormState.ANSWERED: frozenset(),
    FormState.WITHDRAWN: frozenset(),
}
"""What may follow what. An opened form is started again by a new code, and the tablet that held it is shut out."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """One form for one patient.

    `code_until`: how long a code that was not used yet opens it. `tablet_until`: how long the tablet that opened it may
    fill it in. `signs`: yes or no by linkId of the warning signs. `warned`: the signs that were ever answered with yes.
    `filled_by`: ``patient`` or ``staff``. `response`: vault item of the answers.
    """

    id: str
    client: str
    subject: str
    state: FormState
    started_by: str
    started_at: datetime
    code_until: datetime | None
    tablet_until: datetime | None
    signs: Mapping[str, bool]
    warned: tuple[str, ...]
    warned_at: datetime | None
    seen_by: str | None
    seen_at: datetime | None
    filled_by: str | None
    response: str | None
    answered_at: datetime | None

    @property
    def waiting(self) -> bool:
        """Whether it may still be answered."""
        return bool(NEXT_FORM[self.state])

    @property
    def alarming(self) -> bool:
        """Whether a warning sign waits to be seen by staff."""
        return self.warned_at is not None and self.seen_at is None


@dataclass(frozen=True, kw_only=True)
class Warned:
    """A patient answered a warning sign with yes. `signs`: its linkIds, all that were told so far."""

    form: str
    client: str
    subject: str
    signs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Tablet:
    """Who fills a form in: the browser that opened it, by what it was given then."""

    token: str


@dataclass(frozen=True, kw_only=True)
class Helper:
    """Who fills a form in: somebody of the clinic, with the patient."""

    form: str
    member: Member


Hand = Tablet | Helper


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A form that a code opened, and what the browser must hold from now on. `token` is a secret."""

    form: Form
    token: str
