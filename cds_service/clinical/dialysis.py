"""Kidney failure treated by dialysis: creatinine then follows the sessions, and its limits and trends do not apply.

Stages of acute kidney injury (KDIGO 2012) are for people who are not on dialysis. Codes: ICD-10-CM and SNOMED CT.
"""

from __future__ import annotations

from cds_service.clinical.red_flags.lexicon import SYSTEMS
from cds_service.domain import NotEvaluated
from fhir_mappers.case import Case

CREATININE = "2160-0"
ICD10 = ("N18.6", "Z99.2")
"""End stage renal disease; dependence on renal dialysis."""

SNOMED = ("46177005", "265764009", "105502003", "236435004", "714152005", "302497006", "71192002")
"""End-stage renal disease; renal dialysis; dependence on it; kidney failure on dialysis; its two procedures."""

NOT_JUDGED = NotEvaluated(
    what="creatinine",
    reason="the chart names kidney failure or dialysis, for which its limit and its trend do not apply",
)


def kidney_failure(case: Case) -> bool:
    """Whether a problem of the chart is coded as kidney failure or dialysis."""
    concepts = [problem.concept for problem in case.problems]
    coded = ((SYSTEMS["icd10"], ICD10), (SYSTEMS["snomed"], SNOMED))
    return any(c.has(system, *codes) for c in concepts for systems, codes in coded for system in systems)
