"""Cards: what advice becomes, and that nothing in it can come alive as markup."""

import itertools
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from markdown_it import MarkdownIt

from cds_service import card_maker, card_text, cards
from cds_service.domain import (
    PRELIMINARY_NOTICE,
    Advice,
    Assessment,
    AssessmentOutcome,
    AssessmentStatus,
    Citation,
    Draft,
    Finding,
    FindingKind,
    NotEvaluated,
    Passage,
    Priority,
    Proposal,
    ProposalKind,
    floor_of,
)
from cds_service.review_links import ReviewLinks
from fhir_mappers.case import Case, Demographics, Source
from hooks.response import problems

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HOSTILE = "<img src=x onerror=alert(1)> [click](http://evil.example) `code` **bold** www.evil.example"


def finding(priority, **changes):
    values = {
        "rule": "news2",
        "version": "1",
        "priority": priority,
        "title": "NEWS2 9",
        "reason": "The score is 9.",
        "citation": Citation(
            title="NEWS2", publisher="Royal College of Physicians", year=2017, url="https://example.org/news2"
        ),
        "sources": ("obs-1",),
        "where_and_when": "Start the emergency response now",
        "values": {"score": 9, "missing": None},
    }
    return Finding(**(values | changes))


def passage(index, **changes):
    values = {
        "id": f"guide-{index}#part.1",
        "guideline": f"guide-{index}",
        "version": "1",
        "title": "A guideline",
        "section": "A section",
        "text": "Do this & that.",
        "source": "A college",
        "year": 2024,
        "licence": "Apache-2.0",
        "clinical_review": "none",
        "source_url": "https://example.org/guide",
    }
    return Passage(**(values | changes))


def assessment(**changes):
    values = {
        "priority": Priority.HIGH,
        "priority_reason": "Possible infection",
        "key_concerns": ("Possible sepsis",),
        "risk_factors": ("age over 65",),
        "actions": ("See today",),
        "questions": ("Since when?",),
        "assessment": "Concerning for infection.",
        "passages": ("guide-1#part.1",),
    }
    return Assessment(draft=Draft(**(values | changes)), confidence=0.5, likelihood="possible", model="m")


def advice(findings=(), passages=(), outcome=None, not_evaluated=(), visit_reason=True):
    return Advice(
        priority=floor_of(findings),
        floor=floor_of(findings),
        findings=tuple(findings),
        passages=tuple(passages),
        outcome=outcome or AssessmentOutcome(status=AssessmentStatus.PENDING),
        not_evaluated=tuple(not_evaluated),
        versions={"rules": "1"},
        visit_reason=visit_reason,
    )


CASE = Case(
    patient_id="p1",
    now=NOW,
    demographics=Demographics(),
    sources={
        "obs-1": Source(
            handle="obs-1",
            reference="Observation/abc",
            resource_type="Observation",
            as_of=NOW - timedelta(minutes=5),
        )
    },
    data_as_of=NOW - timedelta(minutes=5),
)


def build(made, links=()):
    counter = itertools.count(1)
    return cards.build(made, CASE, encounter_id="e1", new_uuid=lambda: str(uuid.UUID(int=next(counter))), links=links)


def body(made):
    return {"cards": list(build(made).cards), "extension": cards.extension(made)}


def test_cards_that_ask_for_a_review_lead_to_it_and_no_link_names_a_person():
    made = advice([finding(Priority.CRITICAL)], [passage(1)], READY)
    for client, kind in (("practice", "absolute"), ("launching", "smart")):
        links = ReviewLinks(external_url="https://cds.clinic.example", smart_clients=frozenset({"launching"}))
        shown = cards.build(
            made, CASE, encounter_id="e1", new_uuid=lambda: str(uuid.uuid4()), links=links.of(client, "ans-1")
        )
        assert problems({"cards": list(shown.cards), "extension": cards.extension(made)}) == ()
        leading = {
            k: [link["type"] for link in c.get("links", ())] for k, c in zip(shown.kinds, shown.cards, strict=True)
        }
        assert leading == {"floor": [kind], "guideline": [], "ai": [kind]}
        assert CASE.patient_id not in str([c.get("links") for c in shown.cards])


