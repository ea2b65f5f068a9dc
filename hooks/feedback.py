"""Feedback reports (CDS Hooks 2.0.1, "Feedback"), parsed item by item: one bad item costs only itself."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from hooks.errors import MalformedFeedback

MAX_ITEMS = 500
MAX_COMMENT = 4000

NON_ADHERENCE_SYSTEM = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
NON_ADHERENCE_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "cds-not-applicable": "PC CDS does not apply to patient",
        "cds-suboptimal-context": "PC CDS delivered in suboptimal context",
        "recipient-disagrees-evidence": "Recipient disagrees with recommendation because of issues with the evidence",
        "recipient-concerns-outcomes": "Recipient has concerns regarding potential health outcomes",
        "does-not-align-preferences": "Recommendation does not align with patient preferences or values",
        "not-convenient-feasible": "Recommendation is not convenient or feasible",
        "action-completed": "Recommended action was already completed",
        "patient-contraindication": "Patient has contraindication to recommended action",
        "patient-refuses": "Patient refuses/declines (no context given)*",
        "too-costly-uncovered": "Recommended action is too costly or not covered by insurance",
        "service-not-available": "Treatment or service is not practically available",
        "recipient-does-not-understand": (
            "Recipient does not understand the recommended action or know how to perform the recommended action"
        ),
    }
)
"""Code to display of the value set ``non-adherence-reason-clinical`` (CDS Hooks 3.0.0-ballot, trial use)."""


class Outcome(StrEnum):
    """What the clinician did with a card. There is no `ignored`: unanswered is not dismissed."""

    ACCEPTED = "accepted"
    OVERRIDDEN = "overridden"


@dataclass(frozen=True, kw_only=True)
class FeedbackItem:
    """One card's feedback. `reason` is (system, code) or None; the comment is free text and may hold PHI."""

    card: str
    outcome: Outcome
    timestamp: datetime
    accepted_suggestions: tuple[str, ...] = ()
    reason: tuple[str, str] | None = None
    comment: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class BadItem:
    """An item that breaks the protocol: its place in the report and what is wrong with it."""

    index: int
    problem: str


def parse_feedback(body: Mapping[str, Any]) -> tuple[FeedbackItem | BadItem, ...]:
    """The items of a report, in order. Raises MalformedFeedback where there is no `feedback` array (FB1)."""
    items = body.get("feedback")
    if not isinstance(items, list) or not items:
        raise MalformedFeedback("feedback must be a non-empty array")
    if len(items) > MAX_ITEMS:
        raise MalformedFeedback(f"feedback holds more than {MAX_ITEMS} items")
    return tuple(_item(index, item) for index, item in enumerate(items))


def _item(index: int, item: Any) -> FeedbackItem | BadItem:
    try:
        return _parse_item(item)
    except MalformedFeedback as problem:
        return BadItem(index=index, problem=str(problem))


def _parse_item(item: Any) -> FeedbackItem:
    if not isinstance(item, dict):
        raise MalformedFeedback("an item must be an object")
    try:
        outcome = Outcome(item.get("outcome") or "")
    except ValueError:
        raise MalformedFeedback("outcome must be accepted or overridden") from None
    accepted = _accepted(item) if outcome is Outcome.ACCEPTED else ()
    reason, comment = _override(item) if outcome is Outcome.OVERRIDDEN else (None, None)
    return FeedbackItem(
        card=_uuid(item.get("card"), "card"),
        outcome=outcome,
        timestamp=_timestamp(item.get("outcomeTimestamp")),
        accepted_suggestions=accepted,
        reason=reason,
        comment=comment,
    )


def _uuid(value: Any, element: str) -> str:
    try:
        return str(uuid.UUID(value))
    except (ValueError, TypeError, AttributeError):
        raise MalformedFeedback(f"{element} must be a UUID") from None


def _accepted(item: Mapping[str, Any]) -> tuple[str, ...]:
    accepted = item.get("acceptedSuggestions")
    if not isinstance(accepted, list) or not accepted or not all(isinstance(a, dict) for a in accepted):
        raise MalformedFeedback("an accepted item must name acceptedSuggestions")
    return tuple(_uuid(a.get("id"), "acceptedSuggestions.id") for a in accepted)


def _override(item: Mapping[str, Any]) -> tuple[tuple[str, str] | None, str | None]:
    override = item.get("overrideReason")
    if override is None:
        return None, None
    if not isinstance(override, dict):
        raise MalformedFeedback("overrideReason must be an object")
    comment = override.get("userComment")
    if comment is not None and (not isinstance(comment, str) or len(comment) > MAX_COMMENT):
        raise MalformedFeedback(f"overrideReason.userComment must be a string of at most {MAX_COMMENT} characters")
    coding = override.get("reason")
    if coding is None:
        return None, comment
    if not isinstance(coding, dict) or not all(
        isinstance(coding.get(k), str) and coding[k] for k in ("system", "code")
    ):
        raise MalformedFeedback("overrideReason.reason must hold system and code")
    return (coding["system"], coding["code"]), comment


def _timestamp(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise MalformedFeedback("outcomeTimestamp must be an RFC 3339 time") from None
    if moment.tzinfo is None:
        raise MalformedFeedback("outcomeTimestamp must name its time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise MalformedFeedback("outcomeTimestamp must be an RFC 3339 time") from None
