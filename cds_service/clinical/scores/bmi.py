"""Body mass index: weight in kilograms by the square of height in metres.

Classes for adults: World Health Organization, Technical Report Series 894 (2000). An adult's height counts however old
it is, as long as it was measured at 18 or over; a child's must be of the same day as the weight, and has no class
here (it needs centiles by age and sex). Not in pregnancy. A weight and height that cannot belong together, or that
contradict the index recorded with them, point to a wrong unit: nothing is computed.
"""

from __future__ import annotations

from datetime import timedelta

from cds_service.clinical.population import pregnant
from cds_service.clinical.readings import Readings
from cds_service.clinical.rule import RuleContext
from cds_service.clinical.scores.inputs import ADULT_YEARS, YEAR, days_old, oldest, vitals_of
from cds_service.clinical.scores.score import NotComputed, Result, Score, unique, without
from cds_service.domain import Citation
from fhir_mappers.case import Case, Measurement

NAME = "body mass index"
UNIT = "kg/m2"
CITATION = Citation(
    title="Obesity: preventing and managing the global epidemic (Technical Report Series 894)",
    publisher="World Health Organization",
    year=2000,
)
CLASSES = (
    (40.0, "obesity class 3"),
    (35.0, "obesity class 2"),
    (30.0, "obesity class 1"),
    (25.0, "overweight"),
    (18.5, "normal"),
    (float("-inf"), "underweight"),
)
"""Lowest index of each class."""

LEAST, MOST = 8.0, 100.0
"""Beyond these the weight or the height is nearly always wrong."""

POUNDS = (2.0, 2.4)
"""A weight this many times another one of the year before is pounds called kilograms (2.2), or the other way round."""

DISAGREE = 0.1
"""Recorded and computed index may differ by a tenth: rounding of height makes a twentieth."""

CHILD_YEARS = 2
SAME_DAY = timedelta(days=1)
EVER = timedelta(days=80 * 365)


def bmi_class(value: float) -> str:
    """The class of an adult's index, judged on one decimal."""
    return next(name for least, name in CLASSES if round(value, 1) >= least)


def bmi(context: RuleContext) -> Result:
    """The index of the newest weight of at most 365 days with a fitting height, else the newest recorded index."""
    case = context.case
    age = case.age
    if pregnant(case.demographics):
        return NotComputed(name=NAME, reason="weight in pregnancy has no class of body mass index")
    if age is None:
        return without(NAME, "birth date")
    if age < CHILD_YEARS:
        return NotComputed(name=NAME, reason="for 2 years and over")
    weighed = next(vitals_of(case, "weight", YEAR), None)
    height = _height(case, weighed[1], age) if weighed else None
    if weighed is None or height is None:
        return _recorded(case, age) or without(NAME, *_absent(weighed, height, age))
    readings, weight = weighed
    value = float(weight.value) / (float(height.value) / 100) ** 2
    if not LEAST <= value <= MOST:
        return NotComputed(name=NAME, reason="weight and height do not fit together (a wrong unit?)")
    if _other_unit(case, weight):
        return NotComputed(name=NAME, reason="the weight doubled or halved within a year (pounds or kilograms?)")
    if _contradicted(readings, value):
        return NotComputed(
            name=NAME, reason="weight and height contradict the recorded body mass index (a wrong unit?)"
        )
    return Score(
        name=NAME,
        value=round(value, 1),
        unit=UNIT,
        category=bmi_class(value) if age >= ADULT_YEARS else "",
        inputs={
            "weight_kg": float(weight.value),
            "height_cm": float(height.value),
            "days_old": days_old(case, weight),
            "height_days_old": days_old(case, height),
        },
        sources=unique((weight.source, height.source)),
        when=oldest(weight),
    )


def _height(case: Case, weight: Measurement, age: int) -> Measurement | None:
    for _, height in vitals_of(case, "height", EVER):
        if height.when is None or weight.when is None:
            continue
        if age < ADULT_YEARS:
            fits = abs(weight.when.start - height.when.start) <= SAME_DAY
        else:
            fits = (case.demographics.age_years(height.when.start) or 0) >= ADULT_YEARS
        if fits:
            return height
    return None


def _other_unit(case: Case, weight: Measurement) -> bool:
    """Whether the weight before, of at most a year, differs by the factor between pound and kilogram."""
    before = next((m for _, m in vitals_of(case, "weight", YEAR) if m is not weight), None)
    if before is None:
        return False
    low, high = sorted((float(weight.value), float(before.value)))
    return POUNDS[0] <= high / low <= POUNDS[1]


def _contradicted(readings: Readings, value: float) -> bool:
    recorded = readings.values.get("bmi")
    return recorded is not None and abs(float(recorded.value) - value) > DISAGREE * value


def _recorded(case: Case, age: int) -> Score | None:
    found = next(vitals_of(case, "bmi", YEAR), None)
    if found is None:
        return None
    index = found[1]
    value = float(index.value)
    return Score(
        name=NAME,
        value=round(value, 1),
        unit=UNIT,
        category=bmi_class(value) if age >= ADULT_YEARS else "",
        inputs={"recorded": True, "days_old": days_old(case, index)},
        sources=(index.source,),
        when=oldest(index),
    )


def _absent(weighed: object, height: object, age: int) -> tuple[str, ...]:
    which = "measured at 18 or over" if age >= ADULT_YEARS else "of the same day as the weight"
    names = (("a usable weight of the last 365 days", weighed), (f"a usable height {which}", height))
    return tuple(name for name, found in names if found is None)
