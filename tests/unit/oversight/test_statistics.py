"""The arithmetic, held against scikit-learn, SciPy and numbers worked out by hand."""

import random
from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from scipy.stats import chi2, chi2_contingency
from sklearn.metrics import cohen_kappa_score

from cds_service.domain import Priority
from cds_service.oversight import control, drift
from cds_service.oversight.agreement import ENOUGH_CASES, agreement
from cds_service.oversight.figures import quantile
from cds_service.oversight.periods import Period, last_full, reference_of, span_with, spans_up_to
from tests.support.oversight_values import MONDAY

UTC_ZONE = ZoneInfo("UTC")


def pairs(count, seed=3):
    chance = random.Random(seed)
    first = [chance.randint(1, 4) for _ in range(count)]
    return [(Priority(a), Priority(min(4, max(1, a + chance.choice((-1, 0, 0, 1)))))) for a in first]


def test_kappa_is_that_of_scikit_learn_and_lies_in_its_interval():
    given = pairs(200)
    found = agreement(given)
    expected = cohen_kappa_score([int(a) for a, _ in given], [int(b) for _, b in given], weights="quadratic")
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.low < found.value < found.high
    assert found == agreement(given)  # the resamples have a fixed seed


def test_kappa_of_few_cases_and_of_one_grade_is_none():
    assert agreement(pairs(ENOUGH_CASES - 1)).value is None
    assert agreement([(Priority.LOW, Priority.LOW)] * 50).value is None
    assert agreement(pairs(ENOUGH_CASES)).value is not None


@pytest.mark.parametrize("df", range(1, 9))
@pytest.mark.parametrize("x", [0.0, 0.3, 3.84, 12.5, 60.0])
def test_the_tail_of_chi_square_is_that_of_scipy(df, x):
    assert drift.chi_square_tail(x, df) == pytest.approx(chi2.sf(x, df), rel=1e-9, abs=1e-15)


def test_a_change_is_tested_as_scipy_tests_it():
    before, now = {"a": 80, "b": 60, "c": 60}, {"a": 40, "b": 90, "c": 70}
    (found,) = drift.changes({"f": (before, now)})
    assert found.p == pytest.approx(chi2_contingency([[80, 60, 60], [40, 90, 70]], correction=False).pvalue)
    assert found.drifted
    assert not drift.changes({"f": (before, before)})[0].drifted


def test_p_values_are_adjusted_for_all_features():
    # Raw p-values of 2 by 2 tables; by hand: sorted p times 3 / rank, never falling.
    tables = {"a": ((50, 50), (70, 30)), "b": ((50, 50), (60, 40)), "c": ((50, 50), (51, 49))}
    features = {k: ({"y": b[0], "n": b[1]}, {"y": n[0], "n": n[1]}) for k, (b, n) in tables.items()}
    raw = {k: chi2_contingency(table, correction=False).pvalue for k, table in tables.items()}
    found = {c.feature: c.p for c in drift.changes(features)}
    assert found["a"] == pytest.approx(raw["a"] * 3)
    assert found["b"] == pytest.approx(raw["b"] * 3 / 2)
    assert found["c"] == pytest.approx(raw["c"])


def test_categories_that_expect_too_few_are_put_together_and_few_visits_say_nothing():
    (found,) = drift.changes({"f": ({"a": 90, "b": 5, "c": 5}, {"a": 80, "b": 10, "c": 10})})
    assert found.p == pytest.approx(chi2_contingency([[90, 5, 5], [80, 10, 10]], correction=False).pvalue)
    (pooled,) = drift.changes({"f": ({"a": 94, "b": 3, "c": 3}, {"a": 92, "b": 4, "c": 4})})
    assert pooled.p == pytest.approx(chi2_contingency([[94, 6], [92, 8]], correction=False).pvalue)
    assert drift.changes({"f": ({"a": 40, "b": 9}, {"a": 80, "b": 40})}) == ()


def test_p_limits_by_hand():
    limits = control.p_limits([(10, 100)] * 9 + [(5, 25)])  # centre 95 / 925
    assert limits.centre == pytest.approx(95 / 925)
    assert limits.high[0] == pytest.approx(0.102703 + 3 * (0.102703 * 0.897297 / 100) ** 0.5, abs=1e-5)
    assert limits.low[-1] == pytest.approx(0.102703 - 3 * (0.102703 * 0.897297 / 25) ** 0.5, abs=1e-5)
    assert control.p_limits([(1, 10)] * 9) is None


def test_xmr_limits_by_hand():
    limits = control.xmr_limits([10.0, 12.0] * 5)  # mean 11, every moving range 2
    assert limits.centre == 11
    assert (limits.low[0], limits.high[0]) == (pytest.approx(5.68), pytest.approx(16.32))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([10.0, 12.0] * 5 + [30.0], control.OUTSIDE),
        ([10.0, 14.0] * 5 + [13.0, 13.5, 12.9, 13.0, 13.6, 12.8, 13.0], control.SHIFT),
        ([10.0, 12.0] * 5 + [9.0, 9.5, 10.0, 10.5, 11.0, 11.5], control.DRIFT),
    ],
)
def test_the_newest_point_is_a_signal(values, expected):
    limits = control.xmr_limits(values[:10])
    flat = control.Limits(
        centre=limits.centre, low=(limits.low[0],) * len(values), high=(limits.high[0],) * len(values)
    )
    assert expected in control.signals(values, flat)


def test_usual_variation_is_no_signal():
    values = [10.0, 12.0] * 6
    assert control.signals(values, control.xmr_limits(values)) == ()
    assert control.signals([*values, None], control.xmr_limits([*values, None])) == ()


def test_nothing_counted_is_no_signal_where_nothing_is_usual():
    counts = [(0, 30), (1, 30), (0, 30)] * 5 + [(0, 30), (0, 30)]
    assert control.signals([hits / of for hits, of in counts], control.p_limits(counts)) == ()


def test_quantiles():
    assert quantile([1.0, 2.0, 3.0, 4.0], 0.5) is None
    assert quantile([5.0, 1.0, 2.0, 3.0, 4.0], 0.5) == 3.0
    assert quantile([1.0, 2.0, 3.0, 4.0, 5.0], 0.9) == pytest.approx(4.6)


def test_days_begin_at_local_midnight_whatever_the_clock_does():
    zone = ZoneInfo("America/New_York")
    spring = span_with(Period.DAILY, date(2031, 3, 9), zone)
    autumn = span_with(Period.DAILY, date(2031, 11, 2), zone)
    assert spring.end - spring.start == timedelta(hours=23)
    assert autumn.end - autumn.start == timedelta(hours=25)


def test_the_last_full_week_and_month():
    week = last_full(Period.WEEKLY, MONDAY, UTC_ZONE)
    assert (week.first, week.last) == (date(2031, 5, 26), date(2031, 6, 1))
    month = last_full(Period.MONTHLY, MONDAY, UTC_ZONE)
    assert (month.first, month.last) == (date(2031, 5, 1), date(2031, 5, 31))


def test_spans_follow_each_other_without_gap():
    for period in Period:
        spans = spans_up_to(period, last_full(period, MONDAY, UTC_ZONE), 14, UTC_ZONE)
        assert all(a.end == b.start for a, b in pairwise(spans))
        assert reference_of(period, spans[-1], UTC_ZONE).end == spans[-1].start
