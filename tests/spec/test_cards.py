"""Cards, suggestions and actions (checklist section F), on the answers to charts of every kind."""

import re
import uuid

import pytest
from markdown_it import MarkdownIt

from cds_service import pipeline
from cds_service.card_text import MAX_SUMMARY
from cds_service.cards import EXTENSION
from cds_service.review.reasons import OVERRIDE_SYSTEM
from fhir_mappers import r4
from hooks.feedback import NON_ADHERENCE_REASONS, NON_ADHERENCE_SYSTEM
from hooks.response import problems
from tests.spec.calls import CALL, advice, critical, keys, not_evaluated

INDICATORS = {"critical": "critical", "same_day": "info", "patient_alone": "info", "hostile": "critical"}


def suggestions_of(shown):
    return [suggestion for _, card in shown for suggestion in card["suggestions"]]


def actions_of(shown):
    return [action for suggestion in suggestions_of(shown) for action in suggestion["actions"]]


@pytest.mark.requirement("F1")
def test_each_chart_gets_a_list_of_cards_that_keeps_the_protocol(answers):
    for answer in answers.values():
        assert isinstance(answer["cards"], list)
        assert problems(answer) == ()


@pytest.mark.requirement("F1", "K1")
def test_an_answer_that_would_break_the_protocol_is_not_sent(client, monkeypatch):
    """The check behind every answer: a card without an indicator is a crash, not a card."""
    build = pipeline.cards.build

    def broken(*args, **kwargs):
        made = build(*args, **kwargs)
        del made.cards[0]["indicator"]
        return made

    monkeypatch.setattr(pipeline.cards, "build", broken)
    response = client.post(CALL, json=critical())
    assert response.status_code == 500
    assert "cards" not in response.json


@pytest.mark.requirement("F2")
def test_when_nothing_is_to_be_said_the_list_is_empty(answers):
    assert answers["well"]["cards"] == []
    assert not_evaluated(answers["well"]) == {}


@pytest.mark.requirement("F3", "S2")
def test_no_system_action_is_sent(answers):
    assert all("systemActions" not in set(keys(answer)) for answer in answers.values())


@pytest.mark.requirement("F4")
def test_a_summary_is_one_short_line(shown):
    for _, card in shown:
        assert 0 < len(card["summary"]) <= MAX_SUMMARY < 140
        assert "\n" not in card["summary"]


@pytest.mark.requirement("F5")
@pytest.mark.parametrize(("chart", "indicator"), INDICATORS.items())
def test_the_first_card_says_how_urgent_it_is(answers, chart, indicator):
    assert answers[chart]["cards"][0]["indicator"] == indicator
    assert {card["indicator"] for card in answers[chart]["cards"]} <= {"info", "warning", "critical"}


@pytest.mark.requirement("F6", "F7", "F8")
def test_a_source_says_who_speaks_and_of_what(shown):
    for _, card in shown:
        source = card["source"]
        assert source["label"]
        assert source["topic"]["system"].startswith("https://")
        assert source["topic"]["code"]
        assert source.get("url", "https://").startswith("https://")
        assert "icon" not in source
    assert any("url" in card["source"] for _, card in shown)


@pytest.mark.requirement("F9")
def test_each_card_and_suggestion_has_a_uuid_of_its_own(shown):
    ids = [card["uuid"] for _, card in shown] + [suggestion["uuid"] for suggestion in suggestions_of(shown)]
    assert len(set(ids)) == len(ids) > len(shown)
    assert all(str(uuid.UUID(name)) == name for name in ids)


@pytest.mark.requirement("F10")
def test_a_detail_is_markdown_with_lists_and_emphasis(answers):
    kinds = {token.type for token in _tokens(answers["critical"]["cards"][0]["detail"])}
    assert {"paragraph_open", "bullet_list_open", "strong_open", "code_inline"} <= kinds


@pytest.mark.requirement("F11", "L4")
def test_no_html_no_link_and_no_image_comes_alive(answers, shown):
    assert {"hostile", "with_assessment"} <= {name for name, _ in shown}
    for _, card in shown:
        alive = {"html_block", "html_inline", "link_open", "image", "heading_open"}
        assert alive.isdisjoint(token.type for token in _tokens(card["detail"]))
        assert not any(start in card["detail"] for start in ("http:", "https:", "www."))
        for text in (card["summary"], card["source"]["label"], *(s["label"] for s in card["suggestions"])):
            assert not any(tag in text for tag in ("<img", "<script", "</"))


