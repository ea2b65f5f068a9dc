"""Ages and intervals: nothing finer than the rule allows, nothing that a calendar boundary gives away."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anonymization.dates import INTERVALS, anchor_of, event_year, interval, over_89, shifted_date, stated_age
from fhir_mappers.case import Demographics, Precision, When

NOW = datetime(2026, 1, 2, 9, 30, tzinfo=UTC)


def born(year, month=1, day=1, precision=Precision.DAY):
    return Demographics(birth=When(start=datetime(year, month, day, tzinfo=UTC), precision=precision))


@pytest.mark.parametrize(
    ("person", "age"),
    [
        (born(1958, 3, 4), "67"),
        (born(1958, 1, 2), "68"),
        (born(1958, 1, 3), "67"),
        (born(1936, 1, 3), "89"),
        (born(1936, 1, 2), "90+"),
        (born(1920), "90+"),
        (born(2024, 1, 2), "2"),
        (born(2024, 1, 3), "23 months"),
        (born(2025, 12, 1), "1 month"),
        (born(2025, 12, 30), "0 months"),
        (born(1958, precision=Precision.YEAR), "67"),
        (born(1936, precision=Precision.YEAR), "90+"),  # may be 89 or 90: the aggregate is the safe one
        (born(1936, 6, precision=Precision.MONTH), "89"),
        (born(2024, 6, precision=Precision.MONTH), "18 months"),
        (born(2025, precision=Precision.YEAR), "under 2 years"),
        (born(2024, precision=Precision.YEAR), "under 2 years"),
        (born(2027), None),
        (born(1870), None),
        (Demographics(), None),
    ],
)
def test_age_is_completed_years_with_the_oldest_and_youngest_made_coarse(person, age):
    assert stated_age(person, NOW) == age


def test_over_89_is_true_as_soon_as_the_birth_date_allows_it():
    assert over_89(born(1936, 1, 2), NOW)
    assert not over_89(born(1936, 1, 3), NOW)


@pytest.mark.parametrize(
    ("elapsed", "name"),
    [
        (timedelta(0), "same day"),
        (timedelta(hours=23, minutes=59), "same day"),
        (timedelta(days=1), "1 to 7 days before"),
        (timedelta(days=7, hours=23), "1 to 7 days before"),
        (timedelta(days=8), "8 to 30 days before"),
        (timedelta(days=31), "1 to 3 months before"),
        (timedelta(days=92), "3 to 12 months before"),
        (timedelta(days=366), "over a year before"),
    ],
)
def test_an_interval_is_a_bucket_of_elapsed_time(elapsed, name):
    assert interval(NOW - elapsed, NOW) == name
    assert name in INTERVALS


def test_a_new_year_between_two_facts_does_not_show():
    """The same elapsed time has the same name wherever the boundary falls."""
    for anchor in (NOW, datetime(2026, 7, 15, 23, 0, tzinfo=UTC), datetime(2024, 3, 1, 1, 0, tzinfo=UTC)):
        for days in (0, 1, 5, 20, 60, 200, 500):
            assert interval(anchor - timedelta(days=days), anchor) == interval(NOW - timedelta(days=days), NOW)


def test_a_partial_date_gets_a_bucket_only_when_all_of_it_lies_in_one():
    year = When(start=datetime(2019, 1, 1, tzinfo=UTC), precision=Precision.YEAR)
    assert interval(year, NOW) == "over a year before"
    unclear = When(start=datetime(2025, 1, 1, tzinfo=UTC), precision=Precision.YEAR)
    assert interval(unclear, NOW) is None


def test_what_lies_after_the_anchor_has_no_interval():
    assert interval(NOW + timedelta(days=2), NOW) is None
    assert interval(None, NOW) is None
    assert interval(NOW, None) is None


def test_a_plan_for_next_month_does_not_move_the_anchor():
    past = NOW - timedelta(days=3)
    assert anchor_of([past, NOW + timedelta(days=30)], NOW) == past
    assert anchor_of([None], NOW) is None


moments = st.datetimes(
    min_value=datetime(1950, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    max_value=datetime(2049, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)
spans = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=365 * 80))


@given(moments, moments, st.lists(spans, max_size=6))
def test_moving_a_chart_through_the_calendar_changes_no_interval(here, there, elapsed):
    """Whatever New Year, midnight or leap day lies between: what is told depends on the elapsed time alone."""
    assert [interval(here - e, here) for e in elapsed] == [interval(there - e, there) for e in elapsed]


@given(moments, st.lists(spans, min_size=1, max_size=6))
def test_intervals_grow_with_the_distance_and_hold_no_figure_of_a_date(anchor, elapsed):
    told = [interval(anchor - e, anchor) for e in sorted(elapsed)]
    assert [INTERVALS.index(t) for t in told] == sorted(INTERVALS.index(t) for t in told)
    assert not any(re.search(r"\d{4}", t) for t in told)


@given(moments, spans, st.sampled_from(list(Precision)))
def test_a_partial_date_never_tells_more_than_every_day_it_may_mean(anchor, elapsed, precision):
    when = When(start=anchor - elapsed, precision=precision)
    told = interval(when, anchor)
    days = {Precision.YEAR: 364, Precision.MONTH: 27}.get(precision, 0)
    possible = {interval(min(when.start + timedelta(days=d), anchor), anchor) for d in range(0, days + 1, 9)}
    assert told is None or possible == {told}


@given(moments, spans, st.booleans())
def test_a_year_never_tells_of_an_age_over_89(now, elapsed, old):
    told = event_year(now - elapsed, now, old=old)
    assert told in (None, str((now - elapsed).year))
    if told is not None:
        assert now.year - int(told) <= (70 if old else 89)


@pytest.mark.parametrize(
    ("year", "old", "told"),
    [(1937, False, "1937"), (1936, False, None), (1956, True, "1956"), (1955, True, None), (2026, True, "2026")],
)
def test_the_last_years_that_are_told(year, old, told):
    assert event_year(datetime(year, 1, 1, tzinfo=UTC), NOW, old=old) == told


def test_what_is_not_known_or_lies_ahead_has_no_year_and_no_shifted_date():
    ahead = NOW + timedelta(days=400)
    assert event_year(None, NOW, old=False) is None
    assert event_year(ahead, NOW, old=False) is None
    assert shifted_date(ahead, NOW, timedelta(days=7), old=False) is None
    assert shifted_date(When(start=NOW, precision=Precision.MONTH), NOW, timedelta(days=7), old=False) is None
    assert shifted_date(NOW, NOW, timedelta(days=-7), old=False) == "2025-12-26"


@given(moments, st.integers(0, 125 * 365), st.sampled_from([Precision.DAY, Precision.MONTH, Precision.YEAR]))
def test_nobody_who_may_be_over_89_has_another_age_than_90_plus(now, days, precision):
    birth = When(start=now - timedelta(days=days), precision=precision)
    age = stated_age(Demographics(birth=birth), now)
    if days >= 90 * 366:
        assert age == "90+"
    assert age is None or age == "90+" or not age.isdigit() or int(age) <= 89
