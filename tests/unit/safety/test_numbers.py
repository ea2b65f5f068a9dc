"""Numbers with their sense."""

import pytest

from cds_service.safety.numbers import Number, numbers_of, unit_of
from cds_service.safety.reading import read


def only(text):
    (sentence,) = read(text)
    (number,) = numbers_of(sentence)
    return number


@pytest.mark.parametrize(
    ("text", "value", "measure", "unit", "bound"),
    [
        ("Oxygen saturation of 91%", 91, "spo2", "%", None),
        ("91 % oxygen saturation", 91, "spo2", "%", None),
        ("Temperature 39.2 °C", 39.2, "temperature", "c", None),
        ("Fever of 39.2", 39.2, "temperature", None, None),
        ("heart rate above 110 bpm", 110, "heart_rate", "/min", "above"),
        ("NEWS2 of 7 or more", 7, "news2", None, "above"),
        ("ill for 3 days", 3, None, "day", None),
        ("ill for three days", 3, None, "day", None),
        ("a 67-year-old patient", 67, "age", None, None),
        ("potassium 6.1 mmol/L", 6.1, "potassium", "mmol/l", None),
    ],
)
def test_a_number_keeps_its_sense(text, value, measure, unit, bound):
    number = only(text)
    assert (number.value, number.measure, number.bound) == (value, measure, bound)
    assert number.unit in (unit, "year")


def test_both_parts_of_a_blood_pressure_are_read():
    (sentence,) = read("Blood pressure 168/112")
    assert [(n.value, n.measure) for n in numbers_of(sentence)] == [(168, "blood_pressure"), (112, "blood_pressure")]


@pytest.mark.parametrize("text", ["Call 911 now", "Type 2 diabetes", "12-lead ECG", "COVID-19"])
def test_digits_of_a_name_are_no_number(text):
    (sentence,) = read(text)
    assert numbers_of(sentence) == ()


@pytest.mark.parametrize(
    ("claim", "held", "agrees"),
    [
        (Number(value=39.2, decimals=1), Number(value=39.2, measure="temperature"), True),
        (Number(value=39, decimals=0), Number(value=38.96), True),
        (Number(value=38, decimals=0), Number(value=38.96), False),
        (Number(value=91, measure="spo2"), Number(value=91, measure="heart_rate"), False),
        (Number(value=91, measure="spo2"), Number(value=91), False),
        (Number(value=64, measure="blood_pressure"), Number(value=64, measure="diastolic"), True),
        (Number(value=5, unit="day"), Number(value=5, unit="hour"), False),
        (Number(value=90, measure="blood_pressure"), Number(value=90, measure="blood_pressure", bound="below"), False),
    ],
)
def test_numbers_agree_only_in_the_same_sense(claim, held, agrees):
    assert claim.agrees(held) is agrees


def test_a_unit_of_ucum_and_of_prose_are_one():
    assert unit_of("mm[Hg]") == unit_of("mmHg") == "mmhg"
    assert unit_of("{beats}/min") == unit_of("bpm")
    assert unit_of("furlong") is None
