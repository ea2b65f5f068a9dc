"""What the rest of the service sees of opt-outs, holds and erasures: ids, codes, counts, times; never a word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Source(StrEnum):
    """Where an entry about the use of a patient's data comes from.

    `UNREADABLE`: a FHIR Consent that could not be read. It counts as an opt-out until somebody resolves it.
    """

    LOCAL = "local"
    CONSENT = "consent"
    UNREADABLE = "unreadable"


class Verdict(StrEnum):
    """Whether an entry keeps the patient's data from training sets, or lifts an earlier Consent that did."""

    DENY = "deny"
    PERMIT = "permit"


LOOK_REASONS: Mapping[str, str] = {
    "patient-request": "The patient asks",
    "representative-request": "A representative of the patient asks",
    "legal-request": "A court or an authority asks",
    "complaint": "A complaint is looked into",
    "compliance-review": "A review by the compliance office",
}
"""Why somebody looks a patient up in the vault, by code."""

OPT_OUT_REASONS: Mapping[str, str] = {
    "patient-request": "The patient asked for it",
    "representative-request": "A representative asked for it",
    "clinic-decision": "The clinic decided so",
}

HOLD_REASONS: Mapping[str, str] = {
    "litigation": "A lawsuit is pending or expected",
    "investigation": "An authority investigates",
    "audit": "An audit is under way",
    "complaint": "A complaint is looked into",
}

ERASURE_REASONS: Mapping[str, str] = {
    "patient-request": "The patient asked for it",
    "representative-request": "A representative asked for it",
    "court-order": "A court ordered it",
    "recorded-in-error": "The person was recorded in error",
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One statement about the use of a subject's data.

    `said_at`: when it was said, which decides what is newer; `ends_at`: when it ends by its own words. `words`: id of
    the officer's words in the vault. `closed_at`: withdrawn, resolved, or replaced by a newer version.
    """

    id: str
    subject: str
    source: Source
    verdict: Verdict
    reason: str
    said_at: datetime
    recorded_by: str
    recorded_at: datetime
    ends_at: datetime | None = None
    document: str | None = field(default=None, repr=False)
    version_at: datetime | None = None
    words: str | None = None
    closed_by: str | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Hold:
    """One legal hold. `words`: id of the officer's words in the vault."""

    id: str
    subject: str
    reason: str
    placed_by: str
    placed_at: datetime
    words: str | None = None
    released_by: str | None = None
    released_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What is kept of one kind: how many, the oldest and newest, and when the first and the last expire."""

    kind: str
    count: int
    oldest: datetime | None = None
    newest: datetime | None = None
    first_expires: datetime | None = None
    last_expires: datetime | None = None


class ErasureState(StrEnum):
    """What became of a request for erasure."""

    ASKED = "asked"
    DONE = "done"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True)
class Erasure:
    """One request for erasure. `asked_by`, `ended_by`: audit actors. `report`: as `ShredReport.as_json` wrote it."""

    id: str
    subject: str
    state: ErasureState
    reason: str
    asked_by: str
    asked_at: datetime
    ended_by: str | None = None
    ended_at: datetime | None = None
    report: Mapping[str, object] | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How one patient stands. `subject` is None for somebody whom the vault does not know.

    `entries` and `holds`: those in force; `asked`: an erasure that waits for a second person.
    """

    subject: str | None
    opted_out: bool = False
    entries: tuple[Entry, ...] = ()
    holds: tuple[Hold, ...] = ()
    kept: tuple[Kept, ...] = ()
    asked: Erasure | None = None

    @property
    def held(self) -> bool:
        """Whether a legal hold is in force."""
        return bool(self.holds)