@pytest.mark.requirement("L1", "L2", "L4")
def test_cards_lead_to_this_service_alone_and_to_no_address_out_of_the_chart(answers):
    links = [link for answer in answers.values() for card in answer["cards"] for link in card.get("links", ())]
    assert {tuple(sorted(link)) for link in links} == {("label", "type", "url")}
    assert {link["type"] for link in links} == {"absolute"}
    assert all(re.fullmatch(r"http://127\.0\.0\.1:8080/review/answers/ans-[\w-]+", link["url"]) for link in links)
    assert "evil" not in str(answers["hostile"])


@pytest.mark.requirement("F12", "F13")
def test_suggestions_may_be_taken_in_any_number_and_none_is_pressed(shown):
    for _, card in shown:
        assert card["suggestions"]
        assert card["selectionBehavior"] == "any"
        assert "isRecommended" not in set(keys(card))


@pytest.mark.requirement("F14")
def test_a_suggestion_has_a_label_and_actions(shown):
    for suggestion in suggestions_of(shown):
        assert suggestion["label"]
        assert set(suggestion) == {"label", "uuid", "actions"}


@pytest.mark.requirement("F15", "F16")
def test_cards_offer_hl7_s_reasons_to_dismiss_them_in_hl7_s_words(shown):
    for _, card in shown:
        reasons = card["overrideReasons"]
        assert 3 <= len(reasons) <= 7
        assert all(set(reason) == {"system", "code", "display"} and all(reason.values()) for reason in reasons)
        hl7 = {r["code"]: r["display"] for r in reasons if r["system"] == NON_ADHERENCE_SYSTEM}
        assert hl7.items() <= NON_ADHERENCE_REASONS.items()
        assert [r["code"] for r in reasons if r["system"] == OVERRIDE_SYSTEM] == ["data-wrong"]


@pytest.mark.requirement("F17", "G1", "G2")
def test_a_suggestion_is_one_whole_step_that_describes_itself(shown):
    for suggestion in suggestions_of(shown):
        (action,) = suggestion["actions"]
        assert action["type"] == "create"
        assert action["description"]


@pytest.mark.requirement("F18")
def test_nothing_is_sent_that_only_a_3_0_client_knows(answers):
    for answer in answers.values():
        assert "actionSelectionBehavior" not in set(keys(answer))


@pytest.mark.requirement("F19")
def test_the_extension_is_named_in_reverse_dns(answers):
    for answer in answers.values():
        assert list(answer["extension"]) == [EXTENSION] == ["org.cds-service.advice"]
        assert advice(answer)["versions"]


@pytest.mark.requirement("F19")
def test_the_extension_gives_the_news2_score_and_its_parts(answers):
    news2 = next(f for f in advice(answers["critical"])["findings"] if f["id"] == "news2")
    # RR 26: 3, SpO2 91: 3, SBP 98: 2, HR 118: 2, alert: 0, 38.7 Cel: 1 (Royal College of Physicians 2017)
    assert news2["values"]["score"] == 11
    assert (news2["values"]["respiratory_rate"], news2["values"]["temperature"]) == (3, 1)


@pytest.mark.requirement("G3")
def test_a_create_carries_a_new_valid_resource_for_this_patient(answers):
    for action in actions_of([("critical", card) for card in answers["critical"]["cards"]]):
        resource = action["resource"]
        r4.validate(resource)
        assert "id" not in resource
        assert (resource.get("for") or resource["subject"]) == {"reference": "Patient/demo-1"}


@pytest.mark.requirement("K3")
def test_each_card_says_as_of_when_its_data_are(answers, shown):
    for name, card in shown:
        stated = "The chart states no time for its data." if name == "patient_alone" else "Data as of "
        assert stated in card["detail"]
    assert re.search(
        r"^Data as of \d{4}-\d\d-\d\d \d\d:\d\d UTC\.$", answers["critical"]["cards"][0]["detail"], re.MULTILINE
    )


def _tokens(detail):
    for token in MarkdownIt("commonmark").parse(detail):
        yield token
        yield from token.children or ()
