"""No text stalls the pattern recognizers: the time they take grows with the length of a text, not with its shape.

A hook has half a second, and whoever writes a note must not be able to spend it. The limits are processor time, far
above what a run takes and far below what a pattern that tries every split of a chain would take.
"""

import time

import pytest

from anonymization.artifacts import Artifacts
from anonymization.deadline import Deadline
from anonymization.recognizers import PATTERN_RECOGNIZERS

LENGTH = 12_000
LIMIT_S = 0.4  # for one recognizer with all its patterns
PATIENCE_S = 30.0

HOSTILE = (
    "A-", "Aa-", "Aa'", "a-", "a.", "1-", "1.", "1/", "1 ", "A ", "Aa ", "Aa, ", "A1", "a@", "Aa|", "12 Aa ",
    "1 aaa apt ", " ", "\n", "(", "x", "94 ", "son Aa ", "Hospital of the ", "Rua da ", "lives in the aaa ", "name: ",
    "call 12 ", "one ", '{"a":', "QUJD", "1/2-", "died of aa ", "fall 20",
)  # fmt: skip


def seconds(recognizer, text):
    """The processor time of all patterns, whether or not the words that they need stand in the text."""
    recognizer._compiled = [(pattern, score, None) for pattern, score, _ in recognizer._compiled]
    began = time.process_time()
    recognizer.analyze(text, [], Artifacts(text, Deadline.after(PATIENCE_S)))
    return time.process_time() - began


@pytest.mark.parametrize("kind", PATTERN_RECOGNIZERS, ids=lambda kind: kind.__name__)
def test_a_hostile_text_takes_no_longer_than_its_length_asks(kind):
    made = kind()
    taken = {shape: seconds(made, (shape * LENGTH)[:LENGTH]) for shape in HOSTILE}
    assert {shape: s for shape, s in taken.items() if s > LIMIT_S} == {}
