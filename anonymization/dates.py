"""Age and time past the gate: completed years, and elapsed time back from one undisclosed anchor or years of events.

The anchor is the newest time in the chart. Buckets count elapsed days, never calendar days, months or years, so that
neither midnight nor a New Year between two facts shows. A policy states intervals or years, never both. Only
`shifted_date` returns a date, and only a policy that rests on an expert determination asks for one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from fhir_mappers.case import Demographics, Precision, When

OLDEST_STATED = 89  # 45 CFR 164.514(b)(2)(i)(C): all ages over 89 become one category
OLDEST_PLAUSIBLE = 130
MONTHS_BELOW_YEARS = 2
SURELY_ADULT = 70
"""Years before now in which nobody over 89 was a child or an adolescent: an older event ("measles, 1944") would bound
the year of birth from both sides."""

SAME_DAY = "same day"
OVER_A_YEAR = "over a year before"

# (more than so many whole days are outside, name)
BUCKETS: tuple[tuple[int, str], ...] = (
    (0, SAME_DAY),
    (7, "1 to 7 days before"),
    (30, "8 to 30 days before"),
    (91, "1 to 3 months before"),
    (365, "3 to 12 months before"),
)

INTERVALS: tuple[str, ...] = (*(name for _, name in BUCKETS), OVER_A_YEAR)


def stated_age(person: Demographics, now: datetime) -> str | None:
    """``"67"``, ``"90+"``, under two ``"7 months"``, None when unknown or impossible.

    A partial birth date gives the lowest age it allows, except that 90+ is stated as soon as it allows 90.
    """
    youngest = person.age_years(now)
    born_last = person.latest_birth_date()
    if person.birth is None or born_last is None or youngest is None:
        return None
    oldest = _years(person.birth.start.date(), now.date())
    if oldest > OLDEST_PLAUSIBLE:
        return None
    if oldest > OLDEST_STATED:
        return f"{OLDEST_STATED + 1}+"
    if youngest >= MONTHS_BELOW_YEARS:
        return str(youngest)
    if person.birth.precision is Precision.YEAR:
        return f"under {MONTHS_BELOW_YEARS} years"
    months = _months(born_last, now.date())
    return f"{months} month" if months == 1 else f"{months} months"


def over_89(person: Demographics, now: datetime) -> bool:
    """Whether the person may be over 89, so that a birth year would tell too much."""
    return person.birth is not None and _years(person.birth.start.date(), now.date()) > OLDEST_STATED


def anchor_of(times: Iterable[When | datetime | None], now: datetime) -> datetime | None:
    """The newest of `times`; plans for more than a day ahead of `now` do not move it. None when there is none."""
    horizon = now + timedelta(days=1)
    starts = (t.start if isinstance(t, When) else t for t in times if t is not None)
    return max((s for s in starts if s <= horizon), default=None)


def interval(when: When | datetime | None, anchor: datetime | None) -> str | None:
    """The bucket of `when`; None when unknown, after the anchor, or too coarse to fall into one bucket."""
    if when is None or anchor is None:
        return None
    first, last = _bounds(when)
    if first > anchor:
        return None
    name = _bucket(anchor - first)
    return name if _bucket(max(anchor - last, timedelta(0))) == name else None


def event_year(when: When | datetime | None, now: datetime, *, old: bool) -> str | None:
    """The year of an event, as it was written; None when unknown, ahead of `now`, or telling of an age over 89.

    `old`: the person may be over 89; then only years in which such a person was surely an adult are stated.
    """
    if when is None:
        return None
    start = when.start if isinstance(when, When) else when
    oldest = SURELY_ADULT if old else OLDEST_STATED
    if start > now + timedelta(days=1) or now.year - start.year > oldest:
        return None
    return str(start.year)


def shifted_date(when: When | datetime | None, now: datetime, by: timedelta, *, old: bool) -> str | None:
    """The day of an event, moved by the person's own offset.

    None where `event_year` is None, and for partial dates, which cannot be moved without inventing a day.
    """
    if event_year(when, now, old=old) is None or when is None:
        return None
    if isinstance(when, When):
        if when.precision in (Precision.YEAR, Precision.MONTH):
            return None
        when = when.start
    moved = when + by
    oldest = SURELY_ADULT if old else OLDEST_STATED
    return None if now.year - moved.year > oldest else f"{moved:%Y-%m-%d}"


def _bounds(when: When | datetime) -> tuple[datetime, datetime]:
    if isinstance(when, datetime):
        return when, when
    start = when.start
    if when.precision is Precision.YEAR:
        return start, start + timedelta(days=364)
    if when.precision is Precision.MONTH:
        return start, start + timedelta(days=27)
    return start, start


def _bucket(elapsed: timedelta) -> str:
    return next((name for days, name in BUCKETS if elapsed.days <= days), OVER_A_YEAR)


def _years(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _months(born: date, today: date) -> int:
    months = (today.year - born.year) * 12 + today.month - born.month - (today.day < born.day)
    return max(months, 0)
