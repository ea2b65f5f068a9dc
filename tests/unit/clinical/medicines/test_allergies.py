"""Medicines against recorded allergies: same ingredient, cross-reactions, reactions, criticality, intolerance."""

import pytest

from cds_service.domain import Priority
from tests.unit.clinical.medicines.charts import RXNORM, SNOMED, allergy, medicine, rows, run, taking, titles

ANAPHYLAXIS = ("Anaphylaxis",)


def only(chart):
    (finding,) = run(chart)[0]
    return finding


def test_the_same_ingredient_is_told_with_both_sources():
    found = only(taking("Amoxicillin 500 MG Oral Capsule", allergies=["Amoxicillin"]))
    assert found.title == "Amoxicillin: allergy to amoxicillin recorded"
    assert found.sources == ("med-1", "alg-1")
    assert found.values["severity"] == "contraindicated"
    assert found.priority is Priority.MEDIUM


@pytest.mark.parametrize(
    ("fields", "priority"),
    [
        ({"criticality": "high"}, Priority.HIGH),
        ({"reactions": ANAPHYLAXIS}, Priority.HIGH),
        ({"reactions": ("Anaphylactic shock",)}, Priority.HIGH),
        ({"criticality": "low"}, Priority.MEDIUM),
        ({"criticality": "unable-to-assess", "reactions": ("Hives",)}, Priority.MEDIUM),
        ({"kind": "intolerance"}, Priority.MEDIUM),
        ({"kind": "intolerance", "criticality": "high"}, Priority.MEDIUM),
    ],
)
def test_criticality_and_anaphylaxis_raise_and_intolerance_never_is_high(fields, priority):
    found = only(taking("Lisinopril 10 MG Oral Tablet", allergies=[allergy("Lisinopril", **fields)]))
    assert found.priority is priority
    assert (found.where_and_when is not None) == (priority is Priority.HIGH)
    assert found.values["severity"] == ("serious" if "kind" in fields else "contraindicated")


@pytest.mark.parametrize(
    ("allergen", "taken", "row"),
    [
        (allergy("", 1, (SNOMED, "91936005")), "Augmentin 875", "penicillin-penicillin"),
        (allergy("PCN"), "amoxicillin 250 mg / clavulanate 125 mg", "penicillin-penicillin"),
        (allergy("sulfa drugs"), "Bactrim DS", "sulfonamide-antibiotic"),
        (allergy("", 1, (RXNORM, "1191")), "Naproxen 500 MG", "aspirin-nsaid"),
        (allergy("Ibuprofen"), "Ketorolac 10 mg", "nsaid-nsaid"),
        (allergy("Amoxicillin"), "Cephalexin 500 mg", "penicillin-amino-cephalosporin"),
        (allergy("Lisinopril"), "Ramipril 5 mg", "ace-inhibitor-angioedema"),
        (allergy("Lisinopril", reactions=("Cough",)), "Ramipril 5 mg", "ace-inhibitor-cough"),
        (allergy("Lisinopril", reactions=("Cough", "Angioedema")), "Entresto 24/26", "ace-inhibitor-angioedema"),
        (allergy("Carbamazepine"), "Phenytoin 100 MG", "aromatic-antiseizure"),
    ],
)
def test_cross_reactions_are_told(allergen, taken, row):
    assert row in rows(taking(taken, allergies=[allergen]))


@pytest.mark.parametrize(
    ("allergen", "taken"),
    [
        ("Penicillin", "Cefdinir 300 MG Oral Capsule"),  # no shared side chain
        ("Penicillin", "Cefazolin 1 g"),
        ("Sulfa drugs", "Hydrochlorothiazide 25 MG"),  # a sulfonamide that is no antibiotic
        ("Sulfa drugs", "Celecoxib 100 mg"),
        ("Aspirin", "Celecoxib 100 mg"),
        ("Lisinopril", "Losartan 50 MG"),
        ("Latex allergy", "Lisinopril 10 MG"),
        (allergy("Lisinopril", reactions=("Cough",)), "Entresto 24/26"),
    ],
)
def test_what_does_not_cross_is_quiet(allergen, taken):
    assert rows(taking(taken, allergies=[allergen])) == []


def test_a_medicine_is_told_once_for_several_entries_of_one_allergy():
    chart = taking("Amoxicillin 500 MG", allergies=["Penicillin", allergy("Amoxicillin", 2, reactions=ANAPHYLAXIS)])
    assert titles(chart) == ["Amoxicillin: allergy to amoxicillin recorded"]
    assert only(chart).priority is Priority.HIGH


def test_two_prescriptions_of_one_medicine_are_one_finding():
    chart = taking("Ibuprofen 200 MG", "Motrin 400 mg", allergies=["Ibuprofen"])
    assert only(chart).sources == ("med-1", "med-2", "alg-1")


def test_local_forms_count_for_allergies():
    assert rows(taking("Erythromycin ophthalmic ointment", allergies=["Erythromycin"])) == ["same-ingredient"]


def test_a_medicine_on_hold_is_not_taken():
    assert rows(taking(medicine("Amoxicillin 500 MG", status="on-hold"), allergies=["Amoxicillin"])) == []


def test_what_could_not_be_matched_is_counted_without_its_name():
    chart = taking("Zzyzxaban 5 mg", "Lisinopril 10 MG", allergies=["Qwertycillin", "Peanut", "Penicillin"])
    _, notes = run(chart)
    assert [n.reason for n in notes if n.what == "medicine safety"] == [
        "not checked: 1 of 2 medicines, which the tables do not know",
        "not checked: 1 of 3 recorded allergies, which could not be matched to a medicine",
    ]
    assert "zzyzx" not in repr(notes).lower()
    assert "qwerty" not in repr(notes).lower()


@pytest.mark.parametrize(
    "text", ["NKDA", "No known drug allergies", "No allergy to penicillin", "Penicillin, ruled out"]
)
def test_an_entry_that_says_there_is_no_allergy_is_none(text):
    assert run(taking("Amoxicillin 500 MG", allergies=[text])) == ([], [])


def test_an_exception_to_no_known_allergy_is_one():
    assert rows(taking("Amoxicillin 500 MG", allergies=["NKDA except penicillin"])) == ["penicillin-penicillin"]


@pytest.mark.parametrize("reaction", ["Throat swelling", "Angioedema", "Swelling of tongue"])
def test_a_swollen_airway_is_as_grave_as_anaphylaxis(reaction):
    found = only(taking("Amoxicillin 500 MG", allergies=[allergy("Penicillin", reactions=(reaction,))]))
    assert found.priority is Priority.HIGH
    assert "names a severe reaction" in found.reason
