"""Critical laboratory results and acute kidney injury: limits from both sides, age of results, comparators, units."""

import pytest

from cds_service.clinical import critical_labs, kidney_injury
from cds_service.clinical.bounds import Beyond, Bound
from cds_service.clinical.lab_limits import ANALYTES
from cds_service.clinical.red_flags.lexicon import LEXICON
from cds_service.clinical.rule import RuleContext
from cds_service.domain import Priority
from cds_service.settings import Setting
from fhir_mappers.case import Precision, When
from fhir_mappers.labs import LABS
from tests.unit.clinical.build import NOW, ago, case, lab, person, problem, vitals

UNIT = {a.loinc: a.unit for a in ANALYTES}
C, H, M = Priority.CRITICAL, Priority.HIGH, Priority.MEDIUM


def run(chart, rule=critical_labs):
    return rule.evaluate(RuleContext(case=chart, setting=Setting.FAMILY_PRACTICE))


def with_lab(loinc, value, *complaints, when=None, comparator=None, who=None, **fields):
    series = lab(loinc, (value, when or ago(hours=2), comparator), unit=UNIT[loinc])
    return case(*complaints, who=who, labs=(series,), **fields)


def priority(chart):
    return max((f.priority for f in run(chart).findings), default=None)


@pytest.mark.parametrize(
    ("loinc", "value", "expected"),
    [
        ("2823-3", "6.5", C),
        ("2823-3", "6.4", H),
        ("2823-3", "6.0", H),
        ("2823-3", "5.9", None),
        ("2823-3", "2.8", None),
        ("2823-3", "2.7", H),
        ("2823-3", "2.5", H),
        ("2823-3", "2.4", C),
        ("2951-2", 119, C),
        ("2951-2", 120, H),
        ("2951-2", 124, H),
        ("2951-2", 125, None),
        ("2951-2", 158, None),
        ("2951-2", 159, H),
        ("2345-7", 45, C),
        ("2345-7", 46, H),
        ("2345-7", 53, H),
        ("2345-7", 54, None),
        ("2345-7", 484, None),
        ("2345-7", 485, H),
        ("2345-7", 600, C),
        ("718-7", "5.0", C),
        ("718-7", "6.9", H),
        ("718-7", "7.0", None),
        ("718-7", "20.0", H),
        ("777-3", 9, H),
        ("777-3", 10, H),
        ("777-3", 19, H),
        ("777-3", 20, None),
        ("751-8", "0.4", H),
        ("751-8", "0.5", None),
        ("6690-2", 101, H),
        ("6690-2", 38, H),
        ("6690-2", 37, None),
        ("17861-6", "14.1", C),
        ("17861-6", "12.9", H),
        ("17861-6", "12.8", None),
        ("17861-6", "7.6", None),
        ("17861-6", "7.5", H),
        ("17861-6", "6.5", C),
        ("19123-9", "0.9", H),
        ("19123-9", "1.0", None),
        ("2524-7", "4.0", C),
        ("2524-7", "3.9", None),
        ("1963-8", "9.9", C),
        ("1963-8", "14", H),
        ("1963-8", "15", None),
        ("6301-6", "5.1", H),
        ("6301-6", "5.0", None),
        ("2160-0", "7.4", H),
        ("2160-0", "7.3", None),
        ("67151-1", 52, H),
        ("67151-1", 51, None),
        ("10839-9", "0.05", H),
        ("6598-7", "0.04", H),
        ("6598-7", "0.03", None),
        ("89579-7", 64, H),
        ("89579-7", 63, None),
    ],
)
def test_each_limit_from_both_sides(loinc, value, expected):
    assert priority(with_lab(loinc, value)) == expected


