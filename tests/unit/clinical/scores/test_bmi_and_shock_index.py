"""Body mass index and shock index: classes from both sides, ages, stale heights, rounds, and wrong units."""

from datetime import timedelta

import pytest

from cds_service.clinical.rule import RuleContext
from cds_service.clinical.scores import NotComputed, Score, bmi, high_shock_index, shock_index
from cds_service.clinical.scores.bmi import bmi_class
from cds_service.clinical.scores.shock_index import shock_class
from cds_service.domain import Priority
from cds_service.settings import Setting
from fhir_mappers.case import Precision, VitalsRound
from tests.unit.clinical.build import NOW, WELL, ago, born, case, measured, person, vitals
from tests.unit.clinical.scores.test_kidney import reference

M, H = Priority.MEDIUM, Priority.HIGH


def of(score, chart):
    return score(RuleContext(case=chart, setting=Setting.FAMILY_PRACTICE))


def sized(when, **values):
    units = {"weight": "kg", "height": "cm", "bmi": "kg/m2"}
    made = {kind: measured(kind, value, unit=units[kind], when=when) for kind, value in values.items()}
    return VitalsRound(when=when.start, values=made)


@pytest.mark.parametrize(
    ("value", "name"),
    [(18.4, "underweight"), (18.5, "normal"), (24.9, "normal"), (25, "overweight"),
     (29.9, "overweight"), (30, "obesity class 1"), (34.9, "obesity class 1"), (35, "obesity class 2"),
     (39.9, "obesity class 2"), (40, "obesity class 3")],
)  # fmt: skip
def test_each_class_from_both_sides(value, name):
    assert bmi_class(value) == name


def test_an_adult_height_may_be_old():
    chart = case(vitals=(sized(ago(days=10), weight=68), sized(ago(days=4000), height=182)))
    score = of(bmi, chart)
    assert (score.value, score.category, score.inputs["height_days_old"]) == (20.5, "normal", 4000)
    assert score.when == ago(days=10).start


def test_agrees_with_a_worked_case_of_the_reference_set(shared_data):
    expected = float(reference(shared_data, "6")["Ground Truth Answer"])
    assert of(bmi, case(vitals=(sized(ago(days=1), weight=68, height=182),))).value == pytest.approx(expected, abs=0.05)


def test_a_height_from_childhood_and_an_old_weight_do_not_count():
    young = case(who=person(20), vitals=(sized(ago(days=1), weight=68), sized(ago(days=3 * 365), height=160)))
    assert of(bmi, young).missing == ("a usable height measured at 18 or over",)
    old = case(vitals=(sized(ago(days=366), weight=68, height=182),))
    assert of(bmi, old).missing[0] == "a usable weight of the last 365 days"


def test_a_child_needs_both_on_one_day_and_gets_no_class():
    child = person(9)
    same = of(bmi, case(who=child, vitals=(sized(ago(days=2), weight=30, height=135),)))
    assert (same.value, same.category) == (16.5, "")
    apart = case(who=child, vitals=(sized(ago(days=2), weight=30), sized(ago(days=90), height=133)))
    assert of(bmi, apart).missing == ("a usable height of the same day as the weight",)
    assert isinstance(of(bmi, case(who=person(1, 11))), NotComputed)


def test_pregnancy_and_an_unknown_age_are_out():
    chart = {"vitals": (sized(ago(days=2), weight=68, height=182),)}
    assert "pregnancy" in of(bmi, case(who=person(pregnant=True), **chart)).reason
    assert of(bmi, case(who=person(birth=None), **chart)).missing == ("birth date",)


def test_a_recorded_index_stands_in_and_says_so():
    score = of(bmi, case(vitals=(sized(ago(days=2), bmi="31.2"),)))
    assert (score.value, score.category, score.inputs["recorded"]) == (31.2, "obesity class 1", True)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"weight": 80, "height": 70}, "fit together"),  # inches called centimetres
        ({"weight": 176, "height": 180, "bmi": "24.7"}, "contradict"),  # pounds called kilograms
    ],
)
def test_a_wrong_unit_gives_no_index(values, word):
    score = of(bmi, case(vitals=(sized(ago(days=2), **values),)))
    assert isinstance(score, NotComputed)
    assert word in score.reason


