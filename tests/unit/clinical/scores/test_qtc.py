"""Corrected QT and its rule: the formula, time of the heart rate, recorded values, age, conduction."""

import json

import pytest

from cds_service.clinical.rule import RuleContext
from cds_service.clinical.scores import long_qt, qtc
from cds_service.clinical.scores.qtc import fridericia, qt_category
from cds_service.domain import Priority
from cds_service.settings import Setting
from fhir_mappers.case import VitalsRound
from tests.unit.clinical.build import ago, case, lab, measured, person, problem
from tests.unit.clinical.scores.test_kidney import ICD, reference


def of(score, chart):
    return score(RuleContext(case=chart, setting=Setting.FAMILY_PRACTICE))


def ecg(qt=480, rate=75, minutes=10, rate_minutes=None, **fields):
    measured_at = ago(minutes=minutes if rate_minutes is None else rate_minutes)
    pulse = VitalsRound(when=measured_at.start, values={"heart_rate": measured("heart_rate", rate, when=measured_at)})
    return case(vitals=(pulse,), labs=(lab("8634-8", (qt, ago(minutes=minutes)), unit="ms"),), **fields)


def recorded(value, **age):
    return case(labs=(lab("8636-3", (value, ago(**age)), unit="ms"),))


@pytest.mark.parametrize(
    ("qt", "rate", "expected"), [(400, 60, 400), (480, 75, 517), (400, 75, 431), (300, 120, 378), (373, 161, 518)]
)
def test_fridericia(qt, rate, expected):
    assert fridericia(qt, rate) == expected


def test_agrees_with_a_worked_case_of_the_reference_set(shared_data):
    row = reference(shared_data, "56")
    known = json.loads(row["Relevant Entities"].replace("'", '"'))
    found = fridericia(known["QT Interval"][0], known["Heart Rate or Pulse"][0])
    assert found == round(float(row["Ground Truth Answer"]))


@pytest.mark.parametrize(
    ("value", "sex", "category"),
    [(449, "male", "normal"), (450, "male", "prolonged"), (459, "female", "normal"), (460, "female", "prolonged"),
     (459, None, "normal"), (499, "male", "prolonged"), (500, "female", "very long")],
)  # fmt: skip
def test_each_category_from_both_sides(value, sex, category):
    assert qt_category(value, sex) == category


def test_the_heart_rate_must_be_of_the_same_time():
    assert of(qtc, ecg(minutes=30, rate_minutes=20)).value == 517
    late = of(qtc, ecg(minutes=30, rate_minutes=19))
    assert late.missing == ("heart rate of the same time as the QT interval",)
    assert of(qtc, case()).missing == ("QT interval",)


def test_the_newer_of_a_computed_and_a_recorded_value_counts():
    chart = ecg(minutes=300)
    newer = lab("8636-3", (455, ago(minutes=30)), unit="ms")
    older = lab("8636-3", (455, ago(days=3)), unit="ms")
    both = case(vitals=chart.vitals, labs=(*chart.labs, newer))
    assert (of(qtc, both).value, of(qtc, both).inputs["formula"]) == (455, "as recorded")
    assert of(qtc, case(vitals=chart.vitals, labs=(*chart.labs, older))).inputs["formula"] == "Fridericia"


@pytest.mark.parametrize(("value", "fires"), [(499, False), (500, True)])
def test_the_rule_from_both_sides(value, fires):
    found = of(long_qt.evaluate, recorded(value, hours=2)).findings
    assert [f.priority for f in found] == ([Priority.HIGH] if fires else [])


def test_the_finding_names_value_formula_and_source():
    (found,) = of(long_qt.evaluate, ecg(who=person(sex="male"))).findings
    assert "517 ms (Fridericia" in found.reason
    assert set(found.sources) == {"lab-0", "obs-heart_rate"}
    assert found.where_and_when


@pytest.mark.parametrize("code", ["I44.7", "I45.10", "Z95.0"])
def test_a_wide_qrs_lowers_the_urgency_and_is_said(code):
    (found,) = of(long_qt.evaluate, ecg(problems=(problem("", (ICD, code)),))).findings
    assert found.priority is Priority.MEDIUM
    assert "lengthens the QT by itself" in found.reason


def test_an_old_value_is_said_for_a_month_and_never_alarms():
    assert of(long_qt.evaluate, recorded(520, days=7)).findings
    old = of(long_qt.evaluate, recorded(520, days=8))
    assert not old.findings
    assert "older than 7 days" in old.not_evaluated[0].reason
    assert not of(long_qt.evaluate, recorded(520, days=31)).not_evaluated


def test_no_electrocardiogram_is_no_news_and_one_without_a_rate_is_said():
    assert not of(long_qt.evaluate, case()).not_evaluated
    (note,) = of(long_qt.evaluate, ecg(minutes=300, rate_minutes=5)).not_evaluated
    assert note.reason == "missing: heart rate of the same time as the QT interval"