READY = AssessmentOutcome(status=AssessmentStatus.READY, assessment=assessment())


def test_every_kind_of_card_keeps_the_protocol():
    made = advice([finding(Priority.CRITICAL)], [passage(i) for i in range(5)], READY)
    assert problems(body(made)) == ()
    assert build(made).kinds == ("floor", "guideline", "guideline", "guideline", "ai")


@pytest.mark.parametrize(("priority", "indicator"), [(Priority.CRITICAL, "critical"), (Priority.HIGH, "warning")])
def test_an_urgent_floor_makes_a_card_first(priority, indicator):
    card = build(advice([finding(priority)])).cards[0]
    assert card["indicator"] == indicator
    assert card["summary"].startswith(f"{priority.label}: NEWS2 9")
    assert "Start the emergency response now" in card["detail"]


def test_a_medium_floor_asks_for_the_same_day_quietly():
    (card,) = build(advice([finding(Priority.MEDIUM), finding(Priority.LOW, title="Other")])).cards
    assert card["indicator"] == "info"
    assert card["summary"].startswith("Medium, same day: NEWS2 9")
    assert "Other" not in card["detail"]


def test_a_low_floor_makes_no_card():
    assert build(advice([finding(Priority.LOW)])).cards == ()


def test_a_card_names_evidence_source_and_time():
    detail = build(advice([finding(Priority.HIGH)])).cards[0]["detail"]
    assert "Observation/abc" in detail
    assert "2026-05-04 11:55 UTC" in detail
    assert "Royal College of Physicians, 2017" in detail


def test_what_was_not_evaluated_stands_in_the_text():
    missing = NotEvaluated(what="allergies", reason="the EHR sent none")
    assert (
        "allergies: the EHR sent none"
        in build(advice([finding(Priority.HIGH)], not_evaluated=[missing])).cards[0]["detail"]
    )
    assert "allergies: the EHR sent none" in build(advice([], [passage(1)], not_evaluated=[missing])).cards[0]["detail"]


def test_silence_is_broken_when_something_was_not_evaluated():
    missing = NotEvaluated(what="allergies", reason="the EHR sent none")
    made = build(advice(not_evaluated=[missing]))
    assert made.kinds == ("notice",)
    assert "allergies: the EHR sent none" in made.cards[0]["detail"]


@pytest.mark.parametrize("status", [AssessmentStatus.UNAVAILABLE, AssessmentStatus.WITHHELD])
def test_silence_is_broken_when_the_model_failed(status):
    made = build(advice(outcome=AssessmentOutcome(status=status)))
    assert made.kinds == ("notice",)
    assert card_maker.STATUS_WORDS[status] in made.cards[0]["detail"]


@pytest.mark.parametrize("status", [AssessmentStatus.OFF, AssessmentStatus.PENDING])
def test_no_card_when_everything_was_evaluated(status):
    made = advice(outcome=AssessmentOutcome(status=status))
    assert build(made).cards == ()
    assert cards.extension(made)[cards.EXTENSION]["assessment"]["status"] == status.value


def test_an_unreviewed_guideline_says_so_and_a_reviewed_one_does_not():
    unreviewed, reviewed = build(advice([], [passage(1), passage(2, clinical_review="physician, 2026-01-01")])).cards
    assert "No clinician has reviewed" in unreviewed["detail"]
    assert "No clinician has reviewed" not in reviewed["detail"]


def test_the_ai_card_is_labelled():
    card = build(advice(outcome=READY)).cards[0]
    assert PRELIMINARY_NOTICE in card["detail"]
    assert "AI" in card["summary"]
    assert "AI-made" in card["source"]["label"]
    assert "url" not in card["source"]
    assert "links" not in card


