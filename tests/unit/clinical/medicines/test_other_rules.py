"""Compared with an openly licensed rule set (Basu, MIT licence): what of its medicine edges our tables cover."""

import json

import pytest

from tests.unit.clinical.build import person
from tests.unit.clinical.medicines.charts import creatinine, run, taking

MEDICINES = {
    # their class: an ingredient that stands for it
    "nsaids": "naproxen", "ace_inhibitor": "enalapril", "arb": "valsartan", "statin": "pravastatin",
    "warfarin": "warfarin", "glp1": "semaglutide", "decongestant": "pseudoephedrine", "maoi": "phenelzine",
    "dextromethorphan": "dextromethorphan", "ssri": "sertraline", "albuterol": "albuterol", "metformin": "metformin",
    "opioid": "oxycodone", "benzodiazepine": "lorazepam", "sedating_antihistamine": "diphenhydramine",
    "fluoroquinolone": "levofloxacin",
    "valproate": "divalproex", "lithium": "lithium", "digoxin": "digoxin", "potassium_sparing_diuretic": "amiloride",
    "corticosteroid": "prednisone",
}  # fmt: skip
SEVERE_CKD = {"labs": (creatinine("4.0"),), "who": person(60)}
CHARTS = {
    "chronic_kidney_disease": SEVERE_CKD,
    "pregnancy": {"who": person(30, pregnant=True, pregnancy_source="cond-1")},
    "heart_failure": {"problems": ["Heart failure"]},
    "bleeding_disorder": {"problems": ["Hemophilia"]},
    "liver_disease": {"problems": ["Cirrhosis"]},
    "hypertension": {"problems": ["Hypertension"]},
    "cardiovascular_disease": {"problems": ["Coronary artery disease"]},
    "substance_use_disorder": {"problems": ["Opioid use disorder", "Alcohol dependence"]},
    "fall_risk": {"problems": ["Recurrent falls"], "who": person(70)},
    "seizure_disorder": {"problems": ["Epilepsy"]},
    "diabetes": {"problems": ["Diabetes mellitus"]},
}
LEFT_OUT = {
    ("albuterol", "cardiovascular_disease"): "a caution of the label that would interrupt most inhaler users to no end",
    ("corticosteroid", "diabetes"): "a known effect to watch by glucose checks, no reason against the medicine",
}


@pytest.fixture(scope="module")
def edges(shared_data):
    file = shared_data / "rules" / "basu_neurosymbolic_MIT" / "clinical_rules_expanded.json"
    return json.loads(file.read_text(encoding="utf-8"))["edges"]


def test_of_its_medicine_edges_all_but_the_left_out_ones_are_covered(edges):
    against = [e for e in edges if e["edge_type"] == "CONTRAINDICATION"]
    missed = set()
    for edge in against:
        medicine = edge["source"].removeprefix("medication_class:")
        kind, _, target = edge["target"].partition(":")
        more = {} if kind == "medication_class" else CHARTS[target]
        taken = [MEDICINES[medicine], *([MEDICINES[target]] if kind == "medication_class" else [])]
        if not run(taking(*taken, **more))[0]:
            missed.add((medicine, target))
    assert missed == LEFT_OUT.keys()
    assert (len(edges), len(against)) == (62, 30)


def test_its_other_edges_are_no_medicine_safety(edges):
    rest = {(e["edge_type"], e["source"].split(":")[0]) for e in edges if e["edge_type"] != "CONTRAINDICATION"}
    assert rest == {("INCREASES_RISK", "condition"), ("REQUIRES", "condition")}
