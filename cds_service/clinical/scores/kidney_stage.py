"""KDIGO stage of kidney function and albuminuria: G1 to G5 by eGFR, A1 to A3 by urine albumin to creatinine ratio.

Source: KDIGO 2024 Clinical Practice Guideline for the Evaluation and Management of Chronic Kidney Disease. A stage is
not a disease: chronic kidney disease needs an eGFR below 60 or an albumin ratio of 30 mg/g or more for three months.
Here that is a code of chronic kidney disease, or two such results of one test at least 90 days apart with no normal
one between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from cds_service.clinical.dialysis import CREATININE
from cds_service.clinical.kidney_injury import UNIT as CREATININE_UNIT
from cds_service.clinical.red_flags.lexicon import SYSTEMS
from cds_service.clinical.rule import RuleContext
from cds_service.clinical.scores.conditions import coded
from cds_service.clinical.scores.egfr import egfr, estimate
from cds_service.clinical.scores.inputs import YEAR, days_old, newest_lab, time_of, usable_labs
from cds_service.clinical.scores.score import NotComputed, Result, Score, unique, without
from cds_service.domain import Citation
from fhir_mappers.case import Case, Measurement, Problem

NAME = "KDIGO kidney stage"
ALBUMINURIA = "urine albumin to creatinine ratio"
UACR = "9318-7"
UACR_UNIT = "mg/g"
CITATION = Citation(
    title="Clinical Practice Guideline for the Evaluation and Management of Chronic Kidney Disease",
    publisher="Kidney Disease: Improving Global Outcomes, Kidney Int 105:S117",
    year=2024,
    url="https://kdigo.org/guidelines/ckd-evaluation-and-management/",
)
CHRONIC = timedelta(days=90)
EGFR_BELOW = 60
UACR_FROM = 30
UACR_ABOVE = 300

ICD10_STAGES = {"N18.1": "G1", "N18.2": "G2", "N18.30": "G3", "N18.31": "G3a", "N18.32": "G3b", "N18.4": "G4",
                "N18.5": "G5"}  # fmt: skip
SNOMED_STAGES = {"431855005": "G1", "431856006": "G2", "433144002": "G3", "700378005": "G3a", "700379002": "G3b",
                 "431857002": "G4", "433146000": "G5"}  # fmt: skip


def a_category(value: float) -> str:
    """KDIGO category of a urine albumin to creatinine ratio in mg/g: A1 below 30, A2 to 300, A3 above."""
    if value < UACR_FROM:
        return "A1"
    return "A2" if value <= UACR_ABOVE else "A3"


def albuminuria(context: RuleContext) -> Result:
    """The newest usable albumin to creatinine ratio of at most 365 days, with its A category."""
    case = context.case
    newest = newest_lab(case, UACR, UACR_UNIT, YEAR)
    if newest is None:
        return without(ALBUMINURIA, "a usable urine albumin to creatinine ratio of the last 365 days")
    value = float(newest.value)
    return Score(
        name=ALBUMINURIA,
        value=value,
        unit=UACR_UNIT,
        category=a_category(value),
        inputs={"days_old": days_old(case, newest)},
        sources=(newest.source,),
        when=time_of(newest),
    )


def kidney_stage(context: RuleContext) -> Result:
    """G and A stage; `value` is the eGFR. Without an albumin ratio the category is the G stage alone.

    Inputs: ``g``, ``a`` (None when not known), ``egfr``, ``uacr_mg_g``, ``chronic`` (whether three months are shown),
    ``chronic_by`` (``code``, ``results`` or None), ``coded`` (whether a code of chronic kidney disease is there) and
    ``coded_stage`` (the G stage in that code, None without one).
    """
    case = context.case
    rate = egfr(context)
    if isinstance(rate, NotComputed):
        return NotComputed(name=NAME, missing=rate.missing, reason=rate.reason)
    albumin = albuminuria(context)
    ratio = albumin if isinstance(albumin, Score) else None
    problems = coded(case, "chronic-kidney-disease")
    shown = _by_results(case)
    stages = (rate.category, ratio.category if ratio else None)
    return Score(
        name=NAME,
        value=rate.value,
        unit=rate.unit,
        category=" ".join(s for s in stages if s),
        inputs={
            "g": rate.category,
            "a": stages[1],
            "egfr": rate.value,
            "uacr_mg_g": ratio.value if ratio else None,
            "chronic": bool(problems or shown),
            "chronic_by": "code" if problems else "results" if shown else None,
            "coded": bool(problems),
            "coded_stage": _coded_stage(problems),
        },
        sources=unique((*rate.sources, *(ratio.sources if ratio else ()), *(r.source for r in shown),
                        *(p.source for p in problems))),
        when=min((t for t in (rate.when, ratio.when if ratio else None) if t), default=None),
    )  # fmt: skip


def _by_results(case: Case) -> tuple[Measurement, ...]:
    """The two results, the newest one and one at least 90 days older, that show three months of disease, else ()."""
    rates = [
        (r, value < EGFR_BELOW)
        for r in usable_labs(case, CREATININE, CREATININE_UNIT)
        if (value := estimate(case, r)) is not None
    ]
    ratios = [(r, r.value >= UACR_FROM) for r in usable_labs(case, UACR, UACR_UNIT)]
    return _lasting(rates) or _lasting(ratios)


def _lasting(results: Sequence[tuple[Measurement, bool]]) -> tuple[Measurement, ...]:
    """Newest first, with whether each is abnormal: the newest and the first of an unbroken 90 days, else ()."""
    newest: Measurement | None = None
    for result, abnormal in results:
        if not abnormal:
            break
        newest = newest or result
        start, end = time_of(result), time_of(newest)
        if _apart(start, end):
            return newest, result
    return ()


def _apart(start: datetime | None, end: datetime | None) -> bool:
    return start is not None and end is not None and end - start >= CHRONIC


def _coded_stage(problems: Sequence[Problem]) -> str | None:
    """The highest G stage that the codes name."""
    stages = [
        ICD10_STAGES.get(c.code or "") if c.system in SYSTEMS["icd10"] else SNOMED_STAGES.get(c.code or "")
        for p in problems
        for c in p.concept.codings
        if c.system in (*SYSTEMS["icd10"], *SYSTEMS["snomed"])
    ]
    return max((s for s in stages if s), default=None)
