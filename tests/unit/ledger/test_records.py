from __future__ import annotations

import uuid
from dataclasses import fields

import pytest

from cds_service.domain import Advice, AssessmentOutcome, AssessmentStatus, Draft, Finding, NotEvaluated, Priority
from cds_service.ledger.records import CardKind, CardRecord, advice_data, canonical_uuid
from tests.support.ledger_values import advice


def test_a_withheld_assessment_leaves_its_reasons_and_no_text() -> None:
    outcome = AssessmentOutcome(status=AssessmentStatus.WITHHELD, reasons=("ungrounded",))
    whole = advice()
    data = advice_data(
        Advice(
            priority=Priority.LOW,
            floor=Priority.LOW,
            findings=(),
            passages=whole.passages,
            outcome=outcome,
            not_evaluated=(),
            versions={},
        )
    )
    assert (data["status"], data["reasons"], data["assessment"]) == ("withheld", ["ungrounded"], None)


def test_everything_a_draft_says_is_recorded() -> None:
    assert {field.name for field in fields(Draft)} <= set(advice_data(advice())["assessment"])


def test_a_finding_is_recorded_but_for_what_its_rule_fixes() -> None:
    (recorded,) = advice_data(advice())["findings"]
    assert {field.name for field in fields(Finding)} - set(recorded) == {"citation", "where_and_when", "rank"}


def test_the_text_of_a_passage_is_not_recorded() -> None:
    assert "Words of the passage" not in str(advice_data(advice()))


def test_what_was_not_evaluated_is_recorded() -> None:
    names = {field.name for field in fields(NotEvaluated)}
    assert [set(item) for item in advice_data(advice())["not_evaluated"]] == [names]


@pytest.mark.parametrize(
    "text",
    [None, "", "Zzyzx Canary", "1234567890", "{12345678-1234-1234-1234-123456789012}", "0" * 36, "é" * 36],
)
def test_what_is_no_uuid_is_none(text: str | None) -> None:
    assert canonical_uuid(text) is None


def test_a_uuid_is_written_one_way() -> None:
    made = str(uuid.uuid4())
    assert canonical_uuid(made.upper()) == canonical_uuid(made) == made


def test_a_card_needs_a_uuid() -> None:
    with pytest.raises(ValueError, match="UUID"):
        CardRecord(uuid="card-1", kind=CardKind.AI, indicator="info")
