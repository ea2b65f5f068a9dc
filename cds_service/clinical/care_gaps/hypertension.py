"""Care gaps in hypertension: no reading in a year, or above target on the two newest days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from cds_service.clinical.care_gaps.area import Patient, Said, Told, care_gap_rule, finding
from cds_service.clinical.care_gaps.evidence import Due, Evidence, Way, age_in_words, due, within
from cds_service.clinical.care_gaps.parts import VITALS
from cds_service.clinical.care_gaps.table import GAPS
from cds_service.clinical.dialysis import kidney_failure
from cds_service.clinical.readings import Readings, fresh_rounds
from fhir_mappers.case import Case, When

AGES_AGO_HOURS = 20 * 366 * 24
"""How far back readings are looked at: all of a page."""


@dataclass(frozen=True, kw_only=True)
class Day:
    """The lowest systolic and the lowest diastolic pressure of one day, and where they stand (HEDIS counts so)."""

    when: datetime
    systolic: Decimal
    diastolic: Decimal
    sources: tuple[str, ...]


def look(patient: Patient) -> Said:
    """The gaps of an adult with hypertension, not pregnant and not on dialysis."""
    if not patient.coded("hypertension") or patient.pregnant or kidney_failure(patient.case):
        return
    case = patient.case
    days = list(pressure_days(case))
    readings = tuple(Evidence(when=When(start=day.when), source=day.sources[0]) for day in days)
    missed = due(case, Way(evidence=readings, months=GAPS["hypertension-no-reading"].numbers["months"], part=VITALS))
    if isinstance(missed, Due):
        told = Told(words=missed.words, sources=(*missed.sources, *patient.sources("hypertension")))
        yield finding("hypertension-no-reading", told)
        return
    yield missed
    limits = GAPS["hypertension-above"].numbers
    newest = [day for day in days[:2] if within(case, When(start=day.when), limits["months"])]
    if len(newest) == 2 and all(_above(day, limits["systolic"], limits["diastolic"]) for day in newest):
        shown = " and ".join(f"{d.systolic:.0f}/{d.diastolic:.0f}" for d in newest)
        ages = ", ".join(age_in_words(case, When(start=d.when)) for d in newest)
        told = Told(
            words=f"the newest are {shown} mmHg ({ages})",
            sources=(*(s for d in newest for s in d.sources), *patient.sources("hypertension")),
            values={"newest": shown},
        )
        yield finding("hypertension-above", told)


def pressure_days(case: Case) -> Iterator[Day]:
    """Days with a usable blood pressure, newest first. A value that is possible and exact counts."""
    by_day: dict[date, list[Readings]] = {}
    for readings in fresh_rounds(case, AGES_AGO_HOURS):
        values = [readings.values.get(kind) for kind in ("systolic", "diastolic")]
        if all(v is not None and v.comparator is None for v in values):
            by_day.setdefault(readings.when.date(), []).append(readings)
    for rounds in by_day.values():
        systolic = min((r.values["systolic"] for r in rounds), key=lambda m: m.value)
        diastolic = min((r.values["diastolic"] for r in rounds), key=lambda m: m.value)
        yield Day(
            when=rounds[0].when,
            systolic=systolic.value,
            diastolic=diastolic.value,
            sources=tuple(dict.fromkeys((systolic.source, diastolic.source))),
        )


def _above(day: Day, systolic: int, diastolic: int) -> bool:
    return day.systolic >= systolic or day.diastolic >= diastolic


RULE = care_gap_rule(
    "hypertension",
    "hypertension",
    "18 and over with coded hypertension, not pregnant, not on dialysis",
    look,
    fires="Hypertension, 152/94 today and 148/90 two months ago: above target on two occasions.",
    quiet="Hypertension, 134/78 last month: nothing.",
)
