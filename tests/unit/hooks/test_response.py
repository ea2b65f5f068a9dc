"""The response check: every rule has a response that breaks it."""

import copy

import pytest

from hooks.response import problems

CARD = {
    "uuid": "11111111-1111-4111-8111-111111111111",
    "summary": "One sentence",
    "indicator": "info",
    "detail": "**Bold**",
    "source": {"label": "Rules", "url": "https://example.org", "topic": {"system": "urn:s", "code": "c"}},
    "suggestions": [
        {
            "label": "Do it",
            "uuid": "s",
            "actions": [{"type": "create", "description": "d", "resource": {"resourceType": "Task"}}],
        }
    ],
    "selectionBehavior": "any",
    "overrideReasons": [{"system": "urn:s", "code": "c", "display": "Because"}],
    "links": [{"label": "l", "url": "https://example.org", "type": "absolute"}],
}


def response(change=lambda card: None):
    card = copy.deepcopy(CARD)
    change(card)
    return {"cards": [card]}


def test_a_good_response_has_no_problems():
    assert problems(response()) == ()
    assert problems({"cards": []}) == ()


def put(path, value):
    def change(card):
        target = card
        for step in path[:-1]:
            target = target[step]
        if value is ...:
            del target[path[-1]]
        else:
            target[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("requirement", "path", "value"),
    [
        ("A2", ["detail"], ""),
        ("A2", ["suggestions", 0, "isRecommended"], None),
        ("F4", ["summary"], "x" * 140),
        ("F4", ["summary"], ...),
        ("F5", ["indicator"], "hard-stop"),
        ("F5", ["indicator"], ...),
        ("F6", ["source"], ...),
        ("F6", ["source", "label"], ...),
        ("F7", ["source", "url"], "/relative"),
        ("F8", ["source", "topic", "system"], ...),
        ("F9", ["uuid"], ...),
        ("F11", ["detail"], "<b>raw</b>"),
        ("F11", ["summary"], "<script>"),
        ("F12", ["selectionBehavior"], ...),
        ("F12", ["selectionBehavior"], "all"),
        ("F14", ["suggestions", 0, "label"], ...),
        ("F15", ["overrideReasons", 0, "display"], ...),
        ("G1", ["suggestions", 0, "actions", 0, "type"], "order"),
        ("G2", ["suggestions", 0, "actions", 0, "description"], ...),
        ("G3", ["suggestions", 0, "actions", 0, "resource"], ...),
        ("G5", ["suggestions", 0, "actions", 0, "type"], "delete"),
        ("L1", ["links", 0, "type"], "relative"),
        ("L1", ["links", 0, "url"], "javascript:alert(1)"),
        ("L2", ["links", 0, "appContext"], "x"),
    ],
)
def test_each_rule_finds_what_breaks_it(requirement, path, value):
    assert len(problems(response(put(path, value)))) == 1


def test_f1_cards_are_required():
    assert problems({"extension": {"a": 1}})


def test_f9_uuids_are_unique():
    assert problems({"cards": [copy.deepcopy(CARD), copy.deepcopy(CARD)]})


def test_f13_at_most_one_is_recommended():
    def change(card):
        card["selectionBehavior"] = "at-most-one"
        card["suggestions"] *= 2
        for suggestion in card["suggestions"]:
            suggestion["isRecommended"] = True

    assert problems(response(change))


def test_s2_system_actions_are_never_sent():
    assert problems({"cards": [], "systemActions": [{"type": "create"}]})
