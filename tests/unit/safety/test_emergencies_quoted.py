"""A title said word for word names its finding, unless the sentence denies it; vital signs are one emergency."""

from dataclasses import replace

import pytest

from cds_service.domain import FindingKind, Priority
from cds_service.safety.emergencies import find, recognised
from cds_service.safety.reading import read
from tests.support.drafts import draft, finding, given

CRITICAL, HIGH = Priority.CRITICAL, Priority.HIGH


def named(rule, title, text):
    return recognised(finding(rule, HIGH, title, "A reason."), read(text))


@pytest.mark.parametrize(
    ("rule", "title", "text"),
    [
        (
            "red-flag-major-trauma",
            "Severe injury or dangerous mechanism",
            "Severe injury or dangerous mechanism today.",
        ),
        ("red-flag-eye-emergency", "Eye emergency", "Possible eye emergency, to be seen now."),
        ("red-flag-eye-emergency", "Eye without sight", "An eye without sight may need review."),
    ],
)
def test_a_title_word_for_word_names_its_finding(rule, title, text):
    assert named(rule, title, text)


@pytest.mark.parametrize(
    "text",
    [
        "There is no severe injury or dangerous mechanism.",
        "Return if a severe injury or dangerous mechanism is remembered.",
        "Her brother had a severe injury or dangerous mechanism.",
        "Dangerous mechanism or severe injury may need review.",
        "Severe injury may need review.",
    ],
    ids=["denied", "supposed", "another person", "other order", "cut short"],
)
def test_a_title_that_is_denied_supposed_turned_or_cut_short_does_not(text):
    assert not named("red-flag-major-trauma", "Severe injury or dangerous mechanism", text)


def test_a_title_without_words_is_quoted_by_nothing():
    assert not named("red-flag-eye-emergency", "...", "Anything at all may be said.")


def test_a_measure_that_is_denied_or_supposed_to_be_high_names_no_finding():
    for text in ("There is no high heart rate.", "Return if the heart rate is high."):
        assert not named("critical-vitals", "High heart rate for the age", text)
    assert named("critical-vitals", "High heart rate for the age", "The heart rate is high.")


def test_a_title_with_an_illness_that_the_lexicon_lacks_is_read():
    assert named("r", "Vague syndrome", "A vague syndrome may need review.")
    assert not named("r", "Vague syndrome", "A sprained ankle may need rest.")


def vitals(rule, priority, title, reason):
    return finding(rule, priority, title, reason, kind=FindingKind.TRIAGE, topic="vital-signs")


OXYGEN = vitals("spo2", CRITICAL, "Very low oxygen saturation", "Oxygen saturation is 82 % (limit: below 85).")
PULSE = vitals("pulse", HIGH, "Fast pulse", "Pulse is 128 /min (limit: above 120).")
SCORE = vitals("news2", CRITICAL, "NEWS2 9: emergency response", "NEWS2 total is 9.")
CHEST = finding("chest-pain", HIGH, "Chest pain", "The complaint names chest pain.", kind=FindingKind.TRIAGE)


def missed(findings, text):
    written = draft(CRITICAL, "Seen today.", text)
    return find(replace(given("chest-infection", written), findings=tuple(findings)))


@pytest.mark.parametrize(
    "text", ["Very low oxygen saturation may need an emergency response.", "Oxygen saturation of 82 % is concerning."]
)
def test_the_gravest_vital_sign_names_them_all(text):
    assert missed([OXYGEN, PULSE], text) is None


def test_the_score_names_them_all_where_it_is_as_grave():
    assert missed([OXYGEN, PULSE, SCORE], "A NEWS2 of 9 may mean deterioration.") is None


@pytest.mark.parametrize(
    "text", ["Fast pulse may need review.", "Pulse of 128 is concerning.", "A cough may be a cold."]
)
def test_a_lesser_vital_sign_does_not_stand_for_the_gravest(text):
    assert missed([OXYGEN, PULSE], text) == "missed"


def test_a_denied_vital_sign_names_none():
    assert missed([OXYGEN, PULSE], "There is no very low oxygen saturation.") == "missed"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Very low oxygen saturation may need an emergency response.", "missed"),
        ("Chest pain may need review.", "missed"),
        ("Chest pain with very low oxygen saturation may need an emergency response.", None),
    ],
)
def test_vital_signs_stand_for_no_other_emergency_nor_it_for_them(text, fault):
    assert missed([CHEST, OXYGEN, PULSE], text) == fault
