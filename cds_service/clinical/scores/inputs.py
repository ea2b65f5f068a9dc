"""Inputs of scores: the newest usable value of a kind and its age, and what the chart did not send.

A value is usable when it is possible, exact (no comparator), in the expected unit and dated to the day at least.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from cds_service.clinical.readings import Readings, fresh_rounds, least_age
from fhir_mappers.case import Case, Measurement

YEAR = timedelta(days=365)
ADULT_YEARS = 18


def usable_labs(case: Case, loinc: str, unit: str) -> tuple[Measurement, ...]:
    """All usable results of one series, newest first."""
    series = case.lab(loinc)
    results = series.results if series else ()
    return tuple(r for r in results if r.unit == unit and _usable(case, r))


def newest_lab(case: Case, loinc: str, unit: str, max_age: timedelta) -> Measurement | None:
    """The newest usable result that is at most `max_age` old."""
    return next((r for r in usable_labs(case, loinc, unit) if age_of(case, r) <= max_age), None)


def newest_vital(case: Case, kind: str, max_age: timedelta) -> Measurement | None:
    """The newest usable vital sign of `kind` that is at most `max_age` old."""
    return next((m for _, m in vitals_of(case, kind, max_age)), None)


def vitals_of(case: Case, kind: str, max_age: timedelta) -> Iterator[tuple[Readings, Measurement]]:
    """Each usable vital sign of `kind` of at most `max_age`, newest first, with its round."""
    for readings in fresh_rounds(case, int(max_age / timedelta(hours=1))):
        measured = readings.values.get(kind)
        if measured is not None and measured.comparator is None:
            yield readings, measured


def age_of(case: Case, measured: Measurement) -> timedelta:
    """The least age of a usable value."""
    age = least_age(measured.when, case.now) if measured.when else None
    return timedelta.max if age is None else age


def days_old(case: Case, measured: Measurement) -> int:
    """The age of a usable value in whole days."""
    return age_of(case, measured).days


def time_of(measured: Measurement) -> datetime | None:
    """When a value was measured."""
    return measured.when.start if measured.when else None


def oldest(*measured: Measurement) -> datetime | None:
    """The time of the oldest of some values."""
    return min((m.when.start for m in measured if m.when), default=None)


def not_sent(case: Case, *keys: str) -> tuple[str, ...]:
    """Those of `keys` (prefetch keys) that the chart did not give, or only in part: their silence proves nothing."""
    missing = {m.what for m in case.missing}
    return tuple(key for key in keys if key in missing)


def _usable(case: Case, result: Measurement) -> bool:
    dated = result.when is not None and least_age(result.when, case.now) is not None
    return result.plausible and result.comparator is None and result.value > 0 and dated
