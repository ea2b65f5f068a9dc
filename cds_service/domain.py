"""Values that travel between the stages past the gate. None of them holds an identified word.

A `Finding` is made before the gate (the rules read the identified `Case`) but holds only coded facts, numbers,
lexicon terms of this project and opaque source handles, so it may be stored, shown to the model and exported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType


class Priority(IntEnum):
    """Who acts and when (definitions: GLOSSARY.md)."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def label(self) -> str:
        """``Low``, ``Medium``, ``High`` or ``Critical``."""
        return self.name.capitalize()

    @classmethod
    def parse(cls, text: str) -> Priority:
        """The priority named `text` in any case. Raises ValueError for another word."""
        try:
            return cls[text.strip().upper()]
        except KeyError:
            raise ValueError("priority must be Low, Medium, High or Critical") from None


Value = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True)
class Citation:
    """A published source: what a number, rule or passage rests on. `year` is None for what is revised all the time."""

    title: str
    publisher: str
    year: int | None
    url: str | None = None
    detail: str | None = None

    def __str__(self) -> str:
        tail = f", {self.detail}" if self.detail else ""
        return f"{self.title}{tail} ({self.publisher}{f', {self.year}' if self.year else ''})"


class FindingKind(StrEnum):
    """What a finding is about; each kind has its card."""

    TRIAGE = "triage"
    MEDICATION_SAFETY = "medication-safety"
    CARE_GAP = "care-gap"


class ProposalKind(StrEnum):
    """What accepting a proposal creates in the EHR, always a draft that a clinician signs."""

    ORDER = "order"
    REFERRAL = "referral"
    IMMUNIZATION = "immunization"
    REVIEW = "review"


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Something that a card offers a clinician to do about a finding.

    `label`: at most 120 characters, fixed words ("Draft an order: hemoglobin A1c"). `system`, `code`, `display`: what
    is ordered (LOINC, SNOMED CT, CVX); a review has none. `reason`: why, in fixed words.
    """

    label: str
    reason: str
    kind: ProposalKind = ProposalKind.ORDER
    system: str | None = None
    code: str | None = None
    display: str | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.label) <= MAX_PROPOSAL_LABEL or not self.reason:
            raise ValueError("a proposal needs a label of at most 120 characters and a reason")
        coded = None not in (self.system, self.code, self.display)
        if coded is (self.kind is ProposalKind.REVIEW):
            raise ValueError("an order needs a code, a review has none")


MAX_PROPOSAL_LABEL = 120


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a rule established.

    `rule`: id of the rule, ``news2``. `reason`: one plain sentence, made of fixed words, numbers and lexicon terms.
    `values`: named numbers and codes (``{"score": 9, "respiratory_rate": 3}``). `sources`: handles of `Case.sources`.
    `at_least`: inputs were missing, so the true grade may be higher. `topic`: a short code for grouping cards.
    `where_and_when`: for High and Critical, where to go and when, in fixed words. `kind`: which card tells it.
    `proposals`: what that card offers. `rank`: order among findings of one kind and priority, lowest first.
    """

    rule: str
    version: str
    priority: Priority
    title: str
    reason: str
    citation: Citation
    values: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    sources: tuple[str, ...] = ()
    at_least: bool = False
    topic: str = "triage"
    where_and_when: str | None = None
    kind: FindingKind = FindingKind.TRIAGE
    proposals: tuple[Proposal, ...] = ()
    rank: int = 0

    def __post_init__(self) -> None:
        if not self.title or not self.reason:
            raise ValueError(f"finding of {self.rule} needs a title and a reason")


