"""Pairs, classes taken twice, conditions, ages, pregnancy, kidney: what fires and what does not, bounds both ways."""

import pytest

from cds_service.clinical.medicines.kidney import cockcroft_gault
from cds_service.domain import Priority
from fhir_mappers.case import Precision
from tests.unit.clinical.build import ago, born, lab, measured, person, vitals
from tests.unit.clinical.medicines.charts import creatinine, medicine, rows, run, taking, titles

OLD = person(70, sex="male")


@pytest.mark.parametrize(
    ("medicines", "row"),
    [
        (("Warfarin 5 MG", "Naproxen 500 MG"), "nsaid-anticoagulant"),
        (("Viagra 50 mg", "Nitroglycerin 0.4 MG/ACTUAT Mucosal Spray"), "nitrate-pde5"),
        (("Oxycodone 5 MG", "Lorazepam 1 MG"), "opioid-benzodiazepine"),
        (("Phenelzine 15 mg", "Sertraline 50 mg"), "maoi-antidepressants"),
        (("Entresto 24/26", "Lisinopril 10 mg"), "ace-inhibitor-neprilysin"),
        (("Ibuprofen", "Lisinopril", "Hydrochlorothiazide"), "nsaid-ras-diuretic"),
        (("Propranolol 40 mg", "Albuterol Metered Dose Inhaler"), "beta-blocker-saba"),
        (("Simvastatin 40 MG", "Amlodipine 5 MG"), "simvastatin-20"),
        (("Simvastatin 20 MG", "Clarithromycin 500 mg"), "statin-cyp3a4-strong"),
    ],
)
def test_pairs_that_fire(medicines, row):
    assert rows(taking(*medicines)) == [row]


@pytest.mark.parametrize(
    "medicines",
    [
        ("Lisinopril 10 MG", "Hydrochlorothiazide 25 MG"),
        ("Ibuprofen", "Lisinopril"),  # no diuretic
        ("Warfarin 5 MG", "Diclofenac 1 % Topical Gel"),
        ("Simvastatin 20 MG", "Amlodipine 5 MG"),
        ("Simvastatin", "Amlodipine 5 MG"),  # no strength written
        ("Symbyax 6/25",),  # parts of one product
        ("Warfarin 5 MG", "Warfarin 2 MG"),
        ("Sertraline 50 MG", "Ibuprofen 200 MG"),  # under 65
    ],
)
def test_pairs_that_are_quiet(medicines):
    assert rows(taking(*medicines)) == []


def test_each_pair_is_told_once_by_its_most_severe_row():
    (found,) = run(taking("Ziprasidone 40 mg", "Amiodarone 200 mg"))[0]
    assert found.values["row"] == "ziprasidone-qt"
    assert set(found.sources) == {"med-1", "med-2"}


def test_one_row_tells_all_its_pairs_in_one_finding():
    assert titles(taking("Oxycodone 5 MG", "Lorazepam 1 MG", "Zolpidem 5 MG", "Clonazepam 1 MG"))[0] == (
        "Oxycodone with clonazepam, lorazepam and zolpidem"
    )
    assert titles(taking("Ibuprofen", "Naproxen", "Meloxicam")) == ["Ibuprofen and meloxicam with naproxen"]


@pytest.mark.parametrize(("dosage", "fires"), [("as needed", []), ("twice daily", ["nsaid-aspirin"])])
def test_an_nsaid_as_needed_is_quiet_for_moderate_rows(dosage, fires):
    assert rows(taking("Aspirin 81 MG", medicine("Ibuprofen 200 MG", 2, dosage=dosage))) == fires


def test_an_nsaid_as_needed_is_told_for_serious_rows():
    assert rows(taking("Apixaban 5 MG", medicine("Ibuprofen 200 MG", 2, dosage="PRN"))) == ["nsaid-anticoagulant"]


def test_a_row_of_older_adults_needs_a_certain_age():
    medicines = ("Prednisone 5 MG", "Naproxen 250 mg")
    assert rows(taking(*medicines, who=person(65))) == ["nsaid-corticosteroid"]
    assert rows(taking(*medicines, who=person(64, 11))) == []
    assert rows(taking(*medicines, who=person(birth=born(65, precision=Precision.YEAR)))) == []
    assert rows(taking(*medicines, who=person(birth=None))) == []
    assert rows(taking(*medicines, "Omeprazole 20 mg", who=person(65))) == []


