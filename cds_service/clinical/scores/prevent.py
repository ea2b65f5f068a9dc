"""PREVENT, base model: risk of cardiovascular disease within 10 years (total, atherosclerotic, heart failure).

For 30 to 79 years without cardiovascular disease (Khan et al. 2024; numbers and their source: `prevent.toml`). It has
no term for race. Thresholds of the older pooled cohort equations do not apply to it, so there is no category here.

No code of diabetes counts as none, and no medicine of a class as not taken, but only when the problems and medicines
were received; smoking must be stated. Lipids may be five years old (risk is assessed every four to six years:
ACC/AHA 2019 primary prevention guideline), the rest one year. Outside the ranges of the equations nothing is computed.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from cds_service.clinical.population import age_span, pregnant
from cds_service.clinical.rule import RuleContext
from cds_service.clinical.scores.bmi import bmi
from cds_service.clinical.scores.conditions import coded
from cds_service.clinical.scores.egfr import egfr
from cds_service.clinical.scores.inputs import YEAR, days_old, newest_lab, newest_vital, not_sent, oldest
from cds_service.clinical.scores.medicines import takes
from cds_service.clinical.scores.score import NotComputed, Result, Score, unique, without
from cds_service.clinical.scores.smoking import smokes
from cds_service.domain import Citation
from fhir_mappers.case import Case, Measurement

NAME = "PREVENT 10-year risk"
UNIT = "%"
TOTAL_CHOLESTEROL, HDL_CHOLESTEROL = "2093-3", "2085-9"
LIPIDS_OLD = 5 * YEAR
MMOL = 0.02586
"""mmol/L in one mg/dL of cholesterol, as the equations were published."""

LEAST_MONTHS, MOST_MONTHS = 30 * 12, 80 * 12
DISEASE = ("heart-failure", "stroke-or-embolism", "vascular-disease", "coronary-disease")
OUTCOMES = ("total_cvd", "ascvd", "heart_failure")
RECEIVED = ("conditions", "medicationRequests")
"""Prefetch keys whose silence is read as "no"."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """What the equations ask for. Cholesterol in mg/dL, systolic in mmHg, eGFR in mL/min/1.73 m2, BMI in kg/m2."""

    sex: str
    age: int
    total_cholesterol: float
    hdl_cholesterol: float
    systolic: float
    bmi: float
    egfr: float
    diabetes: bool
    smoking: bool
    bp_medicine: bool
    statin: bool

    def terms(self) -> Mapping[str, float]:
        """The terms that the coefficients belong to."""
        age = (self.age - 55) / 10
        non_hdl = (self.total_cholesterol - self.hdl_cholesterol) * MMOL - 3.5
        hdl = (self.hdl_cholesterol * MMOL - 1.3) / 0.3
        sbp_high = (max(self.systolic, 110) - 130) / 20
        bmi_high = (max(self.bmi, 30) - 30) / 5
        egfr_low = (min(self.egfr, 60) - 60) / -15
        return {
            "constant": 1,
            "age": age,
            "non_hdl": non_hdl,
            "hdl": hdl,
            "sbp_low": (min(self.systolic, 110) - 110) / 20,
            "sbp_high": sbp_high,
            "diabetes": self.diabetes,
            "smoking": self.smoking,
            "bmi_low": (min(self.bmi, 30) - 25) / 5,
            "bmi_high": bmi_high,
            "egfr_low": egfr_low,
            "egfr_high": (max(self.egfr, 60) - 90) / -15,
            "bp_medicine": self.bp_medicine,
            "statin": self.statin,
            "treated_sbp": self.bp_medicine * sbp_high,
            "treated_non_hdl": self.statin * non_hdl,
            "age_non_hdl": age * non_hdl,
            "age_hdl": age * hdl,
            "age_sbp": age * sbp_high,
            "age_diabetes": age * self.diabetes,
            "age_smoking": age * self.smoking,
            "age_bmi": age * bmi_high,
            "age_egfr": age * egfr_low,
        }


def risk(person: Person, outcome: str) -> float:
    """The 10-year risk of `outcome` (one of `OUTCOMES`) in percent, with one decimal."""
    terms = person.terms()
    log_odds = sum(weight * terms[term] for term, weight in TABLE[outcome][person.sex].items())
    return round(100 / (1 + math.exp(-log_odds)), 1)


def prevent(context: RuleContext) -> Result:
    """Total cardiovascular risk in percent; inputs hold ``ascvd`` and ``heart_failure`` too."""
    case = context.case
    barred = _barred(case)
    if barred is not None:
        return barred
    systolic = newest_vital(case, "systolic", YEAR)
    total = newest_lab(case, TOTAL_CHOLESTEROL, "mg/dL", LIPIDS_OLD)
    hdl = newest_lab(case, HDL_CHOLESTEROL, "mg/dL", LIPIDS_OLD)
    rate, mass = egfr(context), bmi(context)
    smoking = smokes(case)
    missing = tuple(_missing(case, systolic, total, hdl, rate, mass, smoking))
    if missing or systolic is None or total is None or hdl is None:
        return without(NAME, *missing)
    if isinstance(rate, NotComputed) or isinstance(mass, NotComputed):
        return without(NAME, *missing)
    person = Person(
        sex=case.demographics.sex or "",
        age=case.age or 0,
        total_cholesterol=float(total.value),
        hdl_cholesterol=float(hdl.value),
        systolic=float(systolic.value),
        bmi=mass.value,
        egfr=rate.value,
        diabetes=bool(coded(case, "diabetes")),
        smoking=bool(smoking),
        bp_medicine=takes(case, "antihypertensive"),
        statin=takes(case, "statin"),
    )
    outside = [name for name, (low, high) in RANGES.items() if not low <= getattr(person, name) <= high]
    if outside:
        names = ", ".join(PLAIN[name] for name in outside)
        return NotComputed(name=NAME, reason=f"outside the range of the equations: {names}")
    risks = {outcome: risk(person, outcome) for outcome in OUTCOMES}
    return Score(
        name=NAME,
        value=risks["total_cvd"],
        unit=UNIT,
        inputs={**vars(person), **risks, "lipids_days_old": max(days_old(case, total), days_old(case, hdl))},
        sources=unique((*(m.source for m in (systolic, total, hdl)), *rate.sources, *mass.sources)),
        when=min(t for t in (oldest(systolic, total, hdl), rate.when, mass.when) if t),
    )


PLAIN = {
    "total_cholesterol": "total cholesterol",
    "hdl_cholesterol": "HDL cholesterol",
    "systolic": "systolic blood pressure",
    "bmi": "body mass index",
    "egfr": "eGFR",
}


def _barred(case: Case) -> NotComputed | None:
    span = age_span(case)
    if span is None:
        return without(NAME, "birth date")
    if not span.within(LEAST_MONTHS, MOST_MONTHS):
        return NotComputed(name=NAME, reason="for 30 to 79 years")
    if pregnant(case.demographics):
        return NotComputed(name=NAME, reason="not valid in pregnancy")
    if coded(case, *DISEASE):
        return NotComputed(name=NAME, reason="cardiovascular disease is coded; the equations are for people without it")
    return None


def _missing(
    case: Case,
    systolic: Measurement | None,
    total: Measurement | None,
    hdl: Measurement | None,
    rate: Result,
    mass: Result,
    smoking: bool | None,
) -> Iterator[str]:
    """Plain names of the inputs that are not there."""
    if case.demographics.sex not in ("female", "male"):
        yield "sex (female or male)"
    measured = (
        ("systolic blood pressure of the last 365 days", systolic),
        ("total cholesterol of the last 5 years", total),
        ("HDL cholesterol of the last 5 years", hdl),
        ("smoking status", smoking),
    )
    yield from (name for name, value in measured if value is None)
    yield from (f"{score.name} ({score.reason})" for score in (rate, mass) if isinstance(score, NotComputed))
    yield from (NOT_SENT[key] for key in not_sent(case, *RECEIVED))


NOT_SENT = {"conditions": "problems", "medicationRequests": "medicines"}


def _load() -> tuple[Citation, Mapping[str, tuple[float, float]], Mapping[str, Any]]:
    table = tomllib.loads(files("cds_service.clinical.scores").joinpath("prevent.toml").read_text(encoding="utf-8"))
    ranges = {name: (float(low), float(high)) for name, (low, high) in table["ranges"].items()}
    return Citation(**table["citation"]), ranges, {outcome: table[outcome] for outcome in OUTCOMES}


CITATION, RANGES, TABLE = _load()
