"""What raises and lowers a complaint: every limit from both sides, problems and medicines, joined names, lowering."""

import pytest

from cds_service.clinical.red_flags.discriminators import DISCRIMINATORS
from cds_service.clinical.red_flags.grading import atoms, holds, in_short, words
from cds_service.clinical.red_flags.mention import Mention, Origin, Status
from cds_service.clinical.rule import RuleContext
from cds_service.settings import Setting
from fhir_mappers.case import Concept, Demographics, Measurement, Medication
from tests.unit.clinical.build import WELL, ago, case, lab, person, problem, vitals

PLAIN = Mention(flag="f", term="t", status=Status.AFFIRMED, origin=Origin.COMPLAINT, source="s")
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"


def check(name, chart):
    return DISCRIMINATORS[name][1](RuleContext(case=chart, setting=Setting.ED))


def pain(value):
    score = Measurement(
        kind="pain", value=value, unit="{score}", when=ago(minutes=9), as_written=str(value), source="obs-pain"
    )
    return case(vitals=(vitals({**WELL, "pain": score}),))


def glucose(value, **when):
    return case(labs=(lab("2345-7", (value, ago(**(when or {"hours": 1}))), unit="mg/dL"),))


@pytest.mark.parametrize(
    ("name", "kind", "holds_at", "not_at"),
    [
        ("saturation-below-94", "spo2", 93, 94),
        ("saturation-below-92", "spo2", 91, 92),
        ("saturation-below-90", "spo2", 89, 90),
        ("fast-breathing", "respiratory_rate", 25, 24),
        ("breathing-above-20", "respiratory_rate", 21, 20),
        ("slow-breathing", "respiratory_rate", 8, 9),
        ("low-blood-pressure", "systolic", 89, 90),
        ("pressure-below-100", "systolic", 100, 101),
        ("heart-rate-above-100", "heart_rate", 101, 100),
        ("heart-rate-above-110", "heart_rate", 111, 110),
        ("heart-rate-from-150", "heart_rate", 150, 149),
        ("heart-rate-below-50", "heart_rate", 49, 50),
        ("fever", "temperature", "38.0", "37.9"),
        ("fever-39", "temperature", "39.0", "38.9"),
        ("pressure-220", "systolic", 220, 219),
        ("pressure-220", "diastolic", 130, 129),
        ("pressure-180", "systolic", 180, 179),
        ("pressure-180", "diastolic", 120, 119),
        ("pressure-160", "systolic", 160, 159),
        ("pressure-160", "diastolic", 110, 109),
        ("pressure-140", "systolic", 140, 139),
        ("pressure-140", "diastolic", 90, 89),
    ],
)
def test_each_vital_sign_limit_from_both_sides(name, kind, holds_at, not_at):
    def chart(value):
        beside = {"systolic": 139} if kind == "diastolic" else {}
        return case(vitals=(vitals({**beside, kind: value}),))

    assert check(name, chart(holds_at))
    assert not check(name, chart(not_at))
    assert not check(name, case())


@pytest.mark.parametrize(("name", "at", "not_at"), [("pain-8", 8, 7), ("pain-4", 4, 3), ("pain-below-4", 3, 4)])
def test_the_pain_scale_from_both_sides(name, at, not_at):
    assert check(name, pain(at))
    assert not check(name, pain(not_at))
    assert not check(name, case())


@pytest.mark.parametrize(
    ("name", "at", "not_at"),
    [("glucose-below-70", 69, 70), ("glucose-below-54", 53, 54), ("glucose-above-324", 325, 324)],
)
def test_glucose_from_both_sides_and_only_while_fresh(name, at, not_at):
    assert check(name, glucose(at))
    assert check(name, glucose(at, hours=12))
    assert not check(name, glucose(not_at))
    assert not check(name, glucose(at, hours=13))


