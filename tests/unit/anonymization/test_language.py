"""What the language models are given to read, and what comes back."""

from __future__ import annotations

from anonymization.deadline import Deadline
from anonymization.language import OWN, shared_model

LINE = "Seen by Quentin Testperson today."


def test_segments_of_the_same_words_are_found_in_every_place():
    text = f"{LINE}\n{LINE}"
    places = [(0, len(LINE)), (len(LINE) + 1, len(text))]
    found = shared_model(OWN).entities(text, places, Deadline.after(60))
    names = [(e.start, text[e.start : e.end]) for e in found if e.label == "NAME"]
    assert [word for _, word in names] == ["Quentin Testperson"] * 2
    assert [start for start, _ in names] == [LINE.index("Quentin"), len(LINE) + 1 + LINE.index("Quentin")]
