"""What the general model finds in the text as it would leave is masked, and looked at again."""

import re

import pytest

from anonymization import scrubber as scrubber_module
from anonymization.artifacts import Entity
from anonymization.deadline import Deadline
from anonymization.errors import Leak
from anonymization.known import KnownMatcher
from anonymization.language import GENERAL
from anonymization.masked import Masked
from anonymization.scrubber import TextScrubber
from anonymization.spans import Found

NOTE = "Discussed with Quentin Kowalski, who drove her."


def scrub(text: str, scrubber: TextScrubber) -> str:
    return scrubber.scrub([text], KnownMatcher([]), Deadline.after(30)).texts[0].text


@pytest.mark.parametrize(
    ("text", "found", "hit", "original"),
    [
        ("call Anna on 3/4, ask Bo", [(13, 16)], "Bo", (22, 24)),
        ("call Anna on 3/4, ask Bo", [(13, 16)], "Anna", (5, 9)),
        ("3/4 and 5/6 Bo", [(0, 3), (8, 11)], "Bo", (12, 14)),
    ],
)
def test_a_hit_leads_back_to_its_place(text, found, hit, original):
    masked = Masked.of(text, [Found(s, e, "DATE", 1.0) for s, e in found])
    start = masked.text.index(hit)
    back = masked.original(Found(start, start + len(hit), "PERSON", 0.6))
    assert (back.start, back.end) == original
    assert text[back.start : back.end] == hit


def test_a_hit_that_only_repeats_a_mark_is_none():
    masked = Masked.of("on 3/4 ok", [Found(3, 6, "DATE", 1.0)])
    start, end = masked.covered[0]
    assert masked.original(Found(start, end, "PERSON", 0.6)) is None
    assert masked.original(Found(start + 1, end - 1, "PERSON", 0.6)) is None


def test_a_hit_that_reaches_into_a_mark_is_cut_back():
    masked = Masked.of("see Bo 3/4", [Found(7, 10, "DATE", 1.0)])
    back = masked.original(Found(4, masked.covered[0][1], "PERSON", 0.6))
    assert "see Bo 3/4"[back.start : back.end] == "Bo "


def test_what_everybody_else_missed_is_masked():
    blind = TextScrubber([], models=(GENERAL, GENERAL))  # its labels are not those of our own model
    assert scrub(NOTE, blind) == "Discussed with [PERSON_1], who drove her."


class Endless:
    """A model that takes one more word for a name each time it is asked."""

    def entities(self, text, segments, deadline):
        words = list(re.finditer(r"[A-Z][a-z]+", text))
        return tuple(Entity(m.start(), m.end(), "PERSON") for m in words[:1])


class Blind:
    def entities(self, text, segments, deadline):
        return ()


def test_a_text_in_which_names_keep_turning_up_is_refused(monkeypatch):
    models = {"blind": Blind(), "endless": Endless()}
    monkeypatch.setattr(scrubber_module, "shared_model", models.__getitem__)
    scrubber = TextScrubber([], models=("blind", "endless"))
    assert "Kowalska" not in scrub("Zofia, Kowalska", scrubber)
    with pytest.raises(Leak):
        scrub("Zofia x Kowalska x Quentin x Zorblatt x Ottoline", scrubber)