@dataclass(frozen=True, kw_only=True)
class NotEvaluated:
    """Something that could not be judged: `what` in fixed words, `reason` in fixed words."""

    what: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A citable piece of a guideline. `id` is stable: ``guideline-id#section-slug.n``.

    `strength`: how the source grades the recommendation, in a few words; empty where it was not stated. `year` of the
    source, None where what it rests on has none.
    """

    id: str
    guideline: str
    version: str
    title: str
    section: str
    text: str
    source: str
    year: int | None
    licence: str
    clinical_review: str
    source_url: str | None = None
    strength: str = ""
    score: float = 0.0


class AssessmentStatus(StrEnum):
    """What became of the model's part of an answer."""

    READY = "ready"
    PENDING = "pending"
    WITHHELD = "withheld"
    UNAVAILABLE = "unavailable"
    OFF = "off"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Raw model output in the output contract (limits: `cds_service.inference.contract`)."""

    priority: Priority
    priority_reason: str
    key_concerns: tuple[str, ...]
    risk_factors: tuple[str, ...]
    actions: tuple[str, ...]
    questions: tuple[str, ...]
    assessment: str
    passages: tuple[str, ...]

    def sentences(self) -> tuple[str, ...]:
        """Every free text of the draft, field by field (closed-list fields are not free text)."""
        return (self.priority_reason, *self.key_concerns, *self.questions, self.assessment)


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One safety check on one draft. `reason` is fixed words and never quotes the chart."""

    check: str
    passed: bool
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """All safety checks on one draft; a draft passes only whole."""

    results: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """Whether at least one check ran and every check passed."""
        return bool(self.results) and all(r.passed for r in self.results)

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """The checks that did not pass."""
        return tuple(r for r in self.results if not r.passed)


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """A draft that passed safety. `confidence` is computed in code, in (0, 0.8], and shown as `likelihood`."""

    draft: Draft
    confidence: float
    likelihood: str
    model: str

    def __post_init__(self) -> None:
        if not 0 < self.confidence <= 0.8:
            raise ValueError("confidence must lie in (0, 0.8]")
        if self.likelihood not in LIKELIHOODS:
            raise ValueError("likelihood must be one of " + ", ".join(LIKELIHOODS))


PRELIMINARY_NOTICE = "Preliminary, requires clinician review."
"""Stands on every card and page that shows an assessment. Added by code, never by the model."""

LIKELIHOODS = ("possible", "concerning for", "likely")


@dataclass(frozen=True, kw_only=True)
class AssessmentOutcome:
    """The model's part of an answer: its status, the assessment when ready, the reasons when withheld."""

    status: AssessmentStatus
    assessment: Assessment | None = None
    reasons: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.status is AssessmentStatus.READY) != (self.assessment is not None):
            raise ValueError("an outcome holds an assessment exactly when it is ready")


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Everything the service has to say for one hook, before it becomes cards.

    `visit_reason`: the chart says why the patient is here now. `dismissed`: rules of the care gaps that are not among
    `findings` because this user dismissed them and nothing has changed since. `shadowed`: what rules in shadow found,
    which is recorded and told to nobody; `shadow_rules` are the ids of those rules.
    """

    priority: Priority
    floor: Priority
    findings: tuple[Finding, ...]
    passages: tuple[Passage, ...]
    outcome: AssessmentOutcome
    not_evaluated: tuple[NotEvaluated, ...]
    versions: Mapping[str, str]
    visit_reason: bool = False
    dismissed: tuple[str, ...] = ()
    shadowed: tuple[Finding, ...] = ()
    shadow_rules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.priority < self.floor:
            raise ValueError("nothing may lower the floor")


def floor_of(findings: Sequence[Finding]) -> Priority:
    """The highest priority among `findings`, Low when there are none."""
    return max((f.priority for f in findings), default=Priority.LOW)


VITAL_SIGNS = "vital-signs"
"""The topic of findings that rest on one round of vital signs: one emergency, however many of them are told."""


def to_be_named(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The urgent findings that a draft has to name, gravest first. The gravest vital sign stands for them all.

    Flags on medicines are none of them: they have a card of their own, and a draft may name no medicine.
    """
    graded = sorted(findings, key=lambda f: -f.priority)
    urgent = [f for f in graded if f.priority >= Priority.HIGH and f.kind is FindingKind.TRIAGE]
    vitals = [f for f in urgent if f.topic == VITAL_SIGNS]
    return tuple(f for f in urgent if f not in vitals[1:])


def priority_of(floor: Priority, outcome: AssessmentOutcome) -> Priority:
    """The priority of an answer: the floor, or what an accepted assessment raises it to.

    Only a model that was promoted to raise is offered a priority above the floor at all (docs/decisions/0004).
    """
    return floor if outcome.assessment is None else max(floor, outcome.assessment.draft.priority)
