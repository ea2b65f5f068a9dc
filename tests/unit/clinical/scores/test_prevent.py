"""PREVENT: the published example, every input asked for, ranges from both sides, whom it is for."""

import csv
from dataclasses import replace

import pytest

from cds_service.clinical.rule import RuleContext
from cds_service.clinical.scores import Score, prevent
from cds_service.clinical.scores.medicines import takes
from cds_service.clinical.scores.prevent import OUTCOMES, RANGES, TABLE, Person, risk
from cds_service.clinical.scores.smoking import smokes
from cds_service.settings import Setting
from fhir_mappers.case import Coding, Concept, Medication, Missing
from tests.unit.clinical.build import ago, case, coded, lab, measured, person, problem
from tests.unit.clinical.scores.test_bmi_and_shock_index import sized
from tests.unit.clinical.scores.test_kidney import ICD, SNOMED, creatinine

EXAMPLE = {
    "age": 50, "total_cholesterol": 200, "hdl_cholesterol": 45, "systolic": 160, "bmi": 35, "egfr": 90,
    "diabetes": True, "smoking": False, "bp_medicine": True, "statin": False,
}  # fmt: skip


def test_the_published_example():
    # Khan et al. 2024, supplement, table S25.
    woman = Person(sex="female", **EXAMPLE)
    assert [risk(woman, outcome) for outcome in OUTCOMES] == [14.7, 9.2, 8.1]


def test_the_coefficients_are_those_of_the_reference_table(shared_data):
    with (shared_data / "calculators" / "prevent" / "base_10yr.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for outcome in OUTCOMES:
        for sex in ("female", "male"):
            reference = [float(v) for row in rows if (v := row[f"{sex}_{outcome}"]) and float(v)]
            assert list(TABLE[outcome][sex].values()) == reference


def smoking(code, system=SNOMED, when=None):
    return coded("smoking_status", None, Coding(system=system, code=code), when=when or ago(days=40))


def medicine(name):
    return Medication(concept=Concept(text=name), status="active", source="med-1")


def chart(**fields):
    sizes = sized(ago(days=10), weight=95, height=170)
    pressure = replace(sizes, values={**sizes.values, "systolic": measured("systolic", 142, when=ago(days=10))})
    return replace(
        case(
            who=person(55, sex="female"),
            vitals=(pressure,),
            labs=(
                lab("2093-3", ("210", ago(days=700)), unit="mg/dL"),
                lab("2085-9", ("48", ago(days=700)), unit="mg/dL"),
                creatinine(("0.9", ago(days=30))),
            ),
            coded_results=(smoking("266919005"),),
            medications=(medicine("amlodipine 5 mg tablet"),),
        ),
        **fields,
    )


def of(made):
    return prevent(RuleContext(case=made, setting=Setting.FAMILY_PRACTICE))


def test_a_whole_chart_gives_three_risks_and_says_what_went_in():
    score = of(chart())
    assert isinstance(score, Score)
    known = {k: score.inputs[k] for k in Person.__dataclass_fields__}
    assert score.value == score.inputs["total_cvd"] == risk(Person(**known), "total_cvd")
    assert (known["bp_medicine"], known["statin"], known["diabetes"], known["smoking"]) == (True, False, False, False)
    assert (score.inputs["lipids_days_old"], score.when) == (700, ago(days=700).start)
    assert 0 < score.inputs["heart_failure"] < score.value
    assert score.category == ""


def test_every_missing_input_is_named():
    empty = of(replace(chart(), vitals=(), labs=(), coded_results=(), demographics=person(55, sex="other")))
    assert empty.missing[:5] == (
        "sex (female or male)",
        "systolic blood pressure of the last 365 days",
        "total cholesterol of the last 5 years",
        "HDL cholesterol of the last 5 years",
        "smoking status",
    )
    assert empty.missing[5].startswith("eGFR")
    assert empty.missing[6].startswith("body mass index")


@pytest.mark.parametrize(
    ("key", "name"),
    [("conditions", "problems"), ("medicationRequests", "medicines")],
)
def test_silence_about_problems_or_medicines_is_no_when_they_were_received_only(key, name):
    unread = replace(chart(), missing=(Missing(what=key, reason="not sent"),))
    assert of(unread).missing == (name,)


@pytest.mark.parametrize(
    ("years", "months", "computed"), [(29, 11, False), (30, 1, True), (79, 11, True), (80, 0, False)]
)
def test_ages_from_both_sides(years, months, computed):
    assert isinstance(of(replace(chart(), demographics=person(years, months, sex="female"))), Score) is computed


@pytest.mark.parametrize("code", ["I21.4", "I50.9", "I63.9", "I25.10", "I20.9", "I70.213"])
def test_cardiovascular_disease_is_out(code):
    assert "is coded" in of(replace(chart(), problems=(problem("", (ICD, code)),))).reason


@pytest.mark.parametrize(("value", "computed"), [(129, False), (130, True), (320, True), (321, False)])
def test_the_range_of_cholesterol_from_both_sides(value, computed):
    labs = (lab("2093-3", (value, ago(days=7)), unit="mg/dL"), *chart().labs[1:])
    score = of(replace(chart(), labs=labs))
    assert isinstance(score, Score) is computed
    if not computed:
        assert score.reason == "outside the range of the equations: total cholesterol"


def test_the_ranges_are_those_of_the_source():
    assert RANGES == {
        "total_cholesterol": (130, 320), "hdl_cholesterol": (20, 100), "systolic": (90, 180), "bmi": (18.5, 39.9),
        "egfr": (15, 140),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "higher"),
    [
        ({"problems": (problem("", (ICD, "E11.9")),)}, True),
        ({"coded_results": (smoking("449868002"),)}, True),
        ({"medications": (medicine("amlodipine 5 mg"), medicine("Atorvastatin 20 MG Oral Tablet"))}, None),
    ],
)
def test_diabetes_smoking_and_statin_are_read(change, higher):
    before, after = of(chart()), of(replace(chart(), **change))
    assert after.value != before.value
    if higher:
        assert after.value > before.value


@pytest.mark.parametrize(
    ("name", "group", "taken"),
    [
        ("lisinopril 10 MG Oral Tablet", "antihypertensive", True),
        ("Hydrochlorothiazide 25 MG", "antihypertensive", True),
        ("24 HR metoprolol succinate 100 MG", "antihypertensive", True),
        ("timolol 0.5 % ophthalmic solution", "antihypertensive", False),
        ("Albuterol 0.09 MG/ACTUAT", "antihypertensive", False),
        ("Simvastatin 20 MG Oral Tablet", "statin", True),
        ("Nystatin 100000 UNT/ML", "statin", False),
        ("April vitamins", "antihypertensive", False),
    ],
)
def test_medicines_are_read_by_their_names(name, group, taken):
    assert takes(replace(chart(), medications=(medicine(name),)), group) is taken


def test_the_newest_smoking_status_that_says_something_counts():
    newer, older = smoking("8517006", when=ago(days=1)), smoking("449868002", when=ago(days=90))
    assert smokes(replace(chart(), coded_results=(older, newer))) is False
    unknown = smoking("266927001", when=ago(days=1))
    assert smokes(replace(chart(), coded_results=(older, unknown))) is True
    assert smokes(replace(chart(), coded_results=(unknown,))) is None
    assert smokes(replace(chart(), coded_results=(smoking("449868002", "http://example.org"),))) is None
