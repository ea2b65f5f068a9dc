"""eGFR and KDIGO stage: the published equation, ages, exclusions, category edges, three months of disease."""

import csv
import json

import pytest

from cds_service.clinical.rule import RuleContext
from cds_service.clinical.scores import NotComputed, Score, albuminuria, egfr, kidney_stage
from cds_service.clinical.scores.egfr import ckd_epi_2021, g_category
from cds_service.clinical.scores.kidney_stage import a_category
from cds_service.settings import Setting
from fhir_mappers.case import Precision, When
from tests.unit.clinical.build import NOW, ago, born, case, lab, person, problem

ICD, SNOMED = "http://hl7.org/fhir/sid/icd-10-cm", "http://snomed.info/sct"


def of(score, chart):
    return score(RuleContext(case=chart, setting=Setting.FAMILY_PRACTICE))


def creatinine(*results):
    return lab("2160-0", *results, unit="mg/dL")


def uacr(*results):
    return lab("9318-7", *results, unit="mg/g")


def with_creatinine(value="1.4", when=None, **fields):
    return case(labs=(creatinine((value, when or ago(days=3))),), **fields)


@pytest.mark.parametrize(
    ("sex", "age", "value", "expected"),
    # Worked by hand from the equation of Inker 2021, one on each side of kappa for each sex.
    [("female", 50, 0.6, 109), ("female", 50, 1.0, 69), ("male", 50, 0.8, 108), ("male", 50, 1.2, 74)],
)
def test_the_equation_gives_the_published_numbers(sex, age, value, expected):
    assert ckd_epi_2021(value, age, sex) == expected


def test_agrees_with_a_worked_case_of_the_reference_set(shared_data):
    row = reference(shared_data, "3")
    known = json.loads(row["Relevant Entities"].replace("'", '"'))
    found = ckd_epi_2021(known["creatinine"][0], known["age"][0], known["sex"].lower())
    assert found == round(float(row["Ground Truth Answer"]))


def reference(shared_data, calculator):
    csv.field_size_limit(1_000_000)
    with (shared_data / "calculators" / "medcalc_verified_one_shot55.csv").open(encoding="utf-8") as file:
        return next(row for row in csv.DictReader(file) if row["Calculator ID"] == calculator)


@pytest.mark.parametrize(
    ("value", "category"),
    [(90, "G1"), (89, "G2"), (60, "G2"), (59, "G3a"), (45, "G3a"), (44, "G3b"), (30, "G3b"), (29, "G4"), (15, "G4"),
     (14, "G5"), (0, "G5")],
)  # fmt: skip
def test_each_g_category_from_both_sides(value, category):
    assert g_category(value) == category


@pytest.mark.parametrize(("value", "category"), [(29.9, "A1"), (30, "A2"), (300, "A2"), (300.1, "A3")])
def test_each_a_category_from_both_sides(value, category):
    assert a_category(value) == category


def test_egfr_names_its_creatinine_its_age_and_its_time():
    score = of(egfr, with_creatinine("1.4", ago(days=200)))
    assert (score.value, score.category, score.unit) == (46, "G3a", "mL/min/{1.73_m2}")
    assert score.inputs["days_old"] == 200
    assert (score.sources, score.when) == (("lab-0",), ago(days=200).start)


def test_a_creatinine_counts_for_365_days():
    assert isinstance(of(egfr, with_creatinine(when=ago(days=365))), Score)
    old = of(egfr, with_creatinine(when=ago(days=366)))
    assert old.missing == ("a usable creatinine of the last 365 days",)


def test_what_is_missing_is_named():
    nothing = of(egfr, case(who=person(sex="unknown")))
    assert nothing.missing == ("sex (female or male)", "a usable creatinine of the last 365 days")
    assert of(egfr, with_creatinine(who=person(birth=None))).missing == ("birth date",)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"who": person(17, 11)}, "18 and over"),
        ({"who": person(pregnant=True)}, "pregnancy"),
        ({"problems": (problem("", (ICD, "Z99.2")),)}, "dialysis"),
        ({"problems": (problem("", (ICD, "N17.9")),)}, "acute kidney injury"),
        ({"problems": (problem("", (SNOMED, "14669001"), onset=ago(days=80)),)}, "acute kidney injury"),
    ],
)
def test_egfr_is_not_computed_where_the_equation_does_not_hold(fields, word):
    score = of(egfr, with_creatinine(**fields))
    assert isinstance(score, NotComputed)
    assert word in score.reason


def test_eighteen_is_in():
    assert isinstance(of(egfr, with_creatinine(who=person(18, 1))), Score)