@pytest.mark.parametrize(
    ("loinc", "value", "words", "without"),
    [
        ("67151-1", 60, "chest pain", H),
        ("67151-1", 20, "chest pain", None),
        ("6301-6", "4.8", "vomiting blood", None),
        ("718-7", "6.5", "chest pain", H),
        ("2345-7", 250, "confused since yesterday", None),
        ("6598-7", "0.04", "chest pain", H),
        ("777-3", 9, "bleeding heavily", H),
        ("777-3", 9, "worst headache of my life", H),
        ("6690-2", 101, "short of breath", H),
        ("6690-2", 101, "confused since yesterday", H),
    ],
)
def test_a_symptom_named_now_raises_a_result(loinc, value, words, without):
    assert priority(with_lab(loinc, value)) == without
    assert (priority(with_lab(loinc, value, words)) or 0) > (without or 0)


def test_neutropenia_with_fever_is_critical():
    fever = (vitals({"temperature": "38.0"}),)
    assert priority(with_lab("751-8", "0.3", vitals=fever)) is C
    assert priority(with_lab("751-8", "0.3", vitals=(vitals({"temperature": "37.9"}),))) is H


def test_an_old_result_beyond_a_limit_is_said_for_a_month_and_never_alarms():
    old = run(with_lab("2823-3", "6.8", when=ago(hours=73)))
    assert not old.findings
    assert old.not_evaluated[0].what == "potassium"
    assert "older than 72 hours" in old.not_evaluated[0].reason
    assert not run(with_lab("2823-3", "6.8", when=ago(days=31))).not_evaluated
    assert not run(with_lab("2823-3", "5.0", when=ago(hours=73))).not_evaluated


def test_how_old_a_result_may_be_depends_on_the_test():
    assert priority(with_lab("2345-7", 40, when=ago(hours=13))) is None
    assert priority(with_lab("2823-3", "6.8", when=ago(hours=71))) is C


def test_a_result_dated_to_the_day_counts_as_late_on_that_day():
    today = When(start=NOW.replace(hour=0), precision=Precision.DAY)
    assert priority(with_lab("2524-7", 5, when=today)) is C
    month = When(start=NOW.replace(day=1, hour=0), precision=Precision.MONTH)
    result = run(with_lab("2524-7", 5, when=month))
    assert not result.findings
    assert "not dated" in result.not_evaluated[0].reason


def test_only_the_newest_result_counts():
    series = lab("2823-3", ("4.4", ago(hours=1)), ("7.0", ago(hours=20)))
    assert priority(case(labs=(series,))) is None


@pytest.mark.parametrize(
    ("value", "comparator", "expected", "at_least"),
    [
        ("6.5", ">", C, False),
        ("6.0", ">", H, False),
        ("5.5", ">", C, True),
        ("2.5", "<", C, False),
        ("3.0", ">", C, True),
        ("3.0", "<", C, True),
    ],
)
def test_an_open_end_towards_the_danger_may_alarm(value, comparator, expected, at_least):
    (finding,) = run(with_lab("2823-3", value, comparator=comparator)).findings
    assert (finding.priority, finding.at_least) == (expected, at_least)


def test_an_open_end_away_from_the_danger_does_not_alarm():
    assert priority(with_lab("67151-1", 6, comparator="<")) is None
    assert priority(with_lab("751-8", 2, comparator=">")) is None


def test_another_unit_is_not_judged():
    result = run(case(labs=(lab("2345-7", (2, ago(hours=1)), unit="mmol/L"),)))
    assert not result.findings
    assert "unit" in result.not_evaluated[0].reason


def test_an_impossible_value_is_not_judged():
    result = run(case(labs=(lab("2823-3", (45, ago(hours=1)), plausible=False),)))
    assert not result.findings
    assert "not possible" in result.not_evaluated[0].reason


def test_infants_are_not_judged_by_these_limits_and_adult_tests_not_in_children():
    infant = run(with_lab("718-7", "20.5", who=person(0, 1)))
    assert not infant.findings
    assert "one year" in infant.not_evaluated[0].reason
    assert priority(with_lab("67151-1", 100, who=person(10))) is None
    assert priority(with_lab("2823-3", "6.8", who=person(10))) is C


