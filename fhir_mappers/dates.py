"""FHIR dates and times, whole or partial."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from fhir_mappers.case import Precision, When

FUTURE = timedelta(days=1)
"""How far ahead of the clock a time may lie (time zones of bare dates, clock skew) before it is not believed."""

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_YEARS = range(1800, 2301)


def when(value: object) -> When | None:
    """The `When` of a FHIR date, dateTime or instant; None for anything else.

    A bare date is taken to start at midnight UTC; a time without a zone, which FHIR forbids, is not believed.
    """
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        if "T" in value:
            moment = datetime.fromisoformat(value)
            return When(start=moment) if moment.tzinfo and moment.year in _YEARS else None
        match = _DATE.fullmatch(value)
        if match is None or int(match[1]) not in _YEARS:
            return None
        start = datetime(int(match[1]), int(match[2] or 1), int(match[3] or 1), tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return When(start=start, precision=(Precision.YEAR, Precision.MONTH, Precision.DAY)[(match.lastindex or 1) - 1])


def first(data: dict[str, Any], *paths: str) -> When | None:
    """The first believable time at one of `paths` (``effectiveDateTime``, ``effectivePeriod.end`` …)."""
    for path in paths:
        value: object = data
        for step in path.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        found = when(value)
        if found is not None:
            return found
    return None


def is_future(moment: When | None, now: datetime) -> bool:
    """Whether `moment` lies more than `FUTURE` after `now`."""
    return moment is not None and moment.start - now > FUTURE
