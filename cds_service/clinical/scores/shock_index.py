"""Shock index: heart rate by systolic blood pressure, of one contemporaneous round.

In healthy adults it lies between 0.5 and 0.7 (Allgoewer and Burri, Deutsche Medizinische Wochenschrift 92:1947, 1967).
For 16 and over who are not pregnant; in pregnancy and in children other limits hold.
"""

from __future__ import annotations

from cds_service.clinical.population import age_span, pregnant
from cds_service.clinical.readings import NAMES, Readings, fresh_rounds
from cds_service.clinical.rule import RuleContext
from cds_service.clinical.scores.score import NotComputed, Result, Score, without
from cds_service.domain import Citation

NAME = "shock index"
UNIT = "/min/mm[Hg]"
PARTS = ("heart_rate", "systolic")
CITATION = Citation(
    title="The Shock Index revisited: a fast guide to transfusion requirement?",
    publisher="Mutschler et al., Critical Care 17:R172",
    year=2013,
    detail="classes by shock index",
)
CLASSES = ((1.4, "severe shock"), (1.0, "moderate shock"), (0.6, "mild shock or none"), (float("-inf"), "no shock"))
"""Lowest value of each class (Mutschler 2013, trauma: below 0.6, to below 1.0, to below 1.4, from 1.4)."""


def shock_class(value: float) -> str:
    """The class of a shock index."""
    return next(name for least, name in CLASSES if value >= least)


def of_round(readings: Readings) -> float | None:
    """The shock index of one round, None when a part is missing, not usable or written with a comparator."""
    measured = [readings.values.get(part) for part in PARTS]
    if any(m is None or m.comparator is not None or m.value <= 0 for m in measured):
        return None
    rate, systolic = (float(m.value) for m in measured if m is not None)
    return round(rate / systolic, 2)


def shock_index(context: RuleContext) -> Result:
    """The shock index of the newest fresh round that holds both parts."""
    case = context.case
    if pregnant(case.demographics):
        return NotComputed(name=NAME, reason="other limits hold in pregnancy")
    span = age_span(case)
    if span is None:
        return without(NAME, "birth date")
    if not span.adult:
        return NotComputed(name=NAME, reason="for 16 and over")
    rounds = fresh_rounds(case, context.stale_hours)
    for readings in rounds:
        value = of_round(readings)
        if value is not None:
            return Score(
                name=NAME,
                value=value,
                unit=UNIT,
                category=shock_class(value),
                inputs={part: float(readings.values[part].value) for part in PARTS},
                sources=tuple(dict.fromkeys(readings.values[part].source for part in PARTS)),
                when=readings.when,
            )
    absent = [NAMES[part] for part in PARTS if not any(part in r.values for r in rounds)]
    if absent:
        return without(NAME, *absent)
    return NotComputed(name=NAME, reason="heart rate and systolic blood pressure are not of one round")
