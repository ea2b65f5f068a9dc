"""Estimated glomerular filtration rate from serum creatinine, CKD-EPI 2021 (no race term).

142 * min(Scr/k, 1)^a * max(Scr/k, 1)^-1.200 * 0.9938^age [* 1.012 if female]; k 0.7 and a -0.241 for women, 0.9 and
-0.302 for men; Scr in mg/dL. Source: Inker et al., New England Journal of Medicine 385:1737 (2021). The unit is
mL/min/1.73 m2, rounded to a whole number as KDIGO 2024 asks.

Adults; not in pregnancy, on dialysis or in acute kidney injury, where creatinine is in no steady state. Administrative
gender stands for the sex of the equation; without male or female it is not computed.
"""

from __future__ import annotations

from datetime import timedelta

from cds_service.clinical.dialysis import CREATININE, kidney_failure
from cds_service.clinical.kidney_injury import UNIT as CREATININE_UNIT
from cds_service.clinical.kidney_injury import stage_of
from cds_service.clinical.population import pregnant
from cds_service.clinical.rule import RuleContext
from cds_service.clinical.scores.conditions import coded
from cds_service.clinical.scores.inputs import ADULT_YEARS, YEAR, age_of, days_old, time_of, usable_labs
from cds_service.clinical.scores.score import NotComputed, Result, Score, without
from cds_service.domain import Citation
from fhir_mappers.case import Case, Measurement, Problem

NAME = "eGFR"
UNIT = "mL/min/{1.73_m2}"
CITATION = Citation(
    title="New creatinine- and cystatin C-based equations to estimate GFR without race",
    publisher="Inker et al., New England Journal of Medicine 385:1737",
    year=2021,
)
COEFFICIENTS = {"female": (0.7, -0.241, 1.012), "male": (0.9, -0.302, 1.0)}
RECENT = timedelta(days=90)
"""A coded acute kidney injury counts against a creatinine of the 90 days after it (KDIGO 2012)."""


def ckd_epi_2021(creatinine: float, age: int, sex: str) -> int:
    """The eGFR in mL/min/1.73 m2 from creatinine in mg/dL, age in years and ``female`` or ``male``."""
    kappa, alpha, factor = COEFFICIENTS[sex]
    ratio = creatinine / kappa
    value: float = 142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.2 * 0.9938**age * factor
    return round(value)


def egfr(context: RuleContext) -> Result:
    """The eGFR of the newest usable creatinine of at most 365 days."""
    case = context.case
    barred = _barred(case)
    if barred is not None:
        return barred
    sex = case.demographics.sex
    creatinines = usable_labs(case, CREATININE, CREATININE_UNIT)
    missing = [] if sex in COEFFICIENTS else ["sex (female or male)"]
    if not creatinines or age_of(case, creatinines[0]) > YEAR:
        missing.append("a usable creatinine of the last 365 days")
    if missing or sex is None:
        return without(NAME, *missing)
    newest = creatinines[0]
    if stage_of(creatinines) is not None or _injured(case, newest):
        return NotComputed(name=NAME, reason="creatinine is in no steady state (acute kidney injury)")
    value = estimate(case, newest)
    if value is None:
        return NotComputed(name=NAME, reason="the creatinine is from before the age of 18")
    return Score(
        name=NAME,
        value=value,
        unit=UNIT,
        category=g_category(value),
        inputs={
            "creatinine_mg_dl": float(newest.value),
            "age": case.age,
            "sex": sex,
            "days_old": days_old(case, newest),
            "newer_unusable": _passed_over(case, newest),
        },
        sources=(newest.source,),
        when=time_of(newest),
    )


def estimate(case: Case, creatinine: Measurement) -> int | None:
    """The eGFR at the time of one usable creatinine; None without male or female sex, or from before the age of 18."""
    sex = case.demographics.sex
    age = case.demographics.age_years(creatinine.when.start) if creatinine.when else None
    if sex not in COEFFICIENTS or sex is None or age is None or age < ADULT_YEARS:
        return None
    return ckd_epi_2021(float(creatinine.value), age, sex)


def g_category(value: float) -> str:
    """KDIGO 2024 category of a GFR in mL/min/1.73 m2."""
    return next(name for least, name in G_CATEGORIES if value >= least)


G_CATEGORIES = ((90, "G1"), (60, "G2"), (45, "G3a"), (30, "G3b"), (15, "G4"), (float("-inf"), "G5"))
"""Lowest value of each category (KDIGO 2024 Clinical Practice Guideline for CKD, table 1)."""


def _barred(case: Case) -> NotComputed | None:
    """Why the equation is not for this person, None when it is."""
    age = case.age
    if age is None:
        return without(NAME, "birth date")
    if age < ADULT_YEARS:
        return NotComputed(name=NAME, reason="the equation is for 18 and over")
    if pregnant(case.demographics):
        return NotComputed(name=NAME, reason="not valid in pregnancy")
    if kidney_failure(case):
        return NotComputed(name=NAME, reason="the chart names kidney failure or dialysis")
    return None


def _passed_over(case: Case, used: Measurement) -> bool:
    """Whether a newer creatinine could not be used (not possible, not exact, in another unit)."""
    series = case.lab(CREATININE)
    return series is not None and series.latest is not used


def _injured(case: Case, creatinine: Measurement) -> bool:
    return any(_near(problem, creatinine) for problem in coded(case, "acute-kidney-injury"))


def _near(problem: Problem, creatinine: Measurement) -> bool:
    """Whether a coded injury may still act on a creatinine: undated, or at most 90 days older."""
    noted = problem.onset or problem.recorded
    measured = time_of(creatinine)
    return noted is None or measured is None or measured - noted.start <= RECENT
