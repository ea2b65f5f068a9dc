"""What goes into the ledger and what comes out of it. None of these values holds an identified word.

Cards are not stored as they were rendered (a rendered card names true references and times): the advice they were made
of is, with opaque handles.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from cds_service.domain import Advice, Assessment, AssessmentStatus, Finding, Passage, Priority


class CardKind(StrEnum):
    """Which part of an answer a card is."""

    FLOOR = "floor"
    MEDICATION_SAFETY = "medication-safety"
    CARE_GAP = "care-gap"
    GUIDELINE = "guideline"
    AI = "ai"
    NOTICE = "notice"


@dataclass(frozen=True, kw_only=True)
class CardRecord:
    """One card as shown: its uuid, those of its suggestions, and the rules, passages and handles that it rests on.

    `states`: of the care gaps that it tells, keyed hashes of gap and data (`Vault.keyed`): equal as long as nothing
    has changed.
    """

    uuid: str
    kind: CardKind
    indicator: str
    suggestions: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    states: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if canonical_uuid(self.uuid) != self.uuid:
            raise ValueError("a card is recorded under a UUID in lower case")


@dataclass(frozen=True, kw_only=True)
class AnswerRecord:
    """One answer to one hook call.

    `id`: from `encoding.new_id("ans")`. `client`: who called, an identifier. `hook_instance`: kept only when it is a
    UUID, as the specification wants it; anything else could say who the patient is. `subject`, `snapshot`: ids of the
    vault. `user_key`: a keyed hash of who was shown it. `job`: id of the assessment's job. `timings_ms`: milliseconds
    by stage. `stage`: how far the service was rolled out where it was asked; in ``shadow`` nobody was shown the cards.
    """

    id: str
    service: str
    hook: str
    hook_instance: str | None
    client: str
    advice: Advice
    cards: tuple[CardRecord, ...]
    created_at: datetime
    subject: str | None = None
    user_key: str | None = None
    snapshot: str | None = None
    job: str | None = None
    timings_ms: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    stage: str = "full"


class FeedbackOutcome(StrEnum):
    """What the clinician did with a card."""

    ACCEPTED = "accepted"
    OVERRIDDEN = "overridden"


@dataclass(frozen=True, kw_only=True)
class FeedbackItem:
    """One item of a feedback request, as received. `comment` is free text: it goes into the vault, sealed."""

    card: str
    outcome: FeedbackOutcome
    outcome_at: datetime
    suggestions: tuple[str, ...] = ()
    reason_system: str | None = None
    reason_code: str | None = None
    comment: str | None = None


class FeedbackStatus(StrEnum):
    """What became of a feedback item. All but the first two are refusals, each its own reason."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    UNKNOWN_CARD = "unknown-card"
    OTHER_SERVICE = "card-of-another-service"
    OTHER_CLIENT = "card-of-another-client"
    UNKNOWN_SUGGESTION = "suggestion-not-of-the-card"
    NO_SUGGESTION = "accepted-without-suggestion"
    BAD_REASON = "reason-not-a-coding"
    TOO_MANY = "too-many-items"

    @property
    def accepted(self) -> bool:
        """Whether the item is in the ledger."""
        return self in {FeedbackStatus.RECORDED, FeedbackStatus.DUPLICATE}


@dataclass(frozen=True, kw_only=True)
class FeedbackResult:
    """What became of the item at `position` of a feedback request."""

    position: int
    status: FeedbackStatus


@dataclass(frozen=True, kw_only=True)
class StoredFeedback:
    """Feedback in the ledger. `comment` is the id of a sealed item of the vault."""

    id: str
    card: str
    outcome: FeedbackOutcome
    outcome_at: datetime
    received_at: datetime
    suggestions: tuple[str, ...]
    reason_system: str | None
    reason_code: str | None
    comment: str | None


@dataclass(frozen=True, kw_only=True)
class StoredCard:
    """A card in the ledger with the feedback that came for it, in order of receipt."""

    card: CardRecord
    feedback: tuple[StoredFeedback, ...]