def test_model_and_guideline_text_cannot_become_markup():
    draft = assessment(
        priority_reason=HOSTILE, key_concerns=(HOSTILE,), questions=(HOSTILE,), assessment=HOSTILE, actions=(HOSTILE,)
    )
    outcome = AssessmentOutcome(status=AssessmentStatus.READY, assessment=draft)
    made = advice([], [passage(1, text=HOSTILE, title=HOSTILE)], outcome)
    assert problems(body(made)) == ()
    for card in build(made).cards:
        html = MarkdownIt("commonmark", {"html": True}).render(card["detail"])
        assert not re.search(r"<(a|img|script|h\d)\b", html)
        assert "http://evil" not in card["detail"]  # GFM makes links of bare addresses
        assert "www.evil" not in card["detail"]
        assert "<img" not in card["summary"]
        assert not any("url" in suggestion for suggestion in card["suggestions"])


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("SpO2 < 90 %", "SpO2 &lt; 90 %"),
        ("a_b*c", "a\\_b\\*c"),
        ("# heading", "\\# heading"),
        ("- item", "\\- item"),
        ("1. item", "1\\. item"),
        ("line\nline", "line line"),
        ("plain, 3.5 mg/dL (high)", "plain, 3.5 mg/dL (high)"),
    ],
)
def test_escaping(text, escaped):
    assert card_text.escape(text) == escaped


def test_summaries_are_cut_at_a_word():
    short = card_text.shorten("word " * 60)
    assert len(short) <= card_text.MAX_SUMMARY
    assert short.endswith("word…")


def test_each_card_offers_a_valid_order():
    for card in build(advice([finding(Priority.HIGH, topic="chest-pain")], [passage(1)], READY)).cards:
        for suggestion in card["suggestions"]:
            (action,) = suggestion["actions"]
            assert action["resource"]["resourceType"] in ("Task", "ServiceRequest")
            assert action["resource"]["intent"] == "proposal"
    kinds = [
        s["actions"][0]["resource"]["resourceType"]
        for s in build(advice([finding(Priority.HIGH, topic="chest-pain")])).cards[0]["suggestions"]
    ]
    assert kinds == ["Task", "ServiceRequest"]


def test_the_extension_leaves_out_what_is_empty():
    content = cards.extension(advice([finding(Priority.HIGH)]))[cards.EXTENSION]
    assert content["findings"] == [{"id": "news2", "priority": "High", "title": "NEWS2 9", "values": {"score": 9}}]
    assert "passages" not in content
    assert "notEvaluated" not in content


def test_nothing_lowers_the_floor():
    with pytest.raises(ValueError, match="floor"):
        Advice(
            priority=Priority.LOW,
            floor=Priority.HIGH,
            findings=(),
            passages=(),
            outcome=READY,
            not_evaluated=(),
            versions={},
        )


LIPIDS = Proposal(
    label="Draft an order: lipid panel",
    reason="None in the data",
    system="http://loinc.org",
    code="57698-3",
    display="Lipids",
)
REVIEW = Proposal(label="Ask the physician to review both", reason="Bleeding", kind=ProposalKind.REVIEW)


def gap(number, **changes):
    values = {"rule": f"gap-{number}", "title": f"Gap {number}", "kind": FindingKind.CARE_GAP, "where_and_when": None}
    return finding(Priority.LOW, **(values | {"rank": number, "proposals": (LIPIDS,)} | changes))


def medicine(priority, **changes):
    values = {
        "rule": "drug-drug",
        "title": "Two medicines",
        "kind": FindingKind.MEDICATION_SAFETY,
        "proposals": (REVIEW,),
    }
    return finding(priority, **(values | changes))


