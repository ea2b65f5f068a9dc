"""Days, weeks and months as the clinic's calendar has them: a day begins at local midnight, whatever the clock does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class Period(StrEnum):
    """How much one report covers."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"

    @property
    def noun(self) -> str:
        """For people."""
        return {"daily": "day", "weekly": "week", "monthly": "month"}[self.value]


EARLIEST = date(2020, 1, 1)
"""Before this day there is nothing to report."""

TREND_POINTS = {Period.DAILY: 28, Period.WEEKLY: 16, Period.MONTHLY: 13}
"""Points of a trend, the reported span being the last."""

REFERENCE = {Period.DAILY: 28, Period.WEEKLY: 4, Period.MONTHLY: 1}
"""How many spans before the reported one say what is usual."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """From the first day to the last, both within. `start` and `end` are the instants: start ≤ t < end."""

    first: date
    last: date
    start: datetime
    end: datetime

    @property
    def label(self) -> str:
        """The first day, as ISO 8601 has it."""
        return self.first.isoformat()


def last_full(period: Period, now: datetime, zone: ZoneInfo) -> Span:
    """The newest day, ISO week or month that is over."""
    return span_with(period, _before(period, _first_day(period, now.astimezone(zone).date())), zone)


def span_with(period: Period, day: date, zone: ZoneInfo) -> Span:
    """The day, ISO week or month that `day` is in."""
    first = _first_day(period, day)
    after = _after(period, first)
    return Span(first=first, last=after - timedelta(days=1), start=_midnight(first, zone), end=_midnight(after, zone))


def spans_up_to(period: Period, span: Span, count: int, zone: ZoneInfo) -> tuple[Span, ...]:
    """`count` spans in order, `span` the last."""
    found = [span]
    while len(found) < count:
        found.append(span_with(period, _before(period, found[-1].first), zone))
    return tuple(reversed(found))


def reference_of(period: Period, span: Span, zone: ZoneInfo) -> Span:
    """The spans before `span`, as one."""
    earlier = spans_up_to(period, span, REFERENCE[period] + 1, zone)
    return Span(first=earlier[0].first, last=earlier[-2].last, start=earlier[0].start, end=span.start)


def _first_day(period: Period, day: date) -> date:
    if period is Period.WEEKLY:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period is Period.MONTHLY else day


def _after(period: Period, first: date) -> date:
    if period is Period.MONTHLY:
        return (first + timedelta(days=31)).replace(day=1)
    return first + timedelta(days=7 if period is Period.WEEKLY else 1)


def _before(period: Period, first: date) -> date:
    return _first_day(period, first - timedelta(days=1))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
