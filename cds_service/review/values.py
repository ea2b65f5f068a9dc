"""Cases and decisions as the rest of the service sees them. None of these values holds an identified word.

What a clinician writes (`Notes`) is sealed in the vault and is given back only to who may read the chart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cds_service.domain import Priority
from cds_service.review.states import Assessing, Informing, Reviewing


@dataclass(frozen=True, kw_only=True)
class ReviewCase:
    """One case of the queue.

    `answer`: id of the newest answer of the ledger that it rests on; `snapshot`: id of the sealed chart of it.
    `version`: counts every change; a decision names the version that was looked at, and a stale one is refused.
    `data_at`: time of the newest datum (None where the chart has none). `topics`: titles of the findings that raised
    it, fixed words. `stage`: how far the service was rolled out when it opened.
    """

    id: str
    subject: str
    client: str
    answer: str
    snapshot: str
    job: str | None
    floor: Priority
    priority: Priority
    assessing: Assessing
    reviewing: Reviewing
    informing: Informing
    topics: tuple[str, ...]
    data_at: datetime | None
    opened_at: datetime
    changed_at: datetime
    version: int
    stage: str = "full"
    decided_at: datetime | None = None
    decided_by: str | None = None
    decided_priority: Priority | None = None


class Verdict(StrEnum):
    """What a clinician decides."""

    CONFIRM = "confirm"
    CHANGE = "change"
    DISMISS = "dismiss"


@dataclass(frozen=True, kw_only=True)
class Symptom:
    """One symptom as the clinician notes it. `duration`: in words ("3 days"); `severity`: 0 to 10, None: not said."""

    name: str
    duration: str
    severity: int | None = None


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What a clinician signs with a decision: identified, sealed.

    `confidence` in percent is the clinician's own. `justification` of the priority is required for High and Critical
    and wherever it differs from the floor. `edited`: the assessment as the clinician would word it.
    """

    history: str = ""
    symptoms: tuple[Symptom, ...] = ()
    vitals: str = ""
    risk_factors: str = ""
    assessment: str = ""
    confidence: int | None = None
    justification: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A decision on a case.

    `reason`: code of `card_maker.OFFERED_REASONS` where it dismisses. `signature`: the name typed to sign, equal to the
    name of the account. `seen`: the `version` of the case that was looked at.
    """

    verdict: Verdict
    priority: Priority | None
    reason: str | None
    notes: Notes
    signature: str
    seen: int


@dataclass(frozen=True, kw_only=True)
class CaseEvent:
    """One transition: who, when, on which track, from, to, why (a code)."""

    seq: int
    at: datetime
    actor: str
    role: str
    track: str
    before: str
    after: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Present:
    """Somebody who has the case open. `name` is that of the account."""

    account: str
    name: str
    since: datetime
    seen_at: datetime
