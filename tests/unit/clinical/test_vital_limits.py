"""Critical vital signs: each limit from both sides, populations, symptoms, and inputs that must not be judged."""

from decimal import Decimal

import pytest

from cds_service.clinical.critical_vitals import RULES
from cds_service.clinical.red_flags.rules import LEXICON
from cds_service.clinical.rule import RuleContext, RuleResult
from cds_service.clinical.vital_limits import LIMITS
from cds_service.domain import Priority
from cds_service.settings import Setting
from fhir_mappers.case import Precision, Refused
from tests.unit.clinical.build import born, case, coded, measured, person, vitals

PREGNANT = person(30, pregnant=True)


def run(chart):
    context = RuleContext(case=chart, setting=Setting.FAMILY_PRACTICE)
    results = [rule.evaluate(context) for rule in RULES]
    return RuleResult(
        findings=tuple(f for r in results for f in r.findings),
        not_evaluated=tuple(n for r in results for n in r.not_evaluated),
    )


def priority(chart):
    return max((f.priority for f in run(chart).findings), default=None)


def of(kind, value, *complaints, who=None, **round_options):
    return priority(case(*complaints, who=who, vitals=(vitals({kind: value}, **round_options),)))


C, H, M = Priority.CRITICAL, Priority.HIGH, Priority.MEDIUM


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("spo2", 84, C),
        ("spo2", 85, H),
        ("spo2", 89, H),
        ("spo2", 90, None),
        ("respiratory_rate", 7, C),
        ("respiratory_rate", 8, None),
        ("respiratory_rate", 29, None),
        ("respiratory_rate", 30, H),
        ("respiratory_rate", 36, H),
        ("respiratory_rate", 37, C),
        ("systolic", 79, C),
        ("systolic", 80, H),
        ("systolic", 89, H),
        ("systolic", 90, None),
        ("systolic", 180, None),
        ("systolic", 181, M),
        ("diastolic", 120, None),
        ("diastolic", 121, M),
        ("heart_rate", 39, H),
        ("heart_rate", 40, None),
        ("heart_rate", 130, None),
        ("heart_rate", 131, H),
        ("heart_rate", 160, H),
        ("heart_rate", 161, C),
        ("temperature", "31.9", C),
        ("temperature", "32.0", H),
        ("temperature", "34.9", H),
        ("temperature", "35.0", None),
        ("temperature", "41.0", None),
        ("temperature", "41.1", C),
        ("gcs", 8, C),
        ("gcs", 9, None),
    ],
)
def test_each_adult_limit_from_both_sides(kind, value, expected):
    assert of(kind, value) == expected


@pytest.mark.parametrize(
    ("kind", "value", "without"),
    [("systolic", 190, M), ("diastolic", 125, M), ("heart_rate", 38, H), ("heart_rate", 150, H), ("spo2", 88, H)],
)
def test_symptoms_named_now_raise_a_limit_to_critical(kind, value, without):
    assert of(kind, value) == without
    assert of(kind, value, "chest pain and short of breath") is C
    assert of(kind, value, "denies chest pain, no SOB") == without


def test_the_reason_names_the_symptom_in_lexicon_words():
    chart = case("pressure on my chest", vitals=(vitals({"systolic": 190}),))
    (finding,) = run(chart).findings
    assert "named now: chest pain" in finding.reason
    assert "pressure on my chest" not in finding.reason


def test_scale_2_moves_the_saturation_limit():
    decided = (coded("spo2_scale_2", "target 88-92 %"),)
    low = case(vitals=(vitals({"spo2": 84}),), coded_results=decided)
    very_low = case(vitals=(vitals({"spo2": 83}),), coded_results=decided)
    assert (priority(low), priority(very_low)) == (None, C)


@pytest.mark.parametrize(
    ("level", "expected"), [("Unresponsive", C), ("Responds to pain", C), ("Voice", None), ("Alert", None)]
)
def test_not_responding_to_voice_is_critical(level, expected):
    assert of("heart_rate", 80, level=level) == expected


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("systolic", 159, None),
        ("systolic", 160, H),
        ("diastolic", 100, None),
        ("diastolic", 101, H),
        ("systolic", 89, H),
        ("heart_rate", 120, M),
        ("heart_rate", 121, H),
        ("heart_rate", 49, H),
        ("heart_rate", 50, None),
        ("respiratory_rate", 9, H),
        ("respiratory_rate", 10, None),
        ("respiratory_rate", 30, M),
        ("respiratory_rate", 31, H),
        ("spo2", 94, H),
        ("spo2", 95, None),
        ("spo2", 89, C),
    ],
)
def test_each_maternal_limit_from_both_sides(kind, value, expected):
    assert of(kind, value, who=PREGNANT) == expected


def test_severe_blood_pressure_with_headache_in_pregnancy_is_critical():
    assert of("systolic", 165, "worst headache of my life", who=PREGNANT) is C


def test_pregnancy_goes_before_age():
    assert of("heart_rate", 125, who=person(15, pregnant=True)) is H


