"""The response rules: each has a response that breaks it, and nothing makes them fail."""

import copy
import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooks.response import problems, stricter, violations

CARD = {
    "uuid": "11111111-1111-4111-8111-111111111111",
    "summary": "One sentence",
    "indicator": "info",
    "detail": "**Bold**",
    "source": {"label": "Rules", "url": "https://example.org", "topic": {"system": "urn:s", "code": "c"}},
    "suggestions": [
        {
            "label": "Do it",
            "uuid": "22222222-2222-4222-8222-222222222222",
            "actions": [{"type": "create", "description": "d", "resource": {"resourceType": "Task"}}],
        }
    ],
    "selectionBehavior": "any",
    "overrideReasons": [{"system": "urn:s", "code": "c", "display": "Because"}],
    "links": [{"label": "l", "url": "https://example.org", "type": "absolute"}],
    "extension": {"org.example": {"depth": 1}},
}
SUGGESTION = ["suggestions", 0]
ACTION = [*SUGGESTION, "actions", 0]
LINK = ["links", 0]
GONE = object()


def response(*changes):
    """A good response of one card in which each (path, value) of `changes` is put."""
    card = copy.deepcopy(CARD)
    for path, value in changes:
        target = card
        for step in path[:-1]:
            target = target[step]
        if value is GONE:
            del target[path[-1]]
        else:
            target[path[-1]] = value
    return {"cards": [card]}


def ids(found):
    return [violation.id for violation in found]


def test_a_good_response_breaks_nothing():
    for good in (response(), {"cards": []}):
        assert violations(good) == ()
        assert problems(good) == ()


@pytest.mark.requirement(
    "A2", "F4", "F5", "F6", "F7", "F8", "F10", "F12", "F14", "F15", "F17", "F18", "F19",
    "G1", "G2", "G3",
)  # fmt: skip
@pytest.mark.parametrize(
    ("requirement", "path", "value"),
    [
        ("A2", ["detail"], ""),
        ("A2", [*SUGGESTION, "isRecommended"], None),
        ("A2", ["links"], []),
        ("A2", ["extension", "org.example"], {}),
        ("A2", [*ACTION, "resource", "contained"], [{}]),
        ("F4", ["summary"], "x" * 140),
        ("F4", ["summary"], GONE),
        ("F4", ["summary"], ["x"]),
        ("F5", ["indicator"], "hard-stop"),
        ("F5", ["indicator"], "success"),
        ("F5", ["indicator"], ["info"]),
        ("F5", ["indicator"], GONE),
        ("F6", ["source"], GONE),
        ("F6", ["source"], "Rules"),
        ("F6", ["source", "label"], GONE),
        ("F6", ["source", "label"], 5),
        ("F7", ["source", "url"], "/relative"),
        ("F7", ["source", "url"], "https://"),
        ("F7", ["source", "icon"], "//example.org/icon.png"),
        ("F7", ["source", "icon"], "https://[broken"),
        ("F8", ["source", "topic", "system"], GONE),
        ("F8", ["source", "topic", "system"], "not a uri"),
        ("F8", ["source", "topic", "code"], 7),
        ("F8", ["source", "topic"], "triage"),
        ("F9", ["uuid"], 12),
        ("F10", ["detail"], ["text"]),
        ("F12", ["selectionBehavior"], GONE),
        ("F12", ["selectionBehavior"], "all"),
        ("F14", ["suggestions"], {"label": "l"}),
        ("F14", ["suggestions"], ["Do it"]),
        ("F14", [*SUGGESTION, "label"], GONE),
        ("F14", [*SUGGESTION, "uuid"], 3),
        ("F14", [*SUGGESTION, "isRecommended"], "true"),
        ("F15", ["overrideReasons"], "none"),
        ("F15", ["overrideReasons", 0], "refused"),
        ("F15", ["overrideReasons", 0, "display"], GONE),
        ("F15", ["overrideReasons", 0, "system"], "override"),
        ("F17", [*SUGGESTION, "actions"], {"type": "create"}),
        ("F18", [*SUGGESTION, "actionSelectionBehavior"], "any"),
        ("F19", ["extension"], ["x"]),
        ("F19", ["source", "extension"], "x"),
        ("F19", [*ACTION, "extension"], "x"),
        ("G1", [*ACTION, "type"], "order"),
        ("G2", [*ACTION, "description"], GONE),
        ("G3", [*ACTION, "resource"], GONE),
        ("G3", [*ACTION, "resource"], {"status": "draft"}),
        ("G4", ACTION, {"type": "update", "description": "d", "resource": {"resourceType": "Task"}}),
        ("G5", ACTION, {"type": "delete", "description": "d", "resourceId": "https://example.org/Task/1"}),
        ("G5", ACTION, {"type": "delete", "description": "d", "resourceId": "Task/1", "resource": "Task/1"}),
        ("L1", ["links"], {"url": "https://example.org"}),
        ("L1", [*LINK, "type"], "relative"),
        ("L1", [*LINK, "label"], GONE),
        ("L1", [*LINK, "url"], "javascript:alert(1)"),
        ("L1", [*LINK, "url"], "https://example.org/\nx"),
        ("L2", [*LINK, "appContext"], "x"),
        ("L2", LINK, {"label": "l", "url": "https://example.org", "type": "smart", "appContext": {"a": 1}}),
        ("L3", [*LINK, "autolaunchable"], "yes"),
    ],
)
def test_each_rule_of_the_specification_finds_what_breaks_it(requirement, path, value):
    assert ids(violations(response((path, value)))) == [requirement]


