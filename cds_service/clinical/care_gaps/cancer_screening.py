"""Cancer screening that is due: breast, cervix, colon and rectum, lung (US Preventive Services Task Force)."""

from __future__ import annotations

from cds_service.clinical.care_gaps.area import Patient, Said, Told, care_gap_rule, finding
from cds_service.clinical.care_gaps.evidence import (
    Due,
    Way,
    due,
    newest_exact,
    problem_evidence,
    procedure_evidence,
    screening_evidence,
)
from cds_service.clinical.care_gaps.parts import LABS, PROCEDURES, reaches_back
from cds_service.clinical.care_gaps.table import GAPS
from cds_service.clinical.scores.smoking import smokes
from cds_service.domain import Finding, NotEvaluated

PACK_YEARS = "8664-5"
NO_PACK_YEARS = NotEvaluated(what="lung cancer screening", reason="the patient smokes; pack-years were not received")


def look(patient: Patient) -> Said:
    """Each screening that the patient is of the age and sex for, and has no reason against."""
    if patient.pregnant:
        return
    if patient.case.demographics.sex == "female":
        yield _breast(patient)
        yield _cervix(patient)
    yield _colon(patient)
    yield _lung(patient)


def _concerns(patient: Patient, key: str, barring: str, *operations: str) -> bool:
    """Whether the screening is for the patient's age, and no coded disease or operation stands against it."""
    numbers = GAPS[key].numbers
    of_age = patient.aged(numbers["from_age"], numbers["to_age"])
    operated = procedure_evidence(patient.case, *operations) or problem_evidence(patient.case, *operations)
    return of_age and not patient.coded(barring) and not operated


def _due(patient: Patient, key: str, *ways: Way, beside: tuple[str, ...] = ()) -> Finding | NotEvaluated | None:
    """The gap when none of `ways` counts any more; `beside` are handles of what else it rests on."""
    missed = due(patient.case, *ways)
    if not isinstance(missed, Due):
        return missed
    return finding(key, Told(words=missed.words, sources=(*missed.sources, *beside, *patient.person)))


def _breast(patient: Patient) -> Finding | NotEvaluated | None:
    key, case = "screening-breast", patient.case
    if not _concerns(patient, key, "no-breast-screening", "bilateral-mastectomy"):
        return None
    done = procedure_evidence(case, "mammography")
    return _due(patient, key, Way(evidence=done, months=GAPS[key].numbers["years"] * 12, part=PROCEDURES))


def _cervix(patient: Patient) -> Finding | NotEvaluated | None:
    """An HPV test counts from 30 years on. A hysterectomy may lie far back, so all procedures must have come."""
    key, case = "screening-cervical", patient.case
    numbers = GAPS[key].numbers
    if not _concerns(patient, key, "no-cervical-screening", "hysterectomy"):
        return None
    procedures = procedure_evidence(case, "cervical-cytology", "cervical-screening")
    ways = [
        Way(evidence=procedures, months=numbers["cytology_years"] * 12, part=PROCEDURES),
        Way(evidence=screening_evidence(case, "cervical_cytology"), months=numbers["cytology_years"] * 12, part=LABS),
    ]
    if patient.aged(numbers["hpv_age"]):
        ways.append(Way(evidence=screening_evidence(case, "hpv_test"), months=numbers["hpv_years"] * 12, part=LABS))
    found = _due(patient, key, *ways)
    return (reaches_back(case, PROCEDURES, None) or found) if isinstance(found, Finding) else found


def _colon(patient: Patient) -> Finding | NotEvaluated | None:
    key, case = "screening-colorectal", patient.case
    numbers = GAPS[key].numbers
    if not _concerns(patient, key, "no-colorectal-screening", "total-colectomy"):
        return None
    stool = (*screening_evidence(case, "stool_blood_test"), *procedure_evidence(case, "stool-test"))
    return _due(
        patient,
        key,
        Way(
            evidence=procedure_evidence(case, "colonoscopy"), months=numbers["colonoscopy_years"] * 12, part=PROCEDURES
        ),
        Way(
            evidence=procedure_evidence(case, "sigmoidoscopy", "ct-colonography"),
            months=numbers["scope_years"] * 12,
            part=PROCEDURES,
        ),
        Way(evidence=screening_evidence(case, "stool_dna_test"), months=numbers["dna_years"] * 12, part=LABS),
        Way(evidence=stool, months=numbers["stool_months"], part=LABS),
    )


def _lung(patient: Patient) -> Finding | NotEvaluated | None:
    """For people who smoke now: when somebody quit is not read."""
    key, case = "screening-lung", patient.case
    numbers = GAPS[key].numbers
    if not _concerns(patient, key, "no-lung-screening") or not smokes(case):
        return None
    pack_years = newest_exact(case, PACK_YEARS, "{PackYears}")
    if pack_years is None:
        return NO_PACK_YEARS
    if pack_years.value < numbers["pack_years"]:
        return None
    scans = Way(evidence=procedure_evidence(case, "chest-ct"), months=numbers["months"], part=PROCEDURES)
    return _due(patient, key, scans, beside=(pack_years.source,))


RULE = care_gap_rule(
    "cancer-screening",
    "cancer screening",
    "by age and sex, without the cancer or the removed organ in the chart, not pregnant",
    look,
    fires="A woman of 62 years, newest mammography 30 months ago: breast cancer screening is due.",
    quiet="A man of 62 years with a colonoscopy four years ago: nothing.",
)
