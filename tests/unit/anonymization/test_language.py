"""What the language models are given to read, and what comes back."""

from __future__ import annotations

from collections.abc import Iterator

from anonymization import language
from anonymization.artifacts import Entity
from anonymization.deadline import Deadline
from anonymization.language import OWN, LanguageModel, shared_model

LINE = "Seen by Quentin Testperson today."


def test_segments_of_the_same_words_are_found_in_every_place():
    text = f"{LINE}\n{LINE}"
    places = [(0, len(LINE)), (len(LINE) + 1, len(text))]
    found = shared_model(OWN).entities(text, places, Deadline.after(60))
    names = [(e.start, text[e.start : e.end]) for e in found if e.label == "NAME"]
    assert [word for _, word in names] == ["Quentin Testperson"] * 2
    assert [start for start, _ in names] == [LINE.index("Quentin"), len(LINE) + 1 + LINE.index("Quentin")]


def test_a_segment_that_comes_again_gives_the_same_entities_and_leaves_no_word(monkeypatch):
    model = LanguageModel(OWN)
    line = "Examined by Zebediah Quillfeather this morning."
    first = model.entities(line, [(0, len(line))], Deadline.after(60))
    assert "Zebediah Quillfeather" in {line[e.start : e.end] for e in first}
    moved = f"Note. {line}"
    monkeypatch.setattr(model._nlp, "pipe", _nothing_to_read)
    again = model.entities(moved, [(6, len(moved))], Deadline.after(60))
    assert again == tuple(Entity(e.start + 6, e.end + 6, e.label) for e in first)
    assert "Zebediah" not in repr(model._known)


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(language, "_KEPT", 3)
    model = LanguageModel(OWN)
    for word in ("Alphaville", "Betatown", "Gammaford", "Deltaburg", "Epsilonia"):
        model.entities(word, [(0, len(word))], Deadline.after(60))
    assert len(model._known) == 3


def _nothing_to_read(texts: list[str], **_: object) -> Iterator[object]:
    assert not texts
    return iter(())
