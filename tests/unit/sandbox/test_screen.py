"""What a service sends is shown and does nothing: no escape sequence, no markup, no hidden address."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cds_service.sandbox.answers import Shown
from cds_service.sandbox.client import Offered, offered, refusal
from cds_service.sandbox.screen import Screen
from cds_service.sandbox.transport import Reply
from cds_service.terminal_cards import card_panel, line, safe

ATTACKS = [
    "\x1b[2J\x1b[31mred",
    "\x1b]0;title\x07",
    "\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x1bP$q\x1b\\",
    "\x9b31m",
    "\x07\x08\x7f\r\x00",
    "\u202edrowssap",
    "&#x1b;[31m",
    "&#8238;reversed",
    "\ud800",
    "[bold red]markup[/]",
    "[link=https://evil.example]x[/link]",
]


def rendered(renderable):
    out = io.StringIO()
    Console(file=out, width=100, force_terminal=True, color_system=None).print(renderable)
    return out.getvalue()


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_text_of_a_card_reaches_the_terminal_as_more_than_text(attack):
    card = {
        "summary": attack,
        "detail": f"{attack}\n\n- {attack}\n\n`{attack}`\n\n    {attack}\n\n| {attack} |\n|---|\n| {attack} |",
        "indicator": attack,
        "source": {"label": attack, "url": attack},
        "suggestions": [{"label": attack, "actions": [{"type": attack, "description": attack}]}],
        "links": [{"label": attack, "url": attack, "type": "smart"}],
    }
    shown = rendered(card_panel(card, 1))
    shown = shown.replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "").replace("\x1b[1;2m", "")
    for harmful in ("\x1b]", "\x1b[2J", "\x1b[31", "\x1bP", "\x9b", "\x07", "\x08", "\x7f", "\x00", "\r", "\u202e"):
        assert harmful not in shown
    shown.encode()  # no lone surrogate


@given(st.text())
def test_safe_text_holds_no_control_character(text):
    cleaned = safe(text)
    assert not any(ord(c) < 32 and c not in "\n\t" for c in cleaned)
    assert not any(127 <= ord(c) < 160 for c in cleaned)
    assert "\n" not in line(text)
    cleaned.encode()


def test_markdown_is_shown_html_and_images_are_not_alive():
    detail = "**bold** <script>alert(1)</script> ![pixel](https://evil.example/p) [words](https://evil.example/q)\n\n<div>b</div>"
    shown = rendered(card_panel({"detail": detail}))
    assert "**bold**" not in shown
    assert "<script>alert(1)</script>" in shown
    assert "<div>b</div>" in shown
    assert "https://evil.example/q" in shown  # where a link leads is seen


def test_a_very_long_detail_is_cut():
    assert "cut at" in rendered(card_panel({"detail": "word " * 10_000}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = ("summary", "detail", "indicator", "source", "suggestions", "links", "overrideReasons", "uuid")


@given(JSON, st.dictionaries(st.sampled_from(FIELDS), JSON), st.sampled_from([None, 1]))
def test_any_value_can_be_shown(value, card, number):
    rendered(card_panel(value, number))
    rendered(card_panel(card, number))
    out = Console(file=io.StringIO(), width=80)
    shown = Shown(number=1, service=Offered(id="a", hook="b", title=""), card=card)
    Screen(out, out).cards([shown], {"extension": value})
    offered(value)


def test_what_was_not_evaluated_is_read_from_any_extension():
    out = io.StringIO()
    answer = {"extension": {"org.example.x": {"notEvaluated": [{"what": "labs", "reason": "not \x1b[31msent"}, "odd"]}}}
    Screen(Console(file=out, width=100), Console(file=out)).cards([], answer)
    assert "labs: not sent" in out.getvalue()
    assert "No cards came" in out.getvalue()


@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        (
            400,
            {},
            {"resourceType": "OperationOutcome", "issue": [{"diagnostics": "context\x1b[31m is wrong"}]},
            "context is wrong",
        ),
        (500, {}, {"issue": [{"details": {"text": "in details"}}, 5, {"details": 7}]}, "in details"),
        (502, {}, "<html>", "answered 502."),
        (302, {"location": "https://evil.example/\x1b[31m"}, "", "redirects are not followed"),
    ],
)
def test_a_refusal_is_one_harmless_line(status, headers, body, said):
    reply = Reply(status=status, headers=headers, body=json.dumps(body).encode(), seconds=0)
    message = str(refusal(reply))
    assert said in message
    assert "\x1b" not in message
    assert "\n" not in message


def test_a_service_id_that_would_leave_its_place_in_the_url_is_not_called():
    assert offered({"id": "..", "hook": "patient-view"}) is None
    assert offered({"id": "a/b", "hook": "patient-view"}).id == "a/b"  # quoted when it is called
