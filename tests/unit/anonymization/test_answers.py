"""A question and its answer are one text for the scrubber, and two again in the fact."""

import pytest

from anonymization import answers
from anonymization.facts import RawFact
from anonymization.scrubber import ScrubbedText


def fact(name, text):
    return RawFact(kind="intake", name=name, text=text, source="qr-1")


@pytest.mark.parametrize(
    ("name", "text", "joined"),
    [("Pain", "bad", "Pain: bad"), ("Pain?", "bad", "Pain? bad"), ("Pain:\n", "bad", "Pain: bad")],
)
def test_they_are_joined_as_people_write_them(name, text, joined):
    assert answers.words([fact(name, text)]) == [joined]


def test_an_identifier_that_reaches_from_the_question_into_the_answer_leaves_both_as_the_answer():
    scrubbed = ScrubbedText(text="Seen [PERSON_1] today", replaced="Seen Moe Doe today", spans=((5, 16, "PERSON"),),
                            words=("Moe Doe",))  # fmt: skip
    raw = fact("Seen Quill", "Ada today")
    placed, false = (answers.finished([raw], [scrubbed], replaced=r)[0] for r in (False, True))
    assert (placed.name, placed.text) == ("answer", "Seen [PERSON_1] today")
    assert (false.name, false.text) == ("answer", "Seen Moe Doe today")


def test_words_of_another_length_part_at_the_right_place():
    scrubbed = ScrubbedText(
        text="[PERSON_1] or 90+? [DATE_1]: x",
        replaced="Moe or 90+? a date: x",
        spans=((0, 1, "PERSON"), (5, 15, "AGE"), (17, 18, "DATE")),
        words=("Moe", "90+", "a date"),
    )
    raw = fact("Q or ninety-one?", "5: x")
    placed, false = (answers.finished([raw], [scrubbed], replaced=r)[0] for r in (False, True))
    assert (placed.name, placed.text) == ("[PERSON_1] or 90+?", "[DATE_1]: x")
    assert (false.name, false.text) == ("Moe or 90+?", "a date: x")
