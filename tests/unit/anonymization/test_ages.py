"""Ages over 89 in answers and results that no word surrounds."""

import pytest

from anonymization.ages import bare_year, tells_old_age, without_old_age


@pytest.mark.parametrize("answer", ["93", "93 years", "93 y", "93 a", "93 years old", "104"])
@pytest.mark.parametrize("question", ["How old are you?", "Age", "Your age today"])
def test_an_answer_that_is_an_age_over_89_becomes_90_plus(question, answer):
    assert without_old_age(question, answer) == "90+"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How old are you?", "89"),
        ("Pain from 0 to 100", "95"),
        ("Age", "about ninety"),
        ("Weight", "93 kg"),
        ("Age", "930"),
    ],
)
def test_other_numbers_stay(question, answer):
    assert without_old_age(question, answer) == answer


def test_a_year_by_itself_is_seen_and_other_answers_are_not():
    assert bare_year(" 1931.").start.year == 1931
    assert [bare_year(a) for a in ("193", "1931-03", "in 1931", "2500", "19310")] == [None] * 5


@pytest.mark.parametrize(
    ("loinc", "label", "value", "unit", "old", "tells"),
    [
        ("30525-0", "", 93, "1", False, True),
        ("30525-0", "Age", 42, "1", False, False),
        ("99999-9", "Age at onset", 12, "1", True, True),
        ("99999-9", "Age at onset", 12, "1", False, False),
        ("99999-9", "Residence here", 1116, "mo", False, True),
        ("11884-4", "Gestational age", 39, "wk", False, False),
        ("11884-4", "Gestational age", 273, "d", False, False),
        ("2160-0", "Creatinine", 95, "mg/dL", True, False),
        ("1988-5", "Dosage of CRP", 95, "mg/L", True, False),
    ],
)
def test_a_result_that_tells_an_age_over_89_is_seen(loinc, label, value, unit, old, tells):
    assert tells_old_age(loinc, label, value, unit, old=old) is tells
