"""Cases and decisions as the rest of the service sees them. None of these values holds an identified word.

What a clinician writes (`Notes`) is sealed in the vault and is given back only to who may read the chart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cds_service.domain import Priority
from cds_service.review.states import ANSWER_AWAITED, Assessing, Informing, Reviewing

SHADOW = "shadow"
"""The stage of cases that are counted and never shown or notified."""


class Verdict(StrEnum):
    """What a clinician decides."""

    CONFIRM = "confirm"
    CHANGE = "change"
    DISMISS = "dismiss"


@dataclass(frozen=True, kw_only=True)
class ReviewCase:
    """One case of the queue.

    `answer`: id of the newest answer of the ledger that it rests on; `snapshot`: id of the sealed chart of it; `job`:
    id of its assessment's job. `floor`: what the rules found, `model_priority`: what an accepted assessment says, None
    without one, `priority`: the higher of the two; none of them ever sinks. `topics`: titles of the findings that
    raised it, fixed words. `states`: keys of those findings, equal while their data are.
    `data_at`: time of the newest datum (None where the chart has none). `stage`: how far the service was rolled out
    when it opened; a `SHADOW` case is never shown. `location`: where the patient was seen, None where not said.
    `version`: counts what a decision rests on (chart, findings, assessment, decision); a decision names the version
    that was looked at, and a stale one is refused. Informing a physician does not count.
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
    states: tuple[str, ...] = ()
    model_priority: Priority | None = None
    location: str | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    decided_priority: Priority | None = None

    @property
    def urgency(self) -> Priority:
        """How urgent it is: as a clinician decided, else as it stands."""
        return self.decided_priority or self.priority

    @property
    def awaits_physician(self) -> bool:
        """Whether a physician was called for and has not acknowledged."""
        return self.informing in ANSWER_AWAITED


@dataclass(frozen=True, kw_only=True)
class QueuePage:
    """One page of the queue. `total`: cases of the whole list; `counts`: of it by priority, every priority named.

    `at`: when it was so.
    """

    cases: tuple[ReviewCase, ...]
    total: int
    counts: Mapping[Priority, int]
    page: int
    per_page: int
    at: datetime

    @property
    def more(self) -> bool:
        """Whether there is a further page."""
        return self.page * self.per_page < self.total


@dataclass(frozen=True, kw_only=True)
class Symptom:
    """One symptom as the clinician notes it. `duration`: in words ("3 days"); `severity`: 0 to 10, None: not said."""

    name: str
    duration: str
    severity: int | None = None


@dataclass(frozen=True, kw_only=True)
class Notes:
    """What a clinician signs with a decision: identified, sealed.

    `history`: the summary of it. `assessment`: as the clinician words it, `confidence` in percent the clinician's own.
    `justification` of the priority is required for High and Critical and wherever it differs from the floor.
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

    `priority`: the clinician's, None where it dismisses. `reason`: a code of `reasons.OFFERED_REASONS` where it
    dismisses. `signature`: the name typed to sign, that of the account. `seen`: the `version` of the case that was
    looked at. `edited`: whether the clinician worded the model's assessment anew.
    """

    verdict: Verdict
    priority: Priority | None
    reason: str | None
    notes: Notes
    signature: str
    seen: int
    edited: bool = False


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A decision as it was signed, opened from the vault. `by`: the account, `name`: as it signed."""

    case: str
    verdict: Verdict
    priority: Priority | None
    reason: str | None
    notes: Notes
    edited: bool
    by: str
    name: str
    role: str
    at: datetime


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


@dataclass(frozen=True, kw_only=True)
class Sight:
    """A case as somebody looks at it. `people`: the others who have it open now."""

    case: ReviewCase
    people: tuple[Present, ...]
