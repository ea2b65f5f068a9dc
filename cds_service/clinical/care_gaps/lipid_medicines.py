"""Whether the chart shows that a statin is missing: one answer for every rule that asks."""

from __future__ import annotations

from typing import Literal

from cds_service.clinical.care_gaps.area import Patient
from cds_service.clinical.care_gaps.evidence import not_tolerated, takes
from cds_service.clinical.care_gaps.parts import MEDICINES, absent
from cds_service.clinical.dialysis import kidney_failure
from cds_service.domain import NotEvaluated


def no_statin(patient: Patient) -> Literal[True] | NotEvaluated | None:
    """True when neither a statin nor a reason against one is in the chart; None when one is; else why it is unknown.

    Reasons against: another medicine that lowers lipids, a statin that was not tolerated, pregnancy, dialysis (KDIGO:
    statins are not started on dialysis), muscle injury, liver failure.
    """
    case = patient.case
    if takes(case, "statin", "other-lipid-lowering") or not_tolerated(case, "statin"):
        return None
    if patient.pregnant or kidney_failure(case) or patient.coded("statin-caution"):
        return None
    return absent(case, MEDICINES) or True
