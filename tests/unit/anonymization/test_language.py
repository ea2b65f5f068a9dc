"""What the language models are given to read, and what comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from anonymization.artifacts import Entity
from anonymization.deadline import Deadline
from anonymization.errors import OutOfTime
from anonymization.language import OWN, LanguageModel, shared_model
from anonymization.remembered import Remembered

LINE = "Seen by Quentin Testperson today."


def test_segments_of_the_same_words_are_found_in_every_place():
    text = f"{LINE}\n{LINE}"
    places = [(0, len(LINE)), (len(LINE) + 1, len(text))]
    found = shared_model(OWN).entities(text, places, Deadline.after(60))
    names = [(e.start, text[e.start : e.end]) for e in found if e.label == "NAME"]
    assert [word for _, word in names] == ["Quentin Testperson"] * 2
    assert [start for start, _ in names] == [LINE.index("Quentin"), len(LINE) + 1 + LINE.index("Quentin")]


@pytest.fixture(scope="module")
def loaded() -> LanguageModel:
    return LanguageModel(OWN)


@pytest.fixture
def model(loaded) -> LanguageModel:
    """A model that remembers nothing yet."""
    loaded._known = Remembered(100)
    return loaded


def read(model, *segments):
    """What is found when each of `segments` is read for itself, in one text."""
    text, places = "", []
    for segment in segments:
        places.append((len(text), len(text) + len(segment)))
        text += segment + "\n"
    return model.entities(text, places, Deadline.after(60))


def test_a_segment_that_comes_again_gives_the_same_entities_and_leaves_no_word(model, monkeypatch):
    line = "Examined by Zebediah Quillfeather this morning."
    first = read(model, line)
    assert "Zebediah Quillfeather" in {line[e.start : e.end] for e in first}
    monkeypatch.setattr(model._nlp, "pipe", _nothing_to_read)
    again = model.entities(f"Note. {line}", [(6, 6 + len(line))], Deadline.after(60))
    assert again == tuple(Entity(e.start + 6, e.end + 6, e.label) for e in first)
    assert "Zebediah" not in repr(vars(model._known))


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first(model, monkeypatch):
    model._known = Remembered(3)
    read(model, "Alphaville", "Betatown", "Gammaford")
    read(model, "Alphaville")
    read(model, "Deltaburg")
    assert len(model._known) == 3
    monkeypatch.setattr(model._nlp, "pipe", _nothing_to_read)
    read(model, "Alphaville", "Gammaford", "Deltaburg")
    with pytest.raises(AssertionError):
        read(model, "Betatown")


def test_what_was_read_before_the_deadline_is_not_read_again(model):
    deadline = Deadline.after(60)
    checks = iter((None, None, OutOfTime("late")))

    def check():
        if (late := next(checks)) is not None:
            raise late

    object.__setattr__(deadline, "check", check)
    with pytest.raises(OutOfTime):
        model.entities("Alphaville\nBetatown\nGammaford", [(0, 10), (11, 19), (20, 29)], deadline)
    assert len(model._known) == 2


def _nothing_to_read(texts: list[str], **_: object) -> Iterator[object]:
    assert not texts
    return iter(())
