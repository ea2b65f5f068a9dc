"""Two ways of answering the same cases: who gets more of them right, with interval and exact test.

The interval of the difference is Newcombe's for paired shares (Stat Med 1998;17:2635-2650, method 10), the test
McNemar's in its exact form (Psychometrika 1947;12:153-157): a sign test on the cases where the two part.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import comb, sqrt

from cds_service.shares import wilson


@dataclass(frozen=True, kw_only=True)
class Paired:
    """`first` and `second` count cases that hold by that one alone. `value` = share of first - share of second."""

    n: int
    both: int
    first: int
    second: int
    value: float
    low: float
    high: float
    p: float


def paired(outcomes: Iterable[tuple[bool, bool]]) -> Paired | None:
    """The comparison of pairs (holds by the first, holds by the second); None of no pairs."""
    pairs = [(bool(a), bool(b)) for a, b in outcomes]
    n = len(pairs)
    if not n:
        return None
    both, first, second = (pairs.count(kind) for kind in ((True, True), (True, False), (False, True)))
    low, high = _newcombe(n, both, first, second)
    return Paired(
        n=n,
        both=both,
        first=first,
        second=second,
        value=(first - second) / n,
        low=low,
        high=high,
        p=_sign_test(first, second),
    )


def _newcombe(n: int, both: int, first: int, second: int) -> tuple[float, float]:
    neither = n - both - first - second
    one, two = wilson(both + first, n), wilson(both + second, n)
    difference = (first - second) / n
    phi = _correlation(both, first, second, neither)

    def reach(below: float, above: float) -> float:
        return sqrt(max(0.0, below**2 - 2 * phi * below * above + above**2))

    value_1, value_2 = (both + first) / n, (both + second) / n
    low = reach(value_1 - (one.low or 0.0), (two.high or 0.0) - value_2)
    high = reach((one.high or 0.0) - value_1, value_2 - (two.low or 0.0))
    return difference - low, difference + high


def _correlation(both: int, first: int, second: int, neither: int) -> float:
    """Phi of the table, with Newcombe's correction of continuity where it is positive; 0 where a margin is empty."""
    margins = (both + first) * (second + neither) * (both + second) * (first + neither)
    if not margins:
        return 0.0
    product = float(both * neither - first * second)
    if product > 0:
        product = max(product - (both + first + second + neither) / 2, 0.0)
    return product / sqrt(margins)


def _sign_test(first: int, second: int) -> float:
    """Two-sided exact probability of so uneven a split, or one more uneven, when both are equally good."""
    parted, smaller = first + second, min(first, second)
    tail = sum(comb(parted, k) for k in range(smaller + 1)) / (1 << parted)
    return min(1.0, 2 * tail)
