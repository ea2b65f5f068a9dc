"""Care gaps in asthma and COPD: reliever alone, no long-acting inhaler, no spirometry."""

from __future__ import annotations

from cds_service.clinical.care_gaps.area import Patient, Said, Told, care_gap_rule, finding
from cds_service.clinical.care_gaps.evidence import Evidence, lab_evidence, not_tolerated, procedure_evidence, takes
from cds_service.clinical.care_gaps.parts import MEDICINES, PROCEDURES, absent, reaches_back
from cds_service.domain import Finding, NotEvaluated

RATIO = "19926-5"


def look(patient: Patient) -> Said:
    """COPD comes first: a patient with both is treated by an inhaled corticosteroid and a bronchodilator anyway."""
    if patient.coded("copd"):
        yield _inhaler(patient)
        yield _spirometry(patient)
    elif patient.coded("asthma"):
        yield _controller(patient)


def _controller(patient: Patient) -> Finding | NotEvaluated | None:
    """A reliever must be in the list: without one the asthma may be well without any treatment."""
    case = patient.case
    relievers = takes(case, "reliever")
    if not relievers or takes(case, "controller") or not_tolerated(case, "controller"):
        return None
    unknown = absent(case, MEDICINES)
    if unknown is not None:
        return unknown
    told = Told(
        words="a short-acting reliever and no inhaled corticosteroid among the medicines received",
        sources=(*patient.sources("asthma"), *relievers),
    )
    return finding("asthma-controller", told)


def _inhaler(patient: Patient) -> Finding | NotEvaluated | None:
    case = patient.case
    if takes(case, "maintenance-inhaler"):
        return None
    unknown = absent(case, MEDICINES)
    if unknown is not None:
        return unknown
    told = Told(words="no long-acting bronchodilator among the medicines received", sources=patient.sources("copd"))
    return finding("copd-inhaler", told)


def _spirometry(patient: Patient) -> Finding | NotEvaluated | None:
    """Once is enough, whenever it was."""
    case = patient.case
    done: tuple[Evidence, ...] = (*procedure_evidence(case, "spirometry"), *lab_evidence(case, RATIO))
    if done:
        return None
    unknown = absent(case, PROCEDURES) or reaches_back(case, PROCEDURES, None)
    if unknown is not None:
        return unknown
    return finding("copd-spirometry", Told(words="none in the data received", sources=patient.sources("copd")))


RULE = care_gap_rule(
    "airways",
    "asthma and COPD",
    "18 and over with coded asthma or COPD",
    look,
    fires="Asthma, albuterol in the list and no inhaled corticosteroid: a review.",
    quiet="Asthma with budesonide and formoterol: nothing.",
)
