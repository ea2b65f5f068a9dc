"""An intake question that asks who somebody is makes its answer an identifier; one about the illness does not."""

import pytest

from fhir_mappers.asked import identifying
from fhir_mappers.case import IntakeAnswer


def asked(question, answer="Quorrel", link="q1"):
    return identifying(IntakeAnswer(link_id=link, question=question, answer=answer, source="qr-1"))


@pytest.mark.parametrize(
    ("question", "kind", "role"),
    [
        ("Name", "name", "patient"),
        ("What is your full name?", "name", "patient"),
        ("Doctor", "name", "practitioner"),
        ("Who is your primary care physician?", "name", "practitioner"),
        ("PCP name", "name", "practitioner"),
        ("Emergency contact", "name", "relative"),
        ("Who brought you here?", "name", "relative"),
        ("Pharmacy", "organization", "organization"),
        ("Which pharmacy do you use?", "organization", "organization"),
        ("Preferred pharmacy name and location", "organization", "organization"),
        ("Employer", "organization", "organization"),
        ("ZIP", "postal-code", "patient"),
        ("PIN", "identifier", "patient"),
        ("Member number", "identifier", "patient"),
        ("Last four of SSN", "identifier", "patient"),
        ("Medical record number", "identifier", "patient"),
        ("Cell", "phone", "patient"),
        ("At which number can we reach you?", "phone", "patient"),
        ("Home address", "address-line", "patient"),
        ("City", "city", "patient"),
        ("Birthday", "birth-date", "patient"),
    ],
)
def test_a_question_that_asks_who_somebody_is(question, kind, role):
    assert asked(question) == (kind, role)


@pytest.mark.parametrize(
    "question",
    [
        "What did the doctor say?", "Has your doctor changed anything?", "Name of your medicine?",
        "Name of the disease",
        "White blood cell count", "Number of pregnancies", "How many hospital stays?", "Pins and needles?",
        "Pain on a scale of 0 to 10", "What brings you in?", "Reason for the visit", "Can you call for help by phone?",
        "Where does it hurt?", "Contact with a sick person?", "How far can you walk on the street drug-free?",
    ],
)  # fmt: skip
def test_a_question_about_the_illness(question):
    assert asked(question, "Small") is None


@pytest.mark.parametrize(
    "answer", ["yes", "No.", "none", "unknown", "my wife", "with my son and daughter", "ambulance", "2"]
)
def test_an_answer_that_names_nobody_stays(answer):
    assert asked("Who brought you here?", answer) is None


def test_the_link_id_asks_where_the_question_does_not():
    assert asked("1.", "2 Nowhere Lane", link="homeAddress") == ("address-line", "patient")
