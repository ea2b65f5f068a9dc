"""Care gap in atrial fibrillation: a risk of stroke that calls for an anticoagulant, and none in the list."""

from __future__ import annotations

from cds_service.clinical.care_gaps.area import Patient, Said, Told, care_gap_rule, finding
from cds_service.clinical.care_gaps.evidence import not_tolerated, procedure_evidence, takes
from cds_service.clinical.care_gaps.parts import MEDICINES, absent
from cds_service.clinical.care_gaps.table import GAPS
from cds_service.clinical.scores import NotComputed, cha2ds2_vasc


def look(patient: Patient) -> Said:
    """At most one gap. A closed atrial appendage takes the place of an anticoagulant."""
    case = patient.case
    if not patient.coded("atrial-fibrillation") or takes(case, "anticoagulant"):
        return
    if not_tolerated(case, "anticoagulant") or procedure_evidence(case, "atrial-appendage"):
        return
    unknown = absent(case, MEDICINES)
    if unknown is not None:
        yield unknown
        return
    score = cha2ds2_vasc(patient.context)
    if isinstance(score, NotComputed):
        yield score.note()
        return
    numbers = GAPS["atrial-fibrillation-anticoagulant"].numbers
    if score.value < numbers["women" if case.demographics.sex == "female" else "men"]:
        return
    least = "at least " if score.at_least else ""
    told = Told(
        words=f"the score is {least}{score.value:.0f} and no anticoagulant is among the medicines received",
        sources=(*score.sources, *patient.person),
        values={"score": int(score.value)},
    )
    yield finding("atrial-fibrillation-anticoagulant", told)


RULE = care_gap_rule(
    "atrial-fibrillation",
    "atrial fibrillation",
    "18 and over with coded atrial fibrillation or flutter",
    look,
    fires="Atrial fibrillation, hypertension, 72 years, no anticoagulant: a review.",
    quiet="Atrial fibrillation with apixaban: nothing.",
)
