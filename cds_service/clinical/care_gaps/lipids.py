"""Care gaps in lipids: a statin for disease, very high LDL or high risk; measurement every five years."""

from __future__ import annotations

from cds_service.clinical.care_gaps.area import Patient, Said, Told, care_gap_rule, finding
from cds_service.clinical.care_gaps.evidence import Due, Way, age_in_words, due, lab_evidence, newest_exact, takes
from cds_service.clinical.care_gaps.lipid_medicines import no_statin
from cds_service.clinical.care_gaps.parts import LABS
from cds_service.clinical.care_gaps.table import GAPS
from cds_service.clinical.scores import Score, prevent
from cds_service.domain import Finding, NotEvaluated

LDL, TOTAL = "13457-7", "2093-3"
DISEASE = ("coronary-disease", "vascular-disease", "stroke-or-embolism")


def look(patient: Patient) -> Said:
    """The first reason for a statin that holds, and the measurement that is due."""
    statin = _statin(patient)
    yield statin
    if not isinstance(statin, Finding):
        yield _screening(patient)


def _statin(patient: Patient) -> Finding | NotEvaluated | None:
    told = _disease(patient) or _very_high(patient)
    if told is None and patient.coded("diabetes"):
        return None  # told of by the diabetes rule
    told = told or _risk(patient)
    if told is None:
        return None
    answer = no_statin(patient)
    return finding(*told) if answer is True else answer


def _disease(patient: Patient) -> tuple[str, Told] | None:
    key = "lipids-cardiovascular-disease"
    if not patient.coded(*DISEASE) or not patient.aged(GAPS[key].numbers["from_age"]):
        return None
    return key, Told(words="no statin among the medicines received", sources=patient.sources(*DISEASE))


def _very_high(patient: Patient) -> tuple[str, Told] | None:
    key = "lipids-very-high-ldl"
    numbers = GAPS[key].numbers
    newest = newest_exact(patient.case, LDL, "mg/dL")
    if newest is None or newest.when is None or not patient.aged(numbers["from_age"], numbers["to_age"]):
        return None
    if newest.value < numbers["ldl"] or newest.comparator in ("<", "<="):
        return None
    words = f"it was {newest.value:.0f} mg/dL {age_in_words(patient.case, newest.when)}; no statin received"
    return key, Told(words=words, sources=(newest.source, *patient.person), values={"ldl": float(newest.value)})


def _risk(patient: Patient) -> tuple[str, Told] | None:
    key = "lipids-risk"
    numbers = GAPS[key].numbers
    if takes(patient.case, "statin") or not patient.aged(numbers["from_age"], numbers["to_age"]):
        return None
    score = prevent(patient.context)
    risk = score.inputs.get("ascvd") if isinstance(score, Score) else None
    if not isinstance(score, Score) or not isinstance(risk, int | float) or risk < numbers["risk"]:
        return None
    words = f"it is {risk:.0f} %; no statin among the medicines received"
    return key, Told(words=words, sources=(*score.sources, *patient.person), values={"ascvd_risk": round(risk)})


def _screening(patient: Patient) -> Finding | NotEvaluated | None:
    key = "lipids-screening"
    numbers, case = GAPS[key].numbers, patient.case
    if not patient.aged(numbers["from_age"], numbers["to_age"]) or patient.pregnant:
        return None
    if patient.coded(*DISEASE) or takes(case, "statin", "other-lipid-lowering"):
        return None
    missed = due(case, Way(evidence=lab_evidence(case, LDL, TOTAL), months=numbers["years"] * 12, part=LABS))
    if not isinstance(missed, Due):
        return missed
    return finding(key, Told(words=missed.words, sources=(*missed.sources, *patient.person)))


RULE = care_gap_rule(
    "lipids",
    "lipids",
    "18 and over; measurement at 40 to 75 years without cardiovascular disease or a statin",
    look,
    fires="Coronary heart disease, no statin in the list: a review.",
    quiet="Coronary heart disease with atorvastatin: nothing.",
)