@pytest.mark.parametrize(
    ("years", "months", "kind", "value", "expected"),
    [
        (0, 2, "temperature", "38.0", H),
        (0, 2, "temperature", "37.9", None),
        (0, 3, "temperature", "38.4", None),
        (0, 2, "heart_rate", 181, None),
        (0, 2, "heart_rate", 182, M),
        (0, 2, "heart_rate", 220, C),
        (0, 2, "heart_rate", 106, M),
        (2, 0, "heart_rate", 142, None),
        (2, 0, "heart_rate", 143, M),
        (2, 0, "heart_rate", 180, C),
        (2, 0, "heart_rate", 59, C),
        (2, 0, "respiratory_rate", 38, None),
        (2, 0, "respiratory_rate", 39, M),
        (2, 0, "respiratory_rate", 61, H),
        (2, 0, "respiratory_rate", 9, C),
        (2, 0, "spo2", 95, None),
        (2, 0, "spo2", 94, M),
        (2, 0, "spo2", 92, M),
        (2, 0, "spo2", 91, H),
        (2, 0, "spo2", 90, H),
        (2, 0, "spo2", 89, C),
        (0, 0, "systolic", 59, C),
        (0, 0, "systolic", 60, None),
        (0, 6, "systolic", 69, C),
        (0, 6, "systolic", 70, None),
        (5, 0, "systolic", 79, C),
        (5, 0, "systolic", 80, None),
        (12, 0, "systolic", 89, C),
        (12, 0, "systolic", 90, None),
        (15, 11, "heart_rate", 104, None),
        (15, 11, "heart_rate", 105, M),
        (14, 0, "heart_rate", 55, None),
    ],
)
def test_each_child_is_judged_by_its_age(years, months, kind, value, expected):
    assert of(kind, value, who=person(years, months)) == expected


def test_every_month_of_childhood_has_one_centile_band_and_one_systolic_limit():
    for month in range(192):
        for kind, count in (("heart_rate", 2), ("respiratory_rate", 2), ("systolic", 1)):
            bands = [
                limit
                for limit in LIMITS
                if limit.id.startswith(("child-low-", "child-high-", "child-systolic-")) and limit.kind == kind
                if limit.from_months <= month < limit.below_months
            ]
            assert len(bands) == count, (month, kind)


def test_an_unknown_age_is_judged_by_limits_for_everybody_and_the_rest_is_said():
    chart = case(who=person(birth=None), vitals=(vitals({"gcs": 7, "heart_rate": 170}),))
    result = run(chart)
    assert [f.values["limit"] for f in result.findings] == ["gcs-coma"]
    assert any(n.what == "heart rate" and "age" in n.reason for n in result.not_evaluated)


def test_a_birth_year_that_spans_bands_is_not_judged_by_one_of_them():
    chart = case(who=person(birth=born(2, precision=Precision.YEAR)), vitals=(vitals({"heart_rate": 150}),))
    assert not run(chart).findings


def test_the_newest_value_of_each_sign_counts():
    recovered = (vitals({"spo2": 97}, minutes=5), vitals({"spo2": 80, "systolic": 85}, minutes=90))
    assert [f.values["limit"] for f in run(case(vitals=recovered)).findings] == ["adult-systolic-low"]


def test_stale_and_impossible_values_are_not_judged():
    stale = case(vitals=(vitals({"spo2": 70}, minutes=25 * 60),))
    assert not run(stale).findings
    assert "older than 24 hours" in run(stale).not_evaluated[0].reason
    odd = case(vitals=(vitals({"spo2": 7}, odd=("spo2",)),))
    assert not run(odd).findings
    assert any(n.what == "oxygen saturation" for n in run(odd).not_evaluated)


@pytest.mark.parametrize(
    ("value", "comparator", "expected", "at_least"),
    [(85, "<", C, False), (80, "<=", C, False), (92, "<", C, True), (80, ">", None, None)],
)
def test_comparators_are_read_with_care(value, comparator, expected, at_least):
    result = run(case(vitals=(vitals({"spo2": measured("spo2", value, comparator=comparator)}),)))
    assert [f.priority for f in result.findings] == ([expected] if expected else [])
    assert [f.at_least for f in result.findings] == ([at_least] if expected else [])


def test_flags_named_in_the_table_exist():
    named = {flag for limit in LIMITS for flag in limit.with_flags}
    assert named
    assert named <= {flag.id for flag in LEXICON.flags}


def test_a_finding_shows_value_limit_source_and_handle():
    (finding,) = run(case(vitals=(vitals({"spo2": Decimal("84.50")}),))).findings
    assert finding.reason.startswith("Oxygen saturation is 84.5 % (limit: below 85), measured within the last hour")
    assert finding.values == {"spo2": 84.5, "limit": "adult-spo2-very-low"}
    assert finding.sources == ("obs-spo2",)
    assert finding.citation.year == 2004


