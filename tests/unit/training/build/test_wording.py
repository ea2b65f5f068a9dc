"""Completions from elsewhere: what their words alone tell against them."""

import pytest

from cds_service.inference.contract import Encoding
from cds_service.training.build.wording import fault_of

SAID = "Possible causes of cough need assessment today."
NOTE = (
    '{"priority":"Medium","reason":"Cough should be assessed the same day.","concerns":["Cough"],"risks":[],'
    f'"actions":[1],"questions":[],"assessment":"{SAID}","passages":[2]}}'
)
TAGGED = (
    "priority: Medium | reason: Cough should be assessed the same day. | concerns: Cough | risks: none | actions: 1 | "
    f"questions: none | assessment: {SAID} | passages: 2"
)


@pytest.mark.parametrize("note", [NOTE, TAGGED])
def test_a_note_as_serving_shows_it_has_no_fault(note):
    assert fault_of("Complaint: cough", note) is None


def test_a_note_in_another_encoding_than_wanted_is_one():
    assert "output contract" in fault_of("Complaint: cough", TAGGED, [Encoding.JSON])


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("The patient has pneumonia today.", "no hedging word"),
        ("Possible pneumonia: start antibiotics.", "output contract"),
        ("Start amoxicillin, as possible pneumonia needs it.", "without a physician's approval"),
        ("Possible pneumonia, but she is exaggerating her cough.", "doubts the patient's word"),
        ("Possible cough cough cough cough needs assessment.", "repeats itself"),
    ],
)
def test_what_serving_would_withhold_is_told_in_fixed_words(said, reason):
    assert reason in fault_of("Complaint: cough", NOTE.replace(SAID, said))


def test_what_the_prompt_lists_is_known_of_the_patient():
    takes = NOTE.replace(SAID, f"Takes metformin. {SAID}")
    assert fault_of("Complaint: cough", takes) == "a text names a medicine that the chart does not hold"
    assert fault_of("Complaint: cough, takes metformin", takes) is None
    known = NOTE.replace(SAID, f"Type 2 diabetes. {SAID}")
    assert fault_of("Complaint: cough", known) is not None
    assert fault_of("Risks: [1] Age 65 or over [2] Type 2 diabetes\nComplaint: cough", known) is None
