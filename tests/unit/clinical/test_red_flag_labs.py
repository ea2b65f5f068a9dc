"""Results that cannot be taken at their word: a haemolysed sample, a troponin whose assay is not known."""

import pytest

from cds_service.clinical.critical_labs import evaluate
from cds_service.clinical.rule import RuleContext
from cds_service.domain import Priority
from cds_service.settings import Setting
from tests.unit.clinical.build import ago, case, lab

H, C = Priority.HIGH, Priority.CRITICAL
UNITS = {"2823-3": "mmol/L", "89579-7": "ng/L", "10839-9": "ng/mL"}


def finding(loinc, value, text="lab result"):
    chart = case(text, labs=(lab(loinc, (value, ago(hours=2)), unit=UNITS[loinc]),))
    found = evaluate(RuleContext(case=chart, setting=Setting.FAMILY_PRACTICE)).findings
    return found[0] if found else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lab called, sample hemolyzed", H),
        ("haemolysed specimen", H),
        ("not hemolyzed", C),
        ("lab called", C),
    ],
)
def test_a_high_potassium_of_a_haemolysed_sample_is_repeated_first(text, expected):
    found = finding("2823-3", "7.0", text)
    assert found.priority is expected
    assert ("haemolysed" in found.reason) is (expected is H)
    assert ("911" in found.where_and_when) is (expected is C)


def test_a_low_potassium_is_not_excused_by_haemolysis():
    assert finding("2823-3", "2.4", "sample hemolyzed").priority is C


@pytest.mark.parametrize(
    ("loinc", "value", "expected"),
    [
        ("89579-7", 119, H),
        ("89579-7", 120, C),
        ("10839-9", "0.05", H),
        ("10839-9", "3", H),
        ("10839-9", "0.04", None),
    ],
)
def test_troponin_i_is_critical_only_where_every_assay_calls_it_high(loinc, value, expected):
    found = finding(loinc, value, "chest pain")
    assert (found.priority if found else None) is expected


def test_a_sample_that_the_laboratory_calls_haemolysed_is_repeated_first():
    chart = case(labs=(lab("2823-3", ("6.9", ago(hours=1)), haemolysed=True),))
    (found,) = evaluate(RuleContext(case=chart, setting=Setting.FAMILY_PRACTICE)).findings
    assert found.priority is Priority.HIGH
    assert "repeat it at once" in found.reason


def test_a_preliminary_result_alarms_as_it_would_and_says_that_it_is_not_confirmed():
    chart = case(labs=(lab("2823-3", ("6.9", ago(hours=1)), preliminary=True),))
    (found,) = evaluate(RuleContext(case=chart, setting=Setting.FAMILY_PRACTICE)).findings
    assert found.priority is Priority.CRITICAL
    assert "preliminary" in found.reason
