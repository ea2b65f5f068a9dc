"""The priority of an answer."""

import pytest

from cds_service.domain import (
    Assessment,
    AssessmentOutcome,
    AssessmentStatus,
    Draft,
    Priority,
    priority_of,
)


def ready(priority):
    draft = Draft(
        priority=priority, priority_reason="A reason.", key_concerns=(), risk_factors=(), actions=(), questions=(),
        assessment="A possible cause.", passages=(),
    )  # fmt: skip
    made = Assessment(draft=draft, confidence=0.5, likelihood="concerning for", model="m")
    return AssessmentOutcome(status=AssessmentStatus.READY, assessment=made)


@pytest.mark.parametrize("status", [s for s in AssessmentStatus if s is not AssessmentStatus.READY])
def test_without_an_accepted_assessment_the_floor_is_the_priority(status):
    assert priority_of(Priority.MEDIUM, AssessmentOutcome(status=status)) is Priority.MEDIUM


def test_an_accepted_assessment_raises_and_never_lowers():
    assert priority_of(Priority.MEDIUM, ready(Priority.HIGH)) is Priority.HIGH
    assert priority_of(Priority.HIGH, ready(Priority.LOW)) is Priority.HIGH