def test_the_first_three_care_gaps_share_one_quiet_card():
    made = advice([gap(4), gap(2), gap(1), gap(3)])
    (card,) = build(made).cards
    assert card["indicator"] == "info"
    assert [n for n in "1234" if f"Gap {n}" in card["detail"]] == ["1", "2", "3"]
    assert [f.rank for f in build(made).findings[0]] == [1, 2, 3]
    assert problems(body(made)) == ()


def test_a_proposal_that_two_gaps_share_is_offered_once_as_a_draft():
    (card,) = build(advice([gap(1), gap(2)])).cards
    (suggestion,) = card["suggestions"]
    resource = suggestion["actions"][0]["resource"]
    assert (resource["resourceType"], resource["status"], resource["intent"]) == ("ServiceRequest", "draft", "proposal")
    assert resource["code"]["coding"][0]["code"] == "57698-3"


def test_medication_safety_asks_a_physician_and_changes_nothing():
    (card,) = build(advice([medicine(Priority.MEDIUM)], visit_reason=False)).cards
    task = card["suggestions"][0]["actions"][0]["resource"]
    assert card["indicator"] == "warning"
    assert (task["resourceType"], task["intent"], task["code"]["text"]) == ("Task", "proposal", "Physician review")


def test_a_moderate_interaction_alone_makes_no_card_and_stands_in_the_extension():
    made = advice([medicine(Priority.LOW)])
    assert build(made).cards == ()
    assert cards.extension(made)[cards.EXTENSION]["findings"][0]["kind"] == "medication-safety"


def test_a_medicine_does_not_make_the_patient_urgent_on_the_triage_card():
    made = advice([finding(Priority.HIGH), medicine(Priority.HIGH)])
    assert build(made).kinds == ("floor", "medication-safety")
    assert "Two medicines" not in build(made).cards[0]["detail"]


def test_what_was_not_evaluated_is_told_once_on_the_first_card():
    made = advice([medicine(Priority.MEDIUM), gap(1)], not_evaluated=[NotEvaluated(what="labs", reason="not sent")])
    assert ["not sent" in card["detail"] for card in build(made).cards] == [True, False]


def test_a_routine_chart_with_care_gaps_gets_no_guideline_cards():
    assert build(advice([gap(1)], [passage(1)], visit_reason=False)).kinds == ("care-gap",)
    assert build(advice([], [passage(1), passage(2)], visit_reason=False)).kinds == ("guideline",)
    assert build(advice([gap(1)], [passage(1)])).kinds == ("care-gap", "guideline")


def test_a_strength_and_a_source_without_a_year_are_shown_as_they_are():
    (card,) = build(advice([], [passage(1, strength="class 1, level A", year=None)])).cards
    assert "Strength: class 1, level A." in card["detail"]
    assert "None" not in card["detail"] + card["source"]["label"]


def test_a_proposal_is_coded_exactly_when_it_orders_something():
    with pytest.raises(ValueError, match="code"):
        Proposal(label="Order", reason="why")
    with pytest.raises(ValueError, match="code"):
        Proposal(label="Review", reason="why", kind=ProposalKind.REVIEW, system="s", code="c", display="d")
    with pytest.raises(ValueError, match="label"):
        Proposal(label="x" * 121, reason="why", kind=ProposalKind.REVIEW)


def test_nobody_is_told_of_care_gaps_beside_something_urgent():
    assert build(advice([finding(Priority.HIGH), gap(1)])).kinds == ("floor",)


def test_a_prefetch_key_is_told_in_words():
    made = advice([finding(Priority.HIGH)], not_evaluated=[NotEvaluated(what="socialHistory", reason="not sent")])
    assert "- social history: not sent" in build(made).cards[0]["detail"]
    assert cards.extension(made)[cards.EXTENSION]["notEvaluated"] == [{"what": "socialHistory", "reason": "not sent"}]
    assert [card_text.plain_key(w) for w in ("NEWS2", "vital signs", "labs")] == ["NEWS2", "vital signs", "labs"]
