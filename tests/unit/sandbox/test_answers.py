"""What a person answers becomes a feedback report that our own parser takes."""

from datetime import UTC, datetime

import pytest

from cds_service.sandbox.answers import Shown, accept, override
from cds_service.sandbox.client import Offered
from cds_service.sandbox.errors import BadAnswer
from hooks.feedback import FeedbackItem, parse_feedback

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
CARD = "11111111-1111-4111-8111-111111111111"
SUGGESTION = "22222222-2222-4222-8222-222222222222"
SERVICE = Offered(id="triage", hook="patient-view", title="")
SHOWN = (
    Shown(
        number=1,
        service=SERVICE,
        card={
            "uuid": CARD,
            "suggestions": [
                {
                    "label": "Do",
                    "uuid": SUGGESTION,
                    "actions": [{"type": "create", "resource": {"resourceType": "Task"}}],
                },
                {"label": "No uuid"},
            ],
            "overrideReasons": [
                {"code": "done", "system": "urn:r", "display": "Already done"},
                {"code": "2", "system": "urn:r"},
            ],
        },
    ),
    Shown(number=2, service=SERVICE, card={"suggestions": "none", "overrideReasons": {}}),
    Shown(number=3, service=SERVICE, card={"uuid": CARD}),
)


def parsed(answer):
    (item,) = parse_feedback({"feedback": [answer.item]})
    assert isinstance(item, FeedbackItem), item
    return item


def test_accepting_names_the_suggestion_and_says_what_an_ehr_would_do():
    answer = accept(SHOWN, "1.1", NOW)
    assert parsed(answer).accepted_suggestions == (SUGGESTION,)
    assert answer.item["outcomeTimestamp"] == "2026-01-02T03:04:05.678Z"
    assert "create Task" in answer.words


@pytest.mark.parametrize(
    ("text", "reason", "comment"),
    [
        ("1=1", ("urn:r", "done"), None),
        ("1=done", ("urn:r", "done"), None),
        ("1=done:Seen at triage: twice", ("urn:r", "done"), "Seen at triage: twice"),
        ("1=2", ("urn:r", "2"), None),
        ("1=:Only a comment", None, "Only a comment"),
        ("3", None, None),
        ("3=:", None, None),
    ],
)
def test_overriding_takes_a_reason_by_number_or_code_and_a_comment(text, reason, comment):
    item = parsed(override(SHOWN, text, NOW))
    assert (item.reason, item.comment) == (reason, comment)


@pytest.mark.parametrize("place", ["", "1", "1.0", "1.2", "1.3", "2.1", "3.1", "9.1", "x.y", "1.1.1"])
def test_a_suggestion_that_cannot_be_accepted_is_said(place):
    with pytest.raises(BadAnswer):
        accept(SHOWN, place, NOW)


@pytest.mark.parametrize("text", ["", "x", "2", "9=1", "1=3", "1=unknown", "3=done", "1.1"])
def test_a_card_that_cannot_be_overridden_is_said(text):
    with pytest.raises(BadAnswer):
        override(SHOWN, text, NOW)


def test_an_unknown_reason_is_told_with_those_that_are_offered():
    with pytest.raises(BadAnswer, match="1 done, 2 2"):
        override(SHOWN, "1=unknown", NOW)
