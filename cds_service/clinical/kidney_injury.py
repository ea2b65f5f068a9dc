"""Acute kidney injury from the trend of serum creatinine (KDIGO 2012; baseline as in the NHS England algorithm 2014).

Stage 1: at least 1.5 times the baseline, or a rise of at least 0.3 mg/dL within 48 hours; stage 2: at least 2 times;
stage 3: at least 3 times, or at least 4.0 mg/dL together with an acute rise. Baseline: the lowest creatinine of the
7 days before the newest one, else the median of days 8 to 365. Urine output is not in the chart and not judged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from statistics import median

from cds_service.clinical.dialysis import CREATININE, NOT_JUDGED, kidney_failure
from cds_service.clinical.population import age_span
from cds_service.clinical.readings import least_age
from cds_service.clinical.rule import Rule, RuleContext, RuleResult
from cds_service.clinical.urgency import where_and_when
from cds_service.domain import Citation, Finding, Priority
from fhir_mappers.case import Measurement

VERSION = "1.1"
UNIT = "mg/dL"
FRESH = timedelta(hours=72)
ADULT_MONTHS = 18 * 12

KDIGO = Citation(
    title="Clinical Practice Guideline for Acute Kidney Injury",
    publisher="Kidney Disease: Improving Global Outcomes, Kidney Int Suppl 2:1",
    year=2012,
    url="https://kdigo.org/guidelines/acute-kidney-injury/",
)
NHS = Citation(
    title="Standardising the early identification of Acute Kidney Injury (algorithm)",
    publisher="NHS England",
    year=2014,
)
RESPONSE = Citation(
    title="Responding to AKI Warning Stage Test Results for Adults in Primary Care",
    publisher="Think Kidneys, NHS England and UK Renal Registry",
    year=2016,
)
PRIORITY = {1: Priority.MEDIUM, 2: Priority.HIGH, 3: Priority.HIGH}
"""Stage 1 is assessed the same day, stage 2 and 3 urgently (Think Kidneys 2016)."""


@dataclass(frozen=True, kw_only=True)
class KidneyInjury:
    """Stage 1 to 3, the ratio to the baseline, the rise within 48 hours (mg/dL), and the baseline's results."""

    stage: int
    ratio: Decimal | None
    rise: Decimal | None
    baseline: str
    compared: tuple[Measurement, ...]


def stage_of(results: Sequence[Measurement]) -> KidneyInjury | None:
    """The stage that a series (newest first, mg/dL, exact, dated to the day at least) shows, None without injury."""
    newest, *earlier = results
    start = newest.when.start if newest.when else None
    if start is None:
        return None
    ages = [(start - r.when.start, r) for r in earlier if r.when is not None]
    two_days = [r for age, r in ages if timedelta(0) < age <= timedelta(days=2)]
    week = [r for age, r in ages if timedelta(0) < age <= timedelta(days=7)]
    year = [r for age, r in ages if timedelta(days=7) < age <= timedelta(days=365)]
    baseline = min(r.value for r in week) if week else Decimal(median(r.value for r in year)) if year else None
    ratio = newest.value / baseline if baseline else None
    rise = newest.value - min(r.value for r in two_days) if two_days else None
    acute = (ratio is not None and ratio >= Decimal("1.5")) or (rise is not None and rise >= Decimal("0.3"))
    if not acute:
        return None
    stage = 1
    if ratio is not None and ratio >= 2:
        stage = 2
    if (ratio is not None and ratio >= 3) or newest.value >= 4:
        stage = 3
    named = "the lowest of the 7 days before" if week else "the median of the year before"
    return KidneyInjury(stage=stage, ratio=ratio, rise=rise, baseline=named, compared=tuple(week or year))


def evaluate(context: RuleContext) -> RuleResult:
    """The stage of acute kidney injury that the newest creatinine shows, when it is fresh."""
    span = age_span(context.case)
    series = context.case.lab(CREATININE)
    if series is None or (span is not None and span.low < ADULT_MONTHS):
        return RuleResult()
    if kidney_failure(context.case):
        return RuleResult(not_evaluated=(NOT_JUDGED,))
    usable = [
        r
        for r in series.results
        if r.plausible and r.comparator is None and r.unit == UNIT and r.value > 0 and _dated(context, r) is not None
    ]
    if not usable or (_dated(context, usable[0]) or timedelta(0)) > FRESH:
        return RuleResult()
    found = stage_of(usable)
    return RuleResult(findings=(_finding(context, usable[0], found),)) if found else RuleResult()


def _dated(context: RuleContext, result: Measurement) -> timedelta | None:
    return None if result.when is None else least_age(result.when, context.case.now)


def _finding(context: RuleContext, newest: Measurement, found: KidneyInjury) -> Finding:
    parts = []
    if found.ratio is not None:
        parts.append(f"{found.ratio:.1f} times {found.baseline}")
    if found.rise is not None and found.rise > 0:
        parts.append(f"a rise of {found.rise:.1f} {UNIT} within 48 hours")
    priority = PRIORITY[found.stage]
    return Finding(
        rule=RULE.id,
        version=VERSION,
        priority=priority,
        title=f"Acute kidney injury by creatinine, stage {found.stage}",
        reason=f"Creatinine is {newest.value:.2f} {UNIT}: {' and '.join(parts)}.",
        citation=KDIGO,
        values={
            "stage": found.stage,
            "creatinine": float(newest.value),
            "ratio": None if found.ratio is None else round(float(found.ratio), 2),
            "rise_48h": None if found.rise is None else round(float(found.rise), 2),
        },
        sources=tuple(dict.fromkeys((newest.source, *(r.source for r in found.compared)))),
        topic="laboratory",
        where_and_when=where_and_when(context.setting, priority),
    )


RULE = Rule(
    id="kidney-injury",
    version=VERSION,
    title="Acute kidney injury from creatinine",
    summary=(
        "Compares a creatinine of the last 72 hours with the lowest of the week before, else the median of the year "
        "before. Stage 1 Medium, stage 2 and 3 High. Without an earlier creatinine nothing is said."
    ),
    population="18 and over, without kidney failure or dialysis in the problems",
    citations=(KDIGO, NHS, RESPONSE),
    priorities=(Priority.MEDIUM, Priority.HIGH),
    evaluate=evaluate,
    fires="Creatinine 1.0 mg/dL six days ago, 2.1 mg/dL today: stage 2, High.",
    quiet="Creatinine 1.6 mg/dL six days ago, 1.7 mg/dL today: nothing.",
    limits=(
        ("Stage", "Creatinine"),
        ("1", "1.5 times the baseline, or a rise of 0.3 mg/dL within 48 hours"),
        ("2", "2 times the baseline"),
        ("3", "3 times the baseline, or 4.0 mg/dL with an acute rise"),
    ),
)
