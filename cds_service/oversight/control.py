"""Charts of process behaviour: a centre, limits, and the rules by which a point is a signal and no noise.

Limits: three sigma (Shewhart, Economic Control of Quality of Manufactured Product, 1931); for shares the p-chart, for
other figures the XmR chart (Wheeler, Understanding Variation, 2000: the mean and 2.66 times the mean moving range).
Rules: NHS England, Making Data Count. Limits need `ENOUGH_POINTS` points; with fewer, the line is drawn alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

ENOUGH_POINTS = 10
RUN = 7
"""Points in a row on one side of the centre that make a shift."""

TREND = 6
"""Points in a row that each rise, or each fall, that make a trend."""

_XMR = 2.66

OUTSIDE, SHIFT, DRIFT, NEAR = "outside the limits", "shift", "trend", "two of three near a limit"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """For each point: the centre and the lower and upper limit. None: nothing was measured at that point.

    They may lie beyond what the figure can be (a share under nothing); then no point can pass them.
    """

    centre: float
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


def p_limits(counts: Sequence[tuple[int, int]]) -> Limits | None:
    """Limits of shares, given as (hits, of) for each point; wider where fewer were counted."""
    total = sum(of for _, of in counts)
    if sum(of > 0 for _, of in counts) < ENOUGH_POINTS:
        return None
    centre = sum(hits for hits, _ in counts) / total
    sigma = [sqrt(centre * (1 - centre) / of) if of else None for _, of in counts]
    return Limits(
        centre=centre,
        low=tuple(None if s is None else centre - 3 * s for s in sigma),
        high=tuple(None if s is None else centre + 3 * s for s in sigma),
    )


def xmr_limits(values: Sequence[float | None]) -> Limits | None:
    """Limits of single figures that cannot be negative (times)."""
    known = [value for value in values if value is not None]
    if len(known) < ENOUGH_POINTS:
        return None
    centre = sum(known) / len(known)
    reach = _XMR * sum(abs(b - a) for a, b in pairwise(known)) / (len(known) - 1)
    return Limits(
        centre=centre,
        low=tuple(None if v is None else centre - reach for v in values),
        high=tuple(None if v is None else centre + reach for v in values),
    )


def signals(values: Sequence[float | None], limits: Limits | None) -> tuple[str, ...]:
    """What the newest point is a signal of; nothing when it is within what the process always does."""
    if limits is None or not values or values[-1] is None:
        return ()
    known = [(v, lo, hi) for v, lo, hi in zip(values, limits.low, limits.high, strict=True) if v is not None]
    return tuple(name for name, rule in _RULES if rule([(v, lo or 0.0, hi or 0.0) for v, lo, hi in known], limits))


Point = tuple[float, float, float]


def _outside(points: Sequence[Point], _: Limits) -> bool:
    value, low, high = points[-1]
    return value < low or value > high


def _shift(points: Sequence[Point], limits: Limits) -> bool:
    sides = [(value > limits.centre) - (value < limits.centre) for value, _, _ in points[-RUN:]]
    return len(sides) == RUN and abs(sum(sides)) == RUN


def _trend(points: Sequence[Point], _: Limits) -> bool:
    steps = [(b[0] > a[0]) - (b[0] < a[0]) for a, b in pairwise(points[-TREND:])]
    return len(points) >= TREND and abs(sum(steps)) == TREND - 1


def _near(points: Sequence[Point], limits: Limits) -> bool:
    """Two of the last three, the newest among them, lie in the outer third of the same side."""
    third = [_outer_third(point, limits.centre) for point in points[-3:]]
    return third[-1] != 0 and third.count(third[-1]) >= 2


def _outer_third(point: Point, centre: float) -> int:
    value, low, high = point
    above = value > centre + (high - centre) * 2 / 3
    below = value < centre - (centre - low) * 2 / 3
    return int(above) - int(below)


_RULES: tuple[tuple[str, Callable[[Sequence[Point], Limits], bool]], ...] = (
    (OUTSIDE, _outside),
    (SHIFT, _shift),
    (DRIFT, _trend),
    (NEAR, _near),
)
