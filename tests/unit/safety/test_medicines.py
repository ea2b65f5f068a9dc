"""Which words are medicines, and which amounts are doses."""

import pytest

from cds_service.safety.medicines import doses, medicines_in, same_medicine
from cds_service.safety.words import tokens


def found(text):
    return [m.id for m in medicines_in(tokens(text))]


@pytest.mark.parametrize(
    ("text", "medicine"),
    [
        ("takes metformin", "metformin"),
        ("on Tylenol", "tylenol"),
        ("a broad antibiotic", "antibiotic"),
        ("blood thinners", "anticoagulant"),
        ("fictocillin", "fictocillin"),
        ("imaginapril", "imaginapril"),
    ],
)
def test_a_medicine_is_found_by_name_class_or_ending(text, medicine):
    assert found(text) == [medicine]


@pytest.mark.parametrize("text", ["cholesterol", "in April", "cocaine use", "oxygen saturation", "chest pain"])
def test_another_word_is_no_medicine(text):
    assert found(text) == []


def test_a_class_is_held_by_any_of_its_members():
    (named,) = medicines_in(tokens("anticoagulants"))
    assert same_medicine(named, frozenset({"apixaban"}))
    assert not same_medicine(named, frozenset({"metformin"}))


@pytest.mark.parametrize("text", ["500 mg", "10 units", "two puffs", "twice daily", "1 g", "5 mg/kg", "q6h", "bid"])
def test_a_dose_is_read(text):
    assert doses(text)


@pytest.mark.parametrize("text", ["glucose 90 mg/dL", "lactate 4 mmol/L", "26 breaths a minute", "91 %", "2 days"])
def test_a_result_is_no_dose(text):
    assert not doses(text)
