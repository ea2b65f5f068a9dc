"""What clinicians did with cards (checklist section G)."""

import uuid
from dataclasses import replace

import pytest

from cds_service.ledger.queries import feedback_for
from cds_service.review.reasons import FORMER_REASONS, OVERRIDE_SYSTEM
from hooks.feedback import NON_ADHERENCE_REASONS, NON_ADHERENCE_SYSTEM, parse_feedback
from hooks.services import PATIENT_TRIAGE
from tests.spec.calls import CALL, FEEDBACK, accepted, ask, critical, overridden, report
from tests.support.apps import app_of

CANARY = "Zanzibarina Canary told me"


@pytest.fixture
def card(client):
    return ask(client, critical())["cards"][0]


def results(response):
    return [result["status"] for result in response.json["results"]]


def stored(built, card):
    with built.recorder.database.transaction(write=False) as tx:
        return feedback_for(tx, card["uuid"])


def on_disk(built):
    return b"".join(path.read_bytes() for path in built.settings.data_dir.glob("cds.sqlite3*"))


@pytest.mark.requirement("FB1")
@pytest.mark.parametrize("body", [{}, {"feedback": None}, {"feedback": {}}, {"feedback": []}, {"feedback": [1] * 501}])
def test_a_report_holds_an_array_of_items(client, body):
    response = client.post(FEEDBACK, json=body)
    assert response.status_code == 400
    assert "feedback" in response.json["issue"][0]["diagnostics"]


@pytest.mark.requirement("FB2", "FB3", "FB4", "FB6")
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"card": None}, "card"),
        ({"card": "first"}, "card"),
        ({"outcome": None}, "outcome"),
        ({"outcome": "ignored"}, "outcome"),
        ({"acceptedSuggestions": None}, "acceptedSuggestions"),
        ({"acceptedSuggestions": []}, "acceptedSuggestions"),
        ({"acceptedSuggestions": [{}]}, "acceptedSuggestions"),
        ({"outcomeTimestamp": None}, "outcomeTimestamp"),
        ({"outcomeTimestamp": "yesterday"}, "outcomeTimestamp"),
        ({"outcomeTimestamp": "2026-01-02T03:04:05"}, "outcomeTimestamp"),
    ],
)
def test_an_item_without_its_form_is_refused_and_the_element_named(client, card, change, named):
    response = report(client, accepted(card, **change))
    assert response.status_code == 400
    (issue,) = response.json["issue"]
    assert issue["diagnostics"].startswith("feedback[0]: ")
    assert named in issue["diagnostics"]


@pytest.mark.requirement("FB2", "FB3", "FB4")
def test_an_accepted_suggestion_is_joined_to_its_card(client, built, card):
    assert results(report(client, accepted(card))) == ["recorded"]
    (item,) = stored(built, card)
    assert item.outcome == "accepted"
    assert item.suggestions == (card["suggestions"][0]["uuid"],)


@pytest.mark.requirement("FB6")
@pytest.mark.parametrize(
    "moment",
    ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z", "2026-01-02T04:04:05+01:00", "2026-01-02T03:04:05.0Z"],
)
def test_the_time_is_read_in_every_form_of_rfc_3339(client, built, card, moment):
    assert results(report(client, accepted(card, outcomeTimestamp=moment))) == ["recorded"]
    assert stored(built, card)[0].outcome_at.isoformat() == "2026-01-02T03:04:05+00:00"


@pytest.mark.requirement("FB3", "FB5")
@pytest.mark.parametrize(
    ("reason", "code", "commented"),
    [
        (None, None, False),
        ({"userComment": CANARY}, None, True),
        ({"reason": {"system": NON_ADHERENCE_SYSTEM, "code": "action-completed"}}, "action-completed", False),
        ({"reason": {"system": OVERRIDE_SYSTEM, "code": "data-wrong"}, "userComment": CANARY}, "data-wrong", True),
    ],
    ids=["nothing", "a comment", "a coding", "both"],
)
def test_overridden_may_say_why(client, built, card, reason, code, commented):
    assert results(report(client, overridden(card, reason))) == ["recorded"]
    (item,) = stored(built, card)
    assert (item.outcome, item.reason_code, item.comment is not None) == ("overridden", code, commented)


@pytest.mark.requirement("FB5")
@pytest.mark.parametrize("reason", ["done", {"reason": {"code": "c"}}, {"reason": {"system": "s"}}, {"userComment": 5}])
def test_a_reason_without_its_form_is_refused(client, card, reason):
    response = report(client, overridden(card, reason))
    assert response.status_code == 400
    assert "overrideReason" in response.json["issue"][0]["diagnostics"]


@pytest.mark.requirement("FB7")
def test_one_report_speaks_of_several_calls_and_of_one_card_twice(client, built):
    first, second = (ask(client, critical())["cards"][0] for _ in range(2))
    response = report(client, accepted(first), accepted(second), overridden(first))
    assert results(response) == ["recorded"] * 3
    assert [item.outcome for item in stored(built, first)] == ["accepted", "overridden"]
    assert [item.outcome for item in stored(built, second)] == ["accepted"]


