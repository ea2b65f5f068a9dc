"""Feedback reports, item by item."""

import uuid

import pytest

from hooks.errors import MalformedFeedback
from hooks.feedback import MAX_COMMENT, BadItem, FeedbackItem, Outcome, parse_feedback

CARD, SUGGESTION = str(uuid.uuid4()), str(uuid.uuid4())
ACCEPTED = {
    "card": CARD,
    "outcome": "accepted",
    "acceptedSuggestions": [{"id": SUGGESTION}],
    "outcomeTimestamp": "2026-01-02T03:04:05.606Z",
}
OVERRIDDEN = {
    "card": CARD,
    "outcome": "overridden",
    "overrideReason": {"reason": {"system": "urn:s", "code": "c"}, "userComment": "free text"},
    "outcomeTimestamp": "2026-01-02T03:04:05+01:00",
}


def one(item):
    return parse_feedback({"feedback": [item]})[0]


def test_fb4_accepted_names_its_suggestions():
    item = one(ACCEPTED)
    assert isinstance(item, FeedbackItem)
    assert (item.outcome, item.accepted_suggestions) == (Outcome.ACCEPTED, (SUGGESTION,))


def test_fb6_times_are_read_with_fractions_and_offsets():
    assert one(ACCEPTED).timestamp.isoformat() == "2026-01-02T03:04:05.606000+00:00"
    assert one(OVERRIDDEN).timestamp.isoformat() == "2026-01-02T02:04:05+00:00"


def test_fb12_a_reason_needs_no_display():
    assert one(OVERRIDDEN).reason == ("urn:s", "c")


def test_the_comment_is_never_shown():
    assert "free text" not in repr(one(OVERRIDDEN))


def test_an_override_without_a_reason_is_read():
    item = {key: value for key, value in OVERRIDDEN.items() if key != "overrideReason"}
    assert one(item).reason is None


@pytest.mark.parametrize(
    "report", [{}, {"feedback": None}, {"feedback": {}}, {"feedback": []}, {"feedback": [1] * 501}]
)
def test_fb1_the_report_holds_an_array(report):
    with pytest.raises(MalformedFeedback):
        parse_feedback(report)


@pytest.mark.parametrize(
    "item",
    [
        5,
        ACCEPTED | {"card": "no-uuid"},
        ACCEPTED | {"card": None},
        ACCEPTED | {"outcome": "ignored"},
        ACCEPTED | {"outcome": ["accepted"]},
        ACCEPTED | {"acceptedSuggestions": []},
        ACCEPTED | {"acceptedSuggestions": ["x"]},
        ACCEPTED | {"acceptedSuggestions": [{"id": 4}]},
        ACCEPTED | {"outcomeTimestamp": "yesterday"},
        ACCEPTED | {"outcomeTimestamp": "2026-01-02T03:04:05"},
        ACCEPTED | {"outcomeTimestamp": 5},
        ACCEPTED | {"outcomeTimestamp": "0001-01-01T00:00:00+14:00"},
        OVERRIDDEN | {"overrideReason": "x"},
        OVERRIDDEN | {"overrideReason": {"reason": {"code": "c"}}},
        OVERRIDDEN | {"overrideReason": {"userComment": "x" * (MAX_COMMENT + 1)}},
    ],
)
def test_a_bad_item_costs_only_itself(item):
    good, bad = parse_feedback({"feedback": [ACCEPTED, item]})
    assert isinstance(good, FeedbackItem)
    assert isinstance(bad, BadItem)
    assert bad.index == 1