def test_codes_and_units_are_those_of_the_mapper():
    canonical = {a.loinc: a.unit for a in LABS}
    assert {a.loinc: canonical.get(a.loinc) for a in ANALYTES} == UNIT


def test_flags_named_in_the_table_exist():
    named = {flag for a in ANALYTES for limit in a.limits for flag in limit.with_flags}
    assert named
    assert named <= {flag.id for flag in LEXICON.flags}


def test_a_bound_needs_exactly_one_operator():
    with pytest.raises(ValueError, match="exactly one"):
        Bound.parse({"below": 1, "above": 2})
    assert Bound.parse({"below": 1}).test(Bound.parse({"below": 1}).value) is Beyond.NO


# -- acute kidney injury -------------------------------------------------------------------------------------------


def injury(*results, **fields):
    return run(case(labs=(lab("2160-0", *results, unit="mg/dL"),), **fields), kidney_injury).findings


@pytest.mark.parametrize(
    ("now", "then", "days", "stage"),
    [
        ("1.5", "1.0", 6, 1),
        ("1.49", "1.0", 6, None),
        ("2.0", "1.0", 6, 2),
        ("3.0", "1.0", 6, 3),
        ("1.3", "1.0", 1, 1),
        ("1.29", "1.0", 1, None),
        ("1.3", "1.0", 3, None),
        ("4.0", "3.6", 1, 3),
        ("4.2", "4.1", 1, None),
        ("2.0", "1.0", 200, 2),
        ("2.0", "1.0", 400, None),
        ("1.7", "1.6", 6, None),
    ],
)
def test_stages_follow_kdigo(now, then, days, stage):
    found = injury((now, ago(hours=1)), (then, ago(days=days)))
    assert [f.values["stage"] for f in found] == ([stage] if stage else [])
    assert [f.priority for f in found] == ([M if stage == 1 else H] if stage else [])


def test_the_lowest_of_the_week_goes_before_the_median_of_the_year():
    rise = injury(("1.8", ago(hours=1)), ("1.0", ago(days=3)), ("1.7", ago(days=5)), ("1.8", ago(days=90)))
    assert rise[0].values["ratio"] == 1.8
    chronic = injury(("1.8", ago(hours=1)), ("1.7", ago(days=40)), ("1.9", ago(days=90)), ("0.6", ago(days=300)))
    assert not chronic


def test_a_single_or_old_creatinine_says_nothing():
    assert not injury(("3.0", ago(hours=1)))
    assert not injury(("3.0", ago(hours=73)), ("1.0", ago(days=5)))


def test_kidney_injury_is_for_adults_and_exact_results():
    assert not injury(("3.0", ago(hours=1)), ("1.0", ago(days=5)), who=person(12))
    assert not injury(("3.0", ago(hours=1), "<"), ("1.0", ago(days=5)))


ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"


@pytest.mark.parametrize(
    ("code", "judged"),
    [
        ((ICD10, "N18.6"), False),
        ((ICD10, "Z99.2"), False),
        ((SNOMED, "46177005"), False),
        ((SNOMED, "265764009"), False),
        ((ICD10, "N18.4"), True),
        (("http://example.org/codes", "N18.6"), True),
    ],
)
def test_creatinine_is_not_judged_on_dialysis_and_that_is_said(code, judged):
    chart = case(
        problems=(problem("", code),),
        labs=(lab("2160-0", ("8.0", ago(hours=1)), ("3.0", ago(days=5)), unit="mg/dL"),),
    )
    for rule in (critical_labs, kidney_injury):
        result = run(chart, rule)
        assert bool(result.findings) is judged
        assert [n.what for n in result.not_evaluated] == ([] if judged else ["creatinine"])


def test_other_tests_are_judged_on_dialysis():
    assert priority(with_lab("2823-3", "6.8", problems=(problem("", (ICD10, "N18.6")),))) is C