def test_one_class_twice_is_told_unless_a_pair_tells_it():
    assert titles(taking("Simvastatin 10 MG", "Atorvastatin 20 MG")) == [
        "Atorvastatin and simvastatin: one class, statin"
    ]
    assert rows(taking("Insulin glargine", "Insulin lispro")) == []
    assert rows(taking("Metoprolol 50 mg", "Timolol ophthalmic solution")) == []
    assert rows(taking("Lisinopril 10 mg", "Losartan 50 mg")) == ["ace-inhibitor-arb"]


def test_three_medicines_of_the_brain_are_counted_in_older_adults_and_not_told_twice():
    three = ("Sertraline 50 MG", "Quetiapine 25 MG", "Gabapentin 300 MG")
    assert rows(taking(*three, who=OLD)) == ["three-brain-medicines"]
    assert rows(taking(*three, who=person(64))) == []
    assert rows(taking(*three[:2], who=OLD)) == []
    told = rows(taking("Oxycodone 5 MG", "Lorazepam 1 MG", "Gabapentin 300 MG", who=OLD))
    assert sorted(told) == ["opioid-benzodiazepine", "opioid-gabapentinoid"]


@pytest.mark.parametrize(
    ("taken", "problem", "row"),
    [
        ("Ibuprofen 200 MG", "Heart failure", "nsaid-heart-failure"),
        ("Timolol 0.5 % Ophthalmic Solution", "Asthma", "beta-blocker-asthma"),
        ("Bupropion 150 mg", "Epilepsy", "bupropion-seizure"),
        ("Sumatriptan 50 MG", "Coronary artery disease", "triptan-vascular"),
        ("Naproxen", "Hemophilia A", "nsaid-bleeding-disorder"),
        ("Ciprofloxacin 500 mg", "Epilepsy", "fluoroquinolone-seizure"),
        ("Pseudoephedrine 30 mg", "Heart failure", "decongestant-vascular"),
    ],
)
def test_conditions_that_fire(taken, problem, row):
    (found,) = run(taking(taken, problems=[problem]))[0]
    assert found.values["row"] == row
    assert found.sources == ("med-1", "cond-1")


@pytest.mark.parametrize(
    ("medicines", "problems"),
    [
        (("Metoprolol 50 mg",), ("Asthma",)),
        (("Advair 250/50 inhaler",), ("Asthma",)),  # with an inhaled corticosteroid
        (("Diclofenac 1 % Topical Gel",), ("Heart failure",)),
        (("Metoprolol 50 mg",), ("Complete heart block", "Pacemaker")),
        (("Aspirin 81 MG", "Omeprazole 20 mg"), ("Peptic ulcer",)),
        (("Testosterone gel",), ("Prostate cancer",)),  # a woman in the record
    ],
)
def test_conditions_that_are_quiet(medicines, problems):
    assert rows(taking(*medicines, problems=problems)) == []


def test_a_medicine_is_not_told_again_by_moderate_rows():
    assert rows(taking("Naproxen", problems=["Heart failure", "Stroke"])) == ["nsaid-heart-failure"]
    assert rows(taking("Naproxen", problems=["Stroke"])) == ["nsaid-stroke"]


@pytest.mark.parametrize(("value", "days", "fires"), [("5.6", 2, True), ("5.5", 2, False), ("5.6", 31, False)])
def test_a_potassium_stands_for_hyperkalemia(value, days, fires):
    chart = taking("Lisinopril 10 MG", labs=(lab("2823-3", (value, ago(days=days))),))
    assert titles(chart) == (["Lisinopril with potassium 5.6 mmol/L"] if fires else [])


