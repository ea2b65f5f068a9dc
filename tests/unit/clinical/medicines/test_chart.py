"""How medicines and conditions of a chart are recognised."""

import pytest

from cds_service.clinical.medicines.chart import named, read_medicines
from cds_service.clinical.medicines.phrases import Phrases, read
from cds_service.clinical.medicines.problems import meant, read_conditions
from fhir_mappers.case import CodedResult, Coding, Concept
from tests.unit.clinical.build import ago, problem
from tests.unit.clinical.medicines.charts import ICD10CM, RXNORM, SNOMED, medicine, taking

ABSENT = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"


@pytest.mark.parametrize(
    ("text", "ingredients"),
    [
        ("Lisinopril 10 MG Oral Tablet", {"lisinopril"}),
        ("LISINOPRIL-HYDROCHLOROTHIAZIDE 20-12.5 mg tab", {"lisinopril", "hydrochlorothiazide"}),
        ("Acetaminophen 325 MG / oxyCODONE Hydrochloride 5 MG Oral Tablet", {"acetaminophen", "oxycodone"}),
        ("Percocet 5/325", {"acetaminophen", "oxycodone"}),
        ("St. John\u2019s Wort 300 mg", {"st-johns-wort"}),
        ("24 HR metoprolol succinate 100 MG Extended Release Oral Tablet [Toprol]", {"metoprolol"}),
        ("Ethinyl Estradiol 0.03 MG / Drospirenone 3 MG", {"ethinyl-estradiol", "drospirenone"}),
        ("5-ASA 400 mg", {"mesalamine"}),  # not acetylsalicylic acid
        ("ASA 81 mg", {"aspirin"}),
        ("penicillin G benzathine", {"penicillin-g"}),
        ("doxepinal", set()),  # whole words only
        ("", set()),
    ],
)
def test_names_are_found_in_text(text, ingredients):
    assert named(Concept(text=text)) == ingredients


def test_an_rxnorm_ingredient_code_needs_no_text_and_its_system():
    assert named(Concept(codings=(Coding(system=RXNORM, code="29046"),))) == {"lisinopril"}
    assert named(Concept(codings=(Coding(system=SNOMED, code="29046"),))) == set()


def test_the_display_of_a_clinical_drug_code_is_read():
    coding = Coding(system=RXNORM, code="855332", display="Warfarin Sodium 5 MG Oral Tablet")
    assert named(Concept(codings=(coding,))) == {"warfarin"}


@pytest.mark.parametrize(
    ("text", "strength"),
    [
        ("Simvastatin 40 MG Oral Tablet", 40),
        ("Zocor 20mg", 20),
        ("Digoxin 250 mcg", 0.25),
        ("Morphine 5 MG/ML solution", None),  # a concentration is no strength
        ("Simvastatin", None),
        ("Amlodipine 5 MG / Simvastatin 40 MG", 40),
    ],
)
def test_the_strength_stands_behind_the_name(text, strength):
    name = "digoxin" if "Digoxin" in text else "morphine" if "Morphine" in text else "simvastatin"
    assert read_medicines(taking(text)).uses[name][0].strength == strength


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("Diclofenac sodium 1 % Topical Gel", True),
        ("Timolol 0.5 % Ophthalmic Solution", True),
        ("Diclofenac 75 MG Oral Tablet", False),
        ("Nitroglycerin 0.4 MG/ACTUAT Mucosal Spray", False),
        ("NuvaRing Vaginal Ring", False),
        ("Hydrocortisone 10 MG/ML Topical Cream", True),
    ],
)
def test_local_forms_are_told_from_systemic_ones(text, local):
    ((use,),) = read_medicines(taking(text)).uses.values()
    assert use.local is local


@pytest.mark.parametrize(
    ("dosage", "as_needed"), [("one tablet as needed for pain", True), ("1 tab PRN", True), ("twice daily", False)]
)
def test_as_needed_is_read_from_the_dosage(dosage, as_needed):
    ((use,),) = read_medicines(taking(medicine("Ibuprofen 200 MG", dosage=dosage))).uses.values()
    assert use.as_needed is as_needed


def test_a_statement_that_nothing_is_known_is_no_medicine():
    absent = medicine("No information about medications")
    absent = type(absent)(
        concept=Concept(codings=(Coding(system=ABSENT, code="no-medication-info"),), text=absent.concept.text),
        status="active",
        source="med-1",
    )
    assert read_medicines(taking(absent)).count == 0


@pytest.mark.parametrize(
    ("concept", "condition", "present"),
    [
        (Concept(codings=(Coding(system=SNOMED, code="84114007"),)), "heart-failure", True),
        (Concept(codings=(Coding(system=ICD10CM, code="I50.22"),)), "heart-failure-reduced-ef", True),
        (Concept(codings=(Coding(system=ICD10CM, code="i5022"),)), "heart-failure", True),
        (Concept(codings=(Coding(system=SNOMED, code="I50"),)), "heart-failure", False),
        (Concept(codings=(Coding(system=ICD10CM, code="I5"),)), "heart-failure", False),
        (Concept(text="Chronic congestive heart failure"), "heart-failure", True),
        (Concept(text="Family history of heart failure"), "heart-failure", False),
        (Concept(text="No evidence of heart failure"), "heart-failure", False),
        (Concept(text="At risk for falls"), "falls-or-fracture", False),
        (Concept(text="Myocardial infarction ruled out"), "myocardial-infarction", False),
        (Concept(text="History of stroke"), "stroke-or-tia", True),
        (Concept(text="Heat stroke"), "stroke-or-tia", False),
        (Concept(text="Pulmonary hypertension"), "hypertension", False),
        (Concept(text="Essential hypertension"), "hypertension", True),
        (Concept(text="Febrile seizures"), "seizure-disorder", False),
        (Concept(text="Goutweed exposure"), "gout", False),
    ],
)
def test_conditions_are_read_by_code_and_by_affirmed_words(concept, condition, present):
    assert (condition in meant(concept)) is present


def test_a_differential_diagnosis_is_no_condition():
    chart = taking("Ibuprofen", problems=["Gout"])
    (gout,) = chart.problems
    assert read_conditions(chart) == {"gout": ("cond-1",)}
    unsure = type(gout)(concept=gout.concept, verification="differential", source="cond-1")
    assert read_conditions(taking("Ibuprofen", problems=[unsure])) == {}


def test_the_newest_smoking_status_says_whether_the_patient_smokes():
    def status(code):
        concept = Concept(codings=(Coding(system=SNOMED, code=code),))
        return CodedResult(kind="smoking_status", concept=concept, when=ago(days=5), source="obs-9")

    assert read_conditions(taking(coded_results=(status("449868002"),))) == {"smoker": ("obs-9",)}
    old = problem("", (SNOMED, "77176002"))
    assert read_conditions(taking(coded_results=(status("8517006"),), problems=[old])) == {}


def test_one_phrase_cannot_stand_for_two_things():
    with pytest.raises(ValueError, match="stands for two things"):
        Phrases([("st john's wort", 1), ("St. John's wort", 2)])


def test_a_long_text_is_cut():
    assert len(read("word " * 10_000).words) == 60