def test_an_injury_coded_long_before_the_creatinine_does_not_count():
    assert isinstance(of(egfr, with_creatinine(problems=(problem("", (ICD, "N17.9"), onset=ago(days=400)),))), Score)


def test_a_rising_creatinine_is_no_steady_state():
    rising = case(labs=(creatinine(("2.1", ago(hours=2)), ("1.0", ago(days=5))),))
    assert "acute kidney injury" in of(egfr, rising).reason
    steady = case(labs=(creatinine(("1.1", ago(hours=2)), ("1.0", ago(days=5))),))
    assert isinstance(of(egfr, steady), Score)


def test_a_creatinine_that_cannot_be_used_is_passed_over_and_that_is_said():
    chart = case(labs=(creatinine(("1.4", ago(days=1), ">"), ("1.2", ago(days=40))),))
    score = of(egfr, chart)
    assert score.inputs["creatinine_mg_dl"] == 1.2
    assert score.inputs["newer_unusable"] is True
    assert of(egfr, with_creatinine()).inputs["newer_unusable"] is False
    impossible = case(labs=(lab("2160-0", ("90", ago(days=1)), unit="mg/dL", plausible=False),))
    assert "usable creatinine" in of(egfr, impossible).missing[0]
    month = When(start=NOW.replace(day=1, hour=0), precision=Precision.MONTH)
    assert isinstance(of(egfr, with_creatinine(when=month)), NotComputed)


def test_a_birth_year_alone_gives_the_lower_age():
    score = of(egfr, with_creatinine(who=person(birth=born(60, precision=Precision.YEAR))))
    assert score.inputs["age"] == 59


def test_the_stage_joins_filtration_and_albumin():
    chart = case(labs=(creatinine(("1.4", ago(days=3))), uacr(("310", ago(days=20)))))
    score = of(kidney_stage, chart)
    assert (score.value, score.category) == (46, "G3a A3")
    assert score.inputs["uacr_mg_g"] == 310
    assert score.inputs["chronic"] is False
    assert score.when == ago(days=20).start


def test_without_albumin_the_stage_is_g_alone_and_without_filtration_there_is_none():
    assert of(kidney_stage, with_creatinine()).category == "G3a"
    assert of(kidney_stage, with_creatinine()).inputs["a"] is None
    only_albumin = case(labs=(uacr(("310", ago(days=20))),))
    assert "usable creatinine" in of(kidney_stage, only_albumin).missing[0]
    assert of(albuminuria, only_albumin).category == "A3"
    assert of(albuminuria, case()).missing


@pytest.mark.parametrize(
    ("results", "chronic"),
    [
        ((("1.4", ago(days=3)), ("1.4", ago(days=93))), True),
        ((("1.4", ago(days=3)), ("1.4", ago(days=92))), False),
        ((("1.4", ago(days=3)), ("0.8", ago(days=50)), ("1.4", ago(days=300))), False),
        ((("1.4", ago(days=3)), ("1.4", ago(days=50)), ("1.5", ago(days=300))), True),
        ((("0.8", ago(days=3)), ("0.8", ago(days=300))), False),
    ],
)
def test_three_months_need_two_results_without_a_normal_one_between(results, chronic):
    score = of(kidney_stage, case(labs=(creatinine(*results),)))
    assert score.inputs["chronic"] is chronic
    assert score.inputs["chronic_by"] == ("results" if chronic else None)


def test_lasting_albuminuria_is_chronic_too():
    ratios = uacr(("40", ago(days=3)), ("30", ago(days=120)))
    score = of(kidney_stage, case(labs=(creatinine(("0.8", ago(days=3))), ratios)))
    assert (score.category, score.inputs["chronic"]) == ("G1 A2", True)
    normal_before = uacr(("40", ago(days=3)), ("29", ago(days=120)))
    assert of(kidney_stage, case(labs=(creatinine(("0.8", ago(days=3))), normal_before))).inputs["chronic"] is False


def test_a_code_of_chronic_kidney_disease_is_enough_and_its_stage_is_offered():
    score = of(kidney_stage, with_creatinine(problems=(problem("", (ICD, "N18.4")),)))
    assert (score.category, score.inputs["coded_stage"]) == ("G3a", "G4")
    assert (score.inputs["chronic"], score.inputs["chronic_by"], score.inputs["coded"]) == (True, "code", True)
    assert "cond-1" in score.sources


def test_words_or_a_code_of_another_system_are_no_code():
    words = problem("Chronic kidney disease stage 4", ("http://example.org/codes", "N18.4"))
    score = of(kidney_stage, with_creatinine(problems=(words,)))
    assert (score.inputs["coded"], score.inputs["coded_stage"]) == (False, None)