@pytest.mark.requirement("FB9")
def test_the_same_report_twice_counts_once(client, built, card):
    first, again = report(client, accepted(card)), report(client, accepted(card))
    assert (first.status_code, again.status_code) == (200, 200)
    assert results(first) + results(again) == ["recorded", "duplicate"]
    assert len(stored(built, card)) == 1


@pytest.mark.requirement("FB10")
def test_a_bad_item_costs_only_itself(client, card):
    other = ask(client, critical())["cards"][0]
    unknown = accepted(card, card=str(uuid.uuid4()))
    foreign = accepted(card, acceptedSuggestions=[{"id": other["suggestions"][0]["uuid"]}])
    response = report(client, unknown, foreign, {"card": "x"}, accepted(card))
    assert response.status_code == 200
    assert results(response) == ["unknown-card", "suggestion-not-of-the-card", "malformed", "recorded"]
    assert report(client, unknown).status_code == 400


@pytest.mark.requirement("FB10")
def test_a_card_of_another_service_is_refused_item_by_item(client, built, card):
    other = replace(PATIENT_TRIAGE, id="other")
    both = app_of(built, services=(PATIENT_TRIAGE, other)).test_client()
    theirs = both.post("/cds-services/other", json=critical()).json["cards"][0]
    response = report(both, accepted(card), accepted(theirs), path="/cds-services/other/feedback")
    assert response.status_code == 200
    assert results(response) == ["card-of-another-service", "recorded"]
    assert stored(built, card) == ()


@pytest.mark.requirement("FB10")
def test_a_card_that_another_client_was_shown_is_refused_item_by_item(client, built, card):
    items = parse_feedback({"feedback": [accepted(card), {"card": "x"}]})
    refused = built.pipeline.feedback("patient-triage", items, client="https://other.example")
    assert [result["status"] for result in refused] == ["card-of-another-client", "malformed"]
    assert stored(built, card) == ()


@pytest.mark.requirement("FB11")
def test_a_comment_is_sealed(client, built, card):
    assert results(report(client, overridden(card, {"userComment": CANARY}))) == ["recorded"]
    assert stored(built, card)[0].comment
    data = on_disk(built)
    assert card["uuid"].encode() in data, "the item must be on disk for this test to mean anything"
    assert CANARY.split()[0].encode() not in data


@pytest.mark.requirement("F16", "FB12")
@pytest.mark.parametrize("code", NON_ADHERENCE_REASONS)
def test_each_of_hl7_s_reasons_is_kept_in_the_open_with_or_without_its_display(client, built, card, code):
    bare = {"system": NON_ADHERENCE_SYSTEM, "code": code}
    items = [
        overridden(card, {"reason": bare}),
        overridden(
            card, {"reason": bare | {"display": NON_ADHERENCE_REASONS[code]}}, outcomeTimestamp="2026-01-02T04:00:00Z"
        ),
    ]
    assert results(report(client, *items)) == ["recorded"] * 2
    kept = {(item.reason_system, item.reason_code, item.comment) for item in stored(built, card)}
    assert kept == {(NON_ADHERENCE_SYSTEM, code, None)}
    row = next(c for a in built.recorder.recent(5) for c in a["cards"] if c["uuid"] == card["uuid"])
    assert {(f["reason_system"], f["reason_code"]) for f in row["feedback"]} == {(NON_ADHERENCE_SYSTEM, code)}


@pytest.mark.requirement("FB12")
@pytest.mark.parametrize("code", FORMER_REASONS)
def test_a_reason_that_an_older_card_offered_still_counts(client, built, card, code):
    report(client, overridden(card, {"reason": {"system": OVERRIDE_SYSTEM, "code": code}}))
    assert stored(built, card)[0].reason_code == code


@pytest.mark.requirement("FB11", "FB12")
@pytest.mark.parametrize(
    ("system", "code"),
    [
        ("urn:clinic", "Zanzibarina"),
        ("urn:clinic", "action-completed"),
        (OVERRIDE_SYSTEM, "action-completed"),
        (NON_ADHERENCE_SYSTEM, "Zanzibarina"),
    ],
)
def test_any_other_reason_is_a_client_s_own_text_and_is_sealed(client, built, card, system, code):
    assert results(report(client, overridden(card, {"reason": {"system": system, "code": code}}))) == ["recorded"]
    (item,) = stored(built, card)
    assert (item.reason_system, item.reason_code) == (OVERRIDE_SYSTEM, "other")
    assert item.comment
    assert b"Zanzibarina" not in on_disk(built)


def test_feedback_is_not_taken_elsewhere(client, card):
    assert client.post(f"{CALL}/feedback/", json={"feedback": [accepted(card)]}).status_code == 404
    assert client.get(FEEDBACK).status_code == 405
