"""Values for tests of the ledger: a fictional answer, feedback, keys, and a fixed clock."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cds_service.domain import (
    Advice,
    Assessment,
    AssessmentOutcome,
    AssessmentStatus,
    Citation,
    Draft,
    Finding,
    NotEvaluated,
    Passage,
    Priority,
)
from cds_service.ledger.audit import AuditEvent, EventKind
from cds_service.ledger.encoding import new_id
from cds_service.ledger.keys import VaultKeys
from cds_service.ledger.records import AnswerRecord, CardKind, CardRecord, FeedbackItem, FeedbackOutcome

NOW = datetime(2031, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
CLIENT = "https://ehr.example"
SERVICE = "patient-triage"
HOOK_CALL = AuditEvent(kind=EventKind.HOOK_CALL, actor="client:https://ehr.example", detail={"service": SERVICE})
FEEDBACK = AuditEvent(kind=EventKind.FEEDBACK, actor="client:https://ehr.example")
READ = AuditEvent(kind=EventKind.VAULT_READ, actor="user:reviewer-1", detail={"reason": "review"})


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def new_keys() -> VaultKeys:
    return VaultKeys.new()


def advice() -> Advice:
    finding = Finding(
        rule="news2",
        version="1",
        priority=Priority.CRITICAL,
        title="NEWS2 of 9",
        reason="The early warning score is 9.",
        citation=Citation(title="NEWS2", publisher="Royal College of Physicians", year=2017),
        values={"score": 9, "at_rest": True},
        sources=("obs-3", "obs-4"),
    )
    passage = Passage(
        id="sepsis#first-hour.1",
        guideline="sepsis",
        version="1",
        title="Sepsis",
        section="First hour",
        text="Words of the passage.",
        source="A publisher",
        year=2021,
        licence="CC0-1.0",
        clinical_review="none",
        score=0.5,
    )
    draft = Draft(
        priority=Priority.HIGH,
        priority_reason="Possible infection.",
        key_concerns=("Fast breathing",),
        risk_factors=("age",),
        actions=("see-today",),
        questions=("Since when?",),
        assessment="Concerning for infection.",
        passages=("sepsis#first-hour.1",),
    )
    assessment = Assessment(draft=draft, confidence=0.6, likelihood="likely", model="test-model")
    return Advice(
        priority=Priority.CRITICAL,
        floor=Priority.CRITICAL,
        findings=(finding,),
        passages=(passage,),
        outcome=AssessmentOutcome(status=AssessmentStatus.READY, assessment=assessment),
        not_evaluated=(NotEvaluated(what="labs", reason="not sent"),),
        versions={"rules": "1", "model": "test-model"},
    )


def answer_record(**changes: Any) -> AnswerRecord:
    values: Mapping[str, Any] = {
        "id": new_id("ans"),
        "service": SERVICE,
        "hook": "patient-view",
        "hook_instance": str(uuid.uuid4()),
        "client": CLIENT,
        "advice": advice(),
        "cards": (card_record(CardKind.FLOOR), card_record(CardKind.AI)),
        "created_at": NOW,
        "timings_ms": {"rules": 3.5},
    }
    return AnswerRecord(**{**values, **changes})


def card_record(kind: CardKind = CardKind.FLOOR) -> CardRecord:
    return CardRecord(
        uuid=str(uuid.uuid4()),
        kind=kind,
        indicator="critical",
        suggestions=(str(uuid.uuid4()), str(uuid.uuid4())),
        rules=("news2",),
        passages=("sepsis#first-hour.1",),
        evidence=("obs-3",),
    )


def accepted(shown: CardRecord, **changes: Any) -> FeedbackItem:
    values = {
        "card": shown.uuid,
        "outcome": FeedbackOutcome.ACCEPTED,
        "outcome_at": later(60),
        "suggestions": shown.suggestions[:1],
    }
    return FeedbackItem(**{**values, **changes})


def overridden(shown: CardRecord, **changes: Any) -> FeedbackItem:
    values = {"card": shown.uuid, "outcome": FeedbackOutcome.OVERRIDDEN, "outcome_at": later(90)}
    return FeedbackItem(**{**values, **changes})