@dataclass(frozen=True, kw_only=True)
class StoredAnswer:
    """An answer in the ledger with its cards in the order shown. Findings and the rest are as `advice_data` wrote."""

    id: str
    service: str
    hook: str
    hook_instance: str | None
    client: str
    subject: str | None
    snapshot: str | None
    job: str | None
    priority: Priority
    floor: Priority
    status: AssessmentStatus
    reasons: tuple[str, ...]
    findings: tuple[Mapping[str, Any], ...]
    passages: tuple[Mapping[str, Any], ...]
    assessment: Mapping[str, Any] | None
    not_evaluated: tuple[Mapping[str, str], ...]
    versions: Mapping[str, str]
    timings_ms: Mapping[str, float]
    created_at: datetime
    stage: str
    shadowed: tuple[Mapping[str, Any], ...]
    cards: tuple[StoredCard, ...]

    def as_json(self) -> dict[str, Any]:
        """For the terminal and for programs."""
        return {
            "id": self.id,
            "created_at": self.created_at,
            "service": self.service,
            "subject": self.subject,
            "stage": self.stage,
            "priority": self.priority.label,
            "floor": self.floor.label,
            "status": self.status.value,
            "reasons": list(self.reasons),
            "versions": dict(self.versions),
            "timings_ms": dict(self.timings_ms),
            "cards": [
                {
                    "uuid": shown.card.uuid,
                    "kind": shown.card.kind.value,
                    "indicator": shown.card.indicator,
                    "rules": list(shown.card.rules),
                    "passages": list(shown.card.passages),
                    "evidence": list(shown.card.evidence),
                    "feedback": [
                        {
                            "outcome": f.outcome.value,
                            "outcome_at": f.outcome_at,
                            "suggestions": list(f.suggestions),
                            "reason_system": f.reason_system,
                            "reason_code": f.reason_code,
                            "has_comment": f.comment is not None,
                        }
                        for f in shown.feedback
                    ],
                }
                for shown in self.cards
            ],
        }


def canonical_uuid(text: str | None) -> str | None:
    """`text` as a lower-case UUID with hyphens, None when it is none."""
    try:
        return str(uuid.UUID(text)) if text and len(text) == len(str(uuid.UUID(int=0))) else None
    except ValueError:
        return None


def advice_data(advice: Advice) -> dict[str, Any]:
    """The columns of an answer that say what was advised: an allow-list, so that a new field stays out until named."""
    assessment = advice.outcome.assessment
    return {
        "priority": advice.priority.value,
        "floor": advice.floor.value,
        "status": advice.outcome.status.value,
        "reasons": list(advice.outcome.reasons),
        "findings": [_finding(finding) for finding in advice.findings],
        "shadowed": [_finding(finding) for finding in advice.shadowed],
        "passages": [_passage(passage) for passage in advice.passages],
        "assessment": _assessment(assessment) if assessment else None,
        "not_evaluated": [{"what": item.what, "reason": item.reason} for item in advice.not_evaluated],
        "versions": dict(advice.versions),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "version": finding.version,
        "priority": finding.priority.label,
        "title": finding.title,
        "reason": finding.reason,
        "values": dict(finding.values),
        "sources": list(finding.sources),
        "at_least": finding.at_least,
        "topic": finding.topic,
        "kind": finding.kind.value,
        "proposals": [f"{p.system}|{p.code}" if p.code else p.kind.value for p in finding.proposals],
    }


def _passage(passage: Passage) -> dict[str, Any]:
    return {"id": passage.id, "version": passage.version, "score": passage.score}


def _assessment(assessment: Assessment) -> dict[str, Any]:
    draft = assessment.draft
    return {
        "model": assessment.model,
        "confidence": assessment.confidence,
        "likelihood": assessment.likelihood,
        "priority": draft.priority.label,
        "priority_reason": draft.priority_reason,
        "key_concerns": list(draft.key_concerns),
        "risk_factors": list(draft.risk_factors),
        "actions": list(draft.actions),
        "questions": list(draft.questions),
        "assessment": draft.assessment,
        "passages": list(draft.passages),
    }