FEVER = "38.0"
NO_FEVER = "37.9"
SEPSIS_BANDS = [
    (0, "respiratory_rate", 59, 60),
    (0, "heart_rate", 159, 160),
    (1, "respiratory_rate", 49, 50),
    (2, "heart_rate", 149, 150),
    (3, "respiratory_rate", 39, 40),
    (4, "heart_rate", 139, 140),
    (5, "respiratory_rate", 28, 29),
    (5, "heart_rate", 129, 130),
    (6, "respiratory_rate", 26, 27),
    (7, "heart_rate", 119, 120),
    (8, "respiratory_rate", 24, 25),
    (11, "heart_rate", 114, 115),
    (12, "respiratory_rate", 24, 25),
    (15, "heart_rate", 130, 131),
]


@pytest.mark.parametrize(("years", "kind", "below", "beyond"), SEPSIS_BANDS)
def test_high_risk_rates_of_a_child_are_high_beside_fever_or_breathing_difficulty_only(years, kind, below, beyond):
    who = person(years, 6)
    hot = {"temperature": FEVER}
    assert priority(case(who=who, vitals=(vitals({kind: beyond, **hot}),))) is H
    assert priority(case(who=who, vitals=(vitals({kind: below, **hot}),))) in (None, M)
    assert priority(case("SOB", who=who, vitals=(vitals({kind: beyond}),))) is H
    assert priority(case(who=who, vitals=(vitals({kind: beyond, "temperature": NO_FEVER}),))) in (None, M)


def test_a_fever_of_another_round_does_not_count_for_a_rate():
    apart = (vitals({"heart_rate": 142}, minutes=5), vitals({"temperature": FEVER}, minutes=90))
    assert priority(case(who=person(4), vitals=apart)) is M


def test_the_reason_says_that_a_limit_held_because_of_the_fever():
    chart = case(who=person(4), vitals=(vitals({"heart_rate": 142, "temperature": FEVER}),))
    assert "measured with fever" in run(chart).findings[0].reason


@pytest.mark.parametrize(
    ("kind", "value", "temperature", "expected"),
    [
        ("temperature", "38.0", "38.0", H),
        ("temperature", "37.9", "37.9", None),
        ("heart_rate", 110, FEVER, H),  # by the fever alone
        ("heart_rate", 110, NO_FEVER, None),
        ("heart_rate", 111, NO_FEVER, M),
        ("respiratory_rate", 24, NO_FEVER, None),
        ("respiratory_rate", 25, NO_FEVER, M),
    ],
)
def test_signs_of_infection_in_pregnancy(kind, value, temperature, expected):
    chart = case(who=PREGNANT, vitals=(vitals({"temperature": temperature, kind: value}),))
    assert priority(chart) is expected


@pytest.mark.parametrize(("kind", "value"), [("heart_rate", 111), ("respiratory_rate", 25)])
def test_a_raised_rate_with_fever_in_pregnancy_is_high_itself(kind, value):
    found = run(case(who=PREGNANT, vitals=(vitals({kind: value, "temperature": FEVER}),))).findings
    assert next(f.priority for f in found if kind in f.values) is H
    calm = run(case(who=PREGNANT, vitals=(vitals({kind: value - 1, "temperature": FEVER}),))).findings
    assert not [f for f in calm if kind in f.values]


@pytest.mark.parametrize(("value", "severe"), [(109, False), (110, True)])
def test_a_diastolic_pressure_of_110_in_pregnancy_is_called_severe_range(value, severe):
    (finding,) = run(case(who=PREGNANT, vitals=(vitals({"diastolic": value}),))).findings
    assert finding.priority is H
    assert ("Severe-range" in finding.title) is severe


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("spo2", 89, H),
        ("spo2", 90, None),
        ("heart_rate", 179, None),
        ("heart_rate", 180, H),
        ("respiratory_rate", 60, None),
        ("respiratory_rate", 61, H),
        ("respiratory_rate", 8, None),
        ("respiratory_rate", 7, C),
    ],
)
def test_an_unknown_age_is_judged_where_every_age_is_beyond_a_limit(kind, value, expected):
    assert of(kind, value, who=person(birth=None)) == expected


def test_an_outdated_value_beyond_a_limit_is_said_for_a_month():
    def notes(value, hours):
        result = run(case(vitals=(vitals({"spo2": value}, minutes=hours * 60),)))
        assert not result.findings
        return [n.reason for n in result.not_evaluated if n.what == "oxygen saturation"]

    assert notes(80, 25) == ["the newest value was beyond a limit but is older than 24 hours"]
    assert notes(96, 25) == []
    assert notes(80, 31 * 24) == []


def test_unread_observations_are_not_called_a_chart_without_vital_signs():
    unread = run(case(refused=(Refused(resource_type="Observation", reason="no-unit"),)))
    assert "could be read" in unread.not_evaluated[0].reason
    other = run(case(refused=(Refused(resource_type="Condition", reason="inactive"),)))
    assert other.not_evaluated[0].reason == "the chart holds no vital signs"