@pytest.mark.requirement("F9", "F11", "F14")
@pytest.mark.parametrize(
    ("requirement", "path", "value"),
    [
        ("F9", ["uuid"], GONE),
        ("F9", ["uuid"], "card-1"),
        ("F14", [*SUGGESTION, "uuid"], GONE),
        ("F11", ["detail"], "<b>raw</b>"),
        ("F11", ["detail"], r"\\<b>the backslash is escaped, the tag is not</b>"),
        ("F11", ["detail"], "![pixel](https://example.org/p.png)"),
        ("F11", ["detail"], "[press](JavaScript:alert(1))"),
        ("F11", ["summary"], "<script>"),
        ("F11", ["summary"], r"\<img src=x>"),
        ("F11", ["source", "label"], "<i>Rules</i>"),
        ("F11", ["source", "topic", "display"], "</p>"),
        ("F11", [*SUGGESTION, "label"], "<img src=x>"),
        ("F11", [*ACTION, "description"], "<!-- x -->"),
        ("F11", ["overrideReasons", 0, "display"], "<u>Because</u>"),
        ("F11", [*LINK, "label"], "<a>"),
    ],
)
def test_our_own_rules_are_stricter_and_kept_apart(requirement, path, value):
    changed = response((path, value))
    assert violations(changed) == ()
    assert ids(stricter(changed)) == [requirement]
    assert len(problems(changed)) == 1


def test_f11_what_markdown_escapes_is_no_markup():
    assert stricter(response((["detail"], r"a \<b> and 3 < 4 and \![x] and [source](https://example.org)"))) == ()


@pytest.mark.parametrize("broken", [None, [], "cards", {}, {"cards": {}}, {"cards": None}])
def test_f1_a_response_is_an_object_with_an_array_of_cards(broken):
    assert "F1" in ids(violations(broken))
    assert problems(broken)


@pytest.mark.requirement("F1")
def test_f1_a_card_is_an_object():
    assert ids(violations({"cards": ["card", copy.deepcopy(CARD)]})) == ["F1"]


@pytest.mark.requirement("F9", "F14")
def test_f9_f14_uuids_are_unique_across_the_response():
    twice = {"cards": [copy.deepcopy(CARD), copy.deepcopy(CARD)]}
    assert ids(violations(twice)) == ["F9", "F14"]


@pytest.mark.requirement("F13")
def test_f13_at_most_one_is_recommended():
    recommended = [
        {"label": "l", "uuid": f"2222222{n}-2222-4222-8222-222222222222", "isRecommended": True} for n in range(2)
    ]
    changed = response((["suggestions"], recommended), (["selectionBehavior"], "at-most-one"))
    assert ids(violations(changed)) == ["F13"]


@pytest.mark.requirement("G2", "S2", "F3")
def test_g2_a_system_action_needs_no_description_and_s2_we_never_send_one():
    sent = {"cards": [], "systemActions": [{"type": "create", "resource": {"resourceType": "Task"}}]}
    assert violations(sent) == ()
    assert ids(stricter(sent)) == ["S2"]
    assert ids(violations({"cards": [], "systemActions": {"type": "create"}})) == ["F3"]


def test_a2_fhir_may_hold_null_beside_an_extension():
    given_names = {"resourceType": "Patient", "name": [{"given": [None], "_given": [{"id": "a"}]}]}
    assert violations(response(([*ACTION, "resource"], given_names))) == ()


def test_a_violation_says_where_and_what():
    assert problems(response((["source", "url"], "x"))) == ("cards[0].source.url must be an absolute URL (F7)",)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PLACES = [
    ["uuid"], ["summary"], ["indicator"], ["source"], ["source", "url"], ["source", "topic"], ["suggestions"],
    SUGGESTION, [*SUGGESTION, "actions"], ACTION, [*ACTION, "resource"], ["selectionBehavior"], ["overrideReasons"],
    ["overrideReasons", 0], ["links"], LINK, [*LINK, "url"], ["extension"],
]  # fmt: skip


@given(st.sampled_from(PLACES), JSON)
def test_no_value_anywhere_makes_the_rules_fail(path, value):
    problems(response((path, value)))
    problems(value)


def test_the_rules_agree_with_a_fhir_validator_on_good_and_bad_responses(shared_data):
    folder = shared_data / "cds_hooks" / "fhir_test_cases"
    rows = [r for r in csv.DictReader((folder / "INDEX.csv").open()) if r["logical"] == "CDSHooksResponse"]
    assert len(rows) > 5
    longer_than_the_validator_counts = {"cdshooks__cdshooks-response-source-link.json"}
    for row in rows:
        found = violations(json.loads((folder / row["file"]).read_text()))
        if row["file"] in longer_than_the_validator_counts:
            assert "F4" in ids(found)
        else:
            assert bool(found) == (int(row["n_error"]) > 0), (row["file"], found)


def test_the_examples_of_the_specification_are_good_but_for_its_known_mistakes(shared_data):
    folder = shared_data / "cds_hooks" / "docs_examples"
    rows = [r for r in csv.DictReader((folder / "INDEX.csv").open()) if r["kind"] == "response"]
    assert len(rows) > 5
    found = {row["file"]: ids(violations(json.loads((folder / row["file"]).read_text()))) for row in rows}
    wrong_in_the_specification = {
        "hl7spec__index__28.json": ["F5"],  # the autolaunchable example has no indicator
        "docs__current__23.json": ["F5"],
        "docs__quickstart__01.json": ["F5"],  # "success", a value of a draft
    }
    assert {file: broken for file, broken in found.items() if broken} == wrong_in_the_specification