@pytest.mark.parametrize(
    ("name", "at", "not_at"),
    [
        ("age-45", person(45), person(44)),
        ("age-50", person(50), person(49)),
        ("age-65", person(65), person(64)),
        ("age-under-3-months", person(0, 2), person(0, 3)),
        ("age-under-1", person(0, 11), person(1)),
        ("age-under-5", person(4, 11), person(5)),
        ("adult", person(16), person(15)),
        ("childbearing-age", person(12), person(11)),
        ("childbearing-age", person(54), person(55)),
        ("childbearing-age", person(30), person(30, sex="male")),
    ],
)
def test_each_age_from_both_sides_and_not_when_unknown(name, at, not_at):
    assert check(name, case(who=at))
    assert not check(name, case(who=not_at))
    assert not check(name, case(who=Demographics(sex="female")))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"temperature": "38.0", "heart_rate": 91, "respiratory_rate": 21}, True),
        ({"temperature": "35.9", "heart_rate": 91, "respiratory_rate": 21}, True),
        ({"temperature": "37.9", "heart_rate": 91, "respiratory_rate": 21}, False),
        ({"temperature": "38.0", "heart_rate": 90, "respiratory_rate": 21}, False),
        ({"temperature": "38.0", "heart_rate": 91, "respiratory_rate": 20}, False),
    ],
)
def test_looking_septic_takes_temperature_heart_and_breathing(values, expected):
    assert check("looks-septic", case(vitals=(vitals(values),))) is expected
    assert not check("looks-septic", case(who=person(8), vitals=(vitals(values),)))


def taking(text):
    return case(medications=(Medication(concept=Concept(text=text), status="active", source="med-1"),))


@pytest.mark.parametrize(
    ("name", "chart", "expected"),
    [
        ("weak-immune-system", case("on chemo for breast cancer"), True),
        ("weak-immune-system", taking("Methotrexate 15 mg weekly"), True),
        ("weak-immune-system", case(problems=(problem("", (ICD10, "D70.1")),)), True),
        ("weak-immune-system", case(problems=(problem("Renal transplant recipient"),)), True),
        ("weak-immune-system", taking("Lisinopril 10 mg"), False),
        ("diabetes", case(problems=(problem("", (ICD10, "E11.9")),)), True),
        ("diabetes", case("diabetic, foot sore"), True),
        ("diabetes", case(problems=(problem("Hypertension"),)), False),
        ("heart-disease", case(problems=(problem("Atrial fibrillation"),)), True),
        ("heart-disease", case(problems=(problem("", (ICD10, "I50.9")),)), True),
        ("heart-disease", case(problems=(problem("Asthma"),)), False),
        ("alert", case(vitals=(vitals(WELL),)), True),
        ("alert", case(vitals=(vitals(WELL, level=None),)), False),
        ("alert", case(vitals=(vitals(WELL, level="Confused"),)), False),
        ("second-system", case("hives and vomiting"), True),
        ("second-system", case("hives", vitals=(vitals({"systolic": 89}),)), True),
        ("second-system", case("hives", vitals=(vitals(WELL),)), False),
    ],
)
def test_problems_medicines_and_states(name, chart, expected):
    assert check(name, chart) is expected


def test_joined_names_hold_together_and_read_as_words():
    chart = RuleContext(case=pain(8), setting=Setting.ED)
    assert holds(chart, "pain-8 & not modifier:chronic", PLAIN)
    assert not holds(chart, "pain-8 & modifier:chronic", PLAIN)
    assert not holds(chart, "not pain-8", PLAIN)
    assert atoms("pain-8 & not modifier:chronic") == ("pain-8", "modifier:chronic")
    assert words("pain-8 & not modifier:chronic") == ("pain of 8 or more of 10 and not a duration of months or years")
    assert in_short("pain-8 & not modifier:chronic") == "pain of 8 or more of 10"


def test_an_unknown_discriminator_is_an_error():
    with pytest.raises(KeyError):
        holds(RuleContext(case=case(), setting=Setting.ED), "moon-phase", PLAIN)
