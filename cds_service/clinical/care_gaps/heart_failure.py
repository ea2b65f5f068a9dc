"""Care gap in heart failure: groups of medicines for a reduced ejection fraction that are not in the list."""

from __future__ import annotations

from cds_service.clinical.care_gaps.area import Patient, Said, Told, care_gap_rule, finding
from cds_service.clinical.care_gaps.evidence import newest_exact, not_tolerated, takes
from cds_service.clinical.care_gaps.parts import MEDICINES, absent
from cds_service.clinical.care_gaps.table import GAPS
from cds_service.clinical.scores import Score, egfr
from fhir_mappers.case import Measurement

EJECTION_FRACTION, POTASSIUM = "10230-1", "2823-3"
NAMES = {
    "renin-angiotensin-inhibitor": "a renin-angiotensin inhibitor",
    "heart-failure-beta-blocker": "bisoprolol, carvedilol or metoprolol succinate",
    "mineralocorticoid-antagonist": "a mineralocorticoid antagonist",
    "sglt2-inhibitor": "an SGLT2 inhibitor",
}


def look(patient: Patient) -> Said:
    """At most one gap: the groups that stand neither in the medicines nor among the intolerances."""
    fraction = _reduced_fraction(patient)
    coded = patient.coded("reduced-ejection-fraction")
    if not (coded or (fraction and patient.coded("heart-failure"))) or patient.pregnant:
        return
    case = patient.case
    lacking = [group for group in _wanted(patient) if not takes(case, group) and not not_tolerated(case, group)]
    if not lacking:
        return
    unknown = absent(case, MEDICINES)
    if unknown is not None:
        yield unknown
        return
    names = "; ".join(NAMES[group] for group in lacking)
    yield finding(
        "heart-failure-medicines",
        Told(
            words=f"not among the medicines received: {names}",
            sources=(
                *patient.sources("reduced-ejection-fraction", "heart-failure"),
                *([fraction.source] if fraction else []),
            ),
            values={"lacking": ", ".join(lacking)},
        ),
    )


def _reduced_fraction(patient: Patient) -> Measurement | None:
    """The newest ejection fraction when it is reduced."""
    newest = newest_exact(patient.case, EJECTION_FRACTION, "%")
    if newest is None or newest.comparator in (">", ">="):
        return None
    return newest if newest.value <= GAPS["heart-failure-medicines"].numbers["ejection_fraction"] else None


def _wanted(patient: Patient) -> list[str]:
    """All four groups; no mineralocorticoid antagonist where potassium or kidney function speaks against it."""
    numbers = GAPS["heart-failure-medicines"].numbers
    potassium = newest_exact(patient.case, POTASSIUM, "mmol/L")
    rate = egfr(patient.context)
    barred = (potassium is not None and potassium.value > numbers["potassium"]) or (
        isinstance(rate, Score) and rate.value <= numbers["least_egfr"]
    )
    return [group for group in NAMES if not (barred and group == "mineralocorticoid-antagonist")]


RULE = care_gap_rule(
    "heart-failure",
    "heart failure",
    "18 and over with heart failure and a reduced ejection fraction by code or by measurement, not pregnant",
    look,
    fires="Systolic heart failure with lisinopril and metoprolol succinate only: two groups are not in the list.",
    quiet="Heart failure with preserved ejection fraction: nothing.",
)