@pytest.mark.parametrize(
    ("taken", "years", "months", "fires"),
    [
        ("Glyburide 5 MG", 65, 0, ["beers-sulfonylurea"]),
        ("Glyburide 5 MG", 64, 11, []),
        ("Codeine 30 mg", 11, 11, ["opioid-children"]),
        ("Codeine 30 mg", 12, 0, []),
        ("Prasugrel 10 mg", 75, 0, ["prasugrel-age"]),
        ("Prasugrel 10 mg", 74, 11, []),
        ("Digoxin 0.25 MG", 70, 0, ["beers-digoxin-dose"]),
        ("Digoxin 0.125 MG", 70, 0, []),
    ],
)
def test_ages(taken, years, months, fires):
    assert rows(taking(taken, who=person(years, months))) == fires


def test_an_age_row_is_not_told_where_a_condition_tells_more():
    assert rows(taking("Amitriptyline 25 MG", who=OLD)) == ["beers-tricyclic"]
    assert rows(taking("Amitriptyline 25 MG", who=OLD, problems=["Dementia"])) == ["beers-anticholinergic-brain"]


def test_pregnancy_counts_only_when_the_chart_says_so():
    carrying = person(30, pregnant=True, pregnancy_source="cond-7")
    (found,) = run(taking("Lisinopril 10 MG", who=carrying))[0]
    assert found.title == "Lisinopril in pregnancy"
    assert found.sources == ("med-1", "cond-7")
    assert rows(taking("Labetalol 100 mg", who=carrying)) == []
    assert rows(taking("Lisinopril 10 MG", who=person(30, pregnant=False))) == []
    assert rows(taking("Lisinopril 10 MG", who=person(30))) == []


@pytest.mark.parametrize(
    ("value", "row"),
    # a woman of 50: 1.98 mg/dL is an eGFR of 30, 2.05 of 29; 1.39 of 46, 1.42 of 45, 1.45 of 44
    [("2.05", "metformin-avoid"), ("1.98", "metformin-review"), ("1.45", "metformin-review"), ("1.42", None)],
)
def test_metformin_by_egfr(value, row):
    assert rows(taking("Metformin 500 MG", labs=(creatinine(value),))) == ([row] if row else [])


def test_the_finding_says_the_value_and_its_source():
    (found,) = run(taking("Metformin 500 MG", labs=(creatinine("2.05"),)))[0]
    assert found.reason.endswith("The newest value, of the last month, is eGFR 29 mL/min/1.73 m2.")
    assert found.sources == ("med-1", "lab-0")
    assert (found.priority, found.values["action"]) == (Priority.MEDIUM, "avoid")


def test_creatinine_clearance_needs_a_weight_and_says_when_the_egfr_stands_in():
    labs = (creatinine("1.0"),)
    assert cockcroft_gault(80, 50, 1.0, female=True) == 35
    assert cockcroft_gault(80, 50, 1.0, female=False) == 42
    weighed = vitals({"weight": measured("weight", 50, unit="kg")}, minutes=60)
    (found,) = run(taking("Gabapentin 300 MG", who=person(80), labs=labs, vitals=(weighed,)))[0]
    assert found.title == "Gabapentin with creatinine clearance 35"
    assert found.sources == ("med-1", "lab-0", "obs-weight")
    assert "stands in" not in found.reason
    (found,) = run(taking("Gabapentin 300 MG", who=person(80), labs=labs))[0]
    assert found.title == "Gabapentin with eGFR 57"
    assert "which stands in for the creatinine clearance since no weight is known" in found.reason


def test_a_coded_stage_counts_only_where_no_egfr_can_be_computed():
    stage = "Chronic kidney disease stage 4"
    assert rows(taking("Metformin 500 MG", problems=[stage])) == ["metformin-ckd"]
    assert rows(taking("Metformin 500 MG", problems=[stage], labs=(creatinine("0.9"),))) == []
    assert rows(taking("Metformin 500 MG", problems=[stage], labs=(creatinine("2.5"),))) == ["metformin-avoid"]


def test_kidney_function_that_cannot_be_computed_is_said_only_where_a_medicine_needs_it():
    def notes(chart):
        return [n.reason for n in run(chart)[1] if n.what == "medicines and kidney function"]

    assert notes(taking("Metformin 500 MG")) == ["missing: a usable creatinine of the last 365 days"]
    assert notes(taking("Loratadine 10 MG")) == []
    assert notes(taking("Ibuprofen 100 MG", who=person(8))) == []
