"""Care gaps in diabetes: hemoglobin A1c, kidney check, eyes, feet, statin."""

from __future__ import annotations

from cds_service.clinical.care_gaps.area import Patient, Said, Told, care_gap_rule, finding
from cds_service.clinical.care_gaps.evidence import (
    Due,
    Way,
    age_in_words,
    due,
    lab_evidence,
    newest_exact,
    procedure_evidence,
    within,
)
from cds_service.clinical.care_gaps.lipid_medicines import no_statin
from cds_service.clinical.care_gaps.parts import LABS, PROCEDURES
from cds_service.clinical.care_gaps.table import GAPS
from cds_service.clinical.dialysis import CREATININE, kidney_failure
from cds_service.clinical.scores.kidney_stage import UACR
from cds_service.domain import Finding, NotEvaluated
from fhir_mappers.case import Measurement

HBA1C, EGFR = "4548-4", "33914-3"


def look(patient: Patient) -> Said:
    """The gaps of an adult with diabetes who is not pregnant (its goals are others then)."""
    if not patient.coded("diabetes") or patient.pregnant:
        return
    yield _hba1c(patient)
    yield _kidney_check(patient)
    yield _eyes(patient)
    yield _feet(patient)
    yield _statin(patient)


def _hba1c(patient: Patient) -> Finding | NotEvaluated | None:
    case, numbers = patient.case, GAPS["diabetes-hba1c-due"].numbers
    newest = newest_exact(case, HBA1C, "%")
    months = numbers["months_above"] if newest and _reaches(newest, numbers["above"]) else numbers["months"]
    missed = due(case, Way(evidence=lab_evidence(case, HBA1C), months=months, part=LABS))
    if isinstance(missed, Due):
        words = missed.words + (f", {_value(newest)}" if newest else "")
        return finding("diabetes-hba1c-due", Told(words=words, sources=(*missed.sources, *patient.sources("diabetes"))))
    if missed is not None or newest is None or newest.when is None:
        return missed
    if _reaches(newest, GAPS["diabetes-hba1c-above"].numbers["above"]):
        told = Told(
            words=f"it is {_value(newest)} ({age_in_words(case, newest.when)})",
            sources=(newest.source, *patient.sources("diabetes")),
            values={"hba1c": float(newest.value)},
        )
        return finding("diabetes-hba1c-above", told)
    return None


def _reaches(result: Measurement, limit: int) -> bool:
    return result.value >= limit and result.comparator not in ("<", "<=")


def _value(result: Measurement) -> str:
    return f"{result.comparator or ''}{result.value.normalize():f} {result.unit}"


def _kidney_check(patient: Patient) -> Finding | NotEvaluated | None:
    """One finding for both tests, offering what is due; chronic kidney disease has its own, closer interval."""
    case, numbers = patient.case, GAPS["diabetes-kidney-check"].numbers
    if kidney_failure(case) or patient.coded("chronic-kidney-disease") or _new_type_1(patient, numbers["type_1_years"]):
        return None
    months = numbers["months"]
    tests = {
        "uacr": due(case, Way(evidence=lab_evidence(case, UACR), months=months, part=LABS)),
        "creatinine": due(case, Way(evidence=lab_evidence(case, CREATININE, EGFR), months=months, part=LABS)),
    }
    missed = {name: found for name, found in tests.items() if isinstance(found, Due)}
    if not missed:
        return next((t for t in tests.values() if isinstance(t, NotEvaluated)), None)
    names = {"uacr": "albumin ratio", "creatinine": "creatinine"}
    told = Told(
        words="; ".join(f"{names[name]}: {found.words}" for name, found in missed.items()),
        sources=(*(s for found in missed.values() for s in found.sources), *patient.sources("diabetes")),
        values={"due": ", ".join(missed)},
        proposals=tuple(missed),
    )
    return finding("diabetes-kidney-check", told)


def _eyes(patient: Patient) -> Finding | NotEvaluated | None:
    numbers = GAPS["diabetes-eye-exam"].numbers
    if _new_type_1(patient, numbers["type_1_years"]):
        return None
    with_retinopathy = bool(patient.coded("diabetic-retinopathy"))
    months = numbers["months_retinopathy"] if with_retinopathy else numbers["months"]
    return _examination(patient, "diabetes-eye-exam", "eye-exam", months)


def _feet(patient: Patient) -> Finding | NotEvaluated | None:
    key = "diabetes-foot-exam"
    return _examination(patient, key, "foot-exam", GAPS[key].numbers["months"])


def _examination(patient: Patient, key: str, kind: str, months: int) -> Finding | NotEvaluated | None:
    case = patient.case
    missed = due(case, Way(evidence=procedure_evidence(case, kind), months=months, part=PROCEDURES))
    if not isinstance(missed, Due):
        return missed
    sources = (*missed.sources, *patient.sources("diabetes", "diabetic-retinopathy"))
    return finding(key, Told(words=missed.words, sources=sources))


def _new_type_1(patient: Patient, years: int) -> bool:
    """Type 1 diabetes that began less than `years` ago: complications are not looked for yet."""
    problems = patient.coded("type-1-diabetes")
    return bool(problems) and all(within(patient.case, p.onset, years * 12) for p in problems)


def _statin(patient: Patient) -> Finding | NotEvaluated | None:
    numbers = GAPS["diabetes-statin"].numbers
    if not patient.aged(numbers["from_age"], numbers["to_age"]):
        return None
    if patient.coded("coronary-disease", "vascular-disease", "stroke-or-embolism"):
        return None  # told of by the lipid rule
    answer = no_statin(patient)
    if answer is not True:
        return answer or None
    return finding(
        "diabetes-statin",
        Told(words="no statin among the medicines received", sources=(*patient.sources("diabetes"), *patient.person)),
    )


RULE = care_gap_rule(
    "diabetes",
    "diabetes",
    "18 and over with coded diabetes, not pregnant",
    look,
    fires="Type 2 diabetes, newest hemoglobin A1c 14 months ago: hemoglobin A1c is due.",
    quiet="Diabetes, all checks of the last months in the chart and a statin: nothing.",
)