@pytest.mark.parametrize(
    ("now", "before", "computed"), [(150, 68, False), (68, 150, False), (90, 68, True), (68, 90, True)]
)
def test_a_weight_that_doubles_or_halves_within_a_year_is_a_unit(now, before, computed):
    chart = case(vitals=(sized(ago(days=2), weight=now, height=172), sized(ago(days=60), weight=before)))
    assert isinstance(of(bmi, chart), Score) is computed


def test_rounding_of_height_is_no_contradiction():
    assert isinstance(of(bmi, case(vitals=(sized(ago(days=2), weight=80, height=180, bmi="24.0"),))), Score)


# -- shock index -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "name"),
    [(0.59, "no shock"), (0.6, "mild shock or none"), (0.99, "mild shock or none"), (1.0, "moderate shock"),
     (1.39, "moderate shock"), (1.4, "severe shock")],
)  # fmt: skip
def test_each_class_of_shock_index_from_both_sides(value, name):
    assert shock_class(value) == name


def test_both_parts_must_be_of_one_round():
    assert of(shock_index, case(vitals=(vitals({"heart_rate": 108, "systolic": 104}),))).value == 1.04
    apart = (vitals({"heart_rate": 130}, minutes=5), vitals({"systolic": 90}, minutes=60))
    assert of(shock_index, case(vitals=apart)).reason == ("heart rate and systolic blood pressure are not of one round")


def test_missing_stale_and_impossible_parts_are_named():
    assert of(shock_index, case(vitals=(vitals({"heart_rate": 80}),))).missing == ("systolic blood pressure",)
    stale = (vitals({"heart_rate": 108, "systolic": 104}, minutes=25 * 60),)
    assert len(of(shock_index, case(vitals=stale)).missing) == 2
    odd = (vitals({"heart_rate": 400, "systolic": 104}, odd=("heart_rate",)),)
    assert of(shock_index, case(vitals=odd)).missing == ("heart rate",)


@pytest.mark.parametrize(
    ("who", "word"),
    [
        (person(15, 11), "16 and over"),
        (person(pregnant=True), "pregnancy"),
        (person(birth=None), "birth date"),
        (person(birth=born(16, precision=Precision.YEAR)), "16 and over"),
    ],
)
def test_whom_the_shock_index_is_for(who, word):
    assert word in of(shock_index, case(who=who, vitals=(vitals(),))).reason


def rule(values, **fields):
    return of(high_shock_index.evaluate, case(vitals=(vitals(values),), **fields)).findings


@pytest.mark.parametrize(
    ("rate", "systolic", "priority"), [(104, 104, M), (103, 104, None), (128, 92, M), (129, 92, H)]
)
def test_the_rule_from_both_sides(rate, systolic, priority):
    found = rule({**WELL, "heart_rate": rate, "systolic": systolic})
    assert [f.priority for f in found] == ([priority] if priority else [])
    if priority:
        assert f"{rate / systolic:.2f}" in found[0].title
        assert set(found[0].sources) == {"obs-heart_rate", "obs-systolic"}


def test_the_rule_is_quiet_where_news2_alarms_already():
    ill = {**WELL, "respiratory_rate": 25}
    assert not rule({**ill, "heart_rate": 108, "systolic": 104})
    assert not rule({**WELL, "heart_rate": 132, "systolic": 120})  # a single 3


def test_a_recheck_seconds_later_that_recovered_counts():
    first = vitals({**WELL, "heart_rate": 110, "systolic": 104}, minutes=5)
    again = vitals({"heart_rate": 90, "systolic": 118}, minutes=4, seconds=30, level=None, oxygen=None)
    assert not of(high_shock_index.evaluate, case(vitals=(again, first))).findings
    assert again.when - first.when == timedelta(seconds=30)
    assert first.when < NOW
