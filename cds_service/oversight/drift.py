"""Whether what comes in, or what is decided, is distributed otherwise than before.

Each feature is tested by Pearson's chi-square of homogeneity over two spans (categories that expect fewer than five are
put together); the p-values of all features are adjusted by Benjamini and Hochberg (J R Stat Soc B 1995;57:289-300).
The population stability index says how large a change is: under 0.1 small, under 0.25 moderate, else large (Siddiqi,
Credit Risk Scorecards, 2006). The test supposes that visits are independent, so one chart counts once a day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import erfc, exp, log, pi, sqrt

ENOUGH_VISITS = 50
"""Visits that each span must have for a test."""

LEVEL = 0.05
"""False discovery rate."""

_LEAST_EXPECTED = 5.0


@dataclass(frozen=True, kw_only=True)
class Change:
    """One feature, before and now, as counts by category. `p` is adjusted for all features that were tested."""

    feature: str
    before: Mapping[str, int]
    now: Mapping[str, int]
    p: float
    stability: float

    @property
    def drifted(self) -> bool:
        """Whether the change is more than chance would give."""
        return self.p < LEVEL

    @property
    def size(self) -> str:
        """In words."""
        return "small" if self.stability < 0.1 else "moderate" if self.stability < 0.25 else "large"


def changes(features: Mapping[str, tuple[Mapping[str, int], Mapping[str, int]]]) -> tuple[Change, ...]:
    """The features, each with its counts before and now, that can be tested; the least probable first."""
    tested = [_test(name, before, now) for name, (before, now) in features.items()]
    found = sorted((change for change in tested if change is not None), key=lambda c: (c.p, c.feature))
    return tuple(replace(c, p=p) for c, p in zip(found, _adjusted([c.p for c in found]), strict=True))


def _test(name: str, before: Mapping[str, int], now: Mapping[str, int]) -> Change | None:
    totals = sum(before.values()), sum(now.values())
    if min(totals) < ENOUGH_VISITS:
        return None
    pooled = _pooled({key: (before.get(key, 0), now.get(key, 0)) for key in {**before, **now}}, totals)
    if len(pooled) < 2:
        return None
    whole = sum(totals)
    statistic = sum(
        (seen - total * sum(pair) / whole) ** 2 / (total * sum(pair) / whole)
        for pair in pooled
        for seen, total in zip(pair, totals, strict=True)
    )
    return Change(
        feature=name,
        before=before,
        now=now,
        p=chi_square_tail(statistic, len(pooled) - 1),
        stability=_stability(pooled, totals),
    )


def _pooled(counts: Mapping[str, tuple[int, int]], totals: tuple[int, int]) -> list[tuple[int, int]]:
    """The pairs of counts; those that expect too few in either span are one."""
    least = min(totals) / sum(totals)
    large = [pair for pair in counts.values() if sum(pair) * least >= _LEAST_EXPECTED]
    small = [pair for pair in counts.values() if sum(pair) * least < _LEAST_EXPECTED]
    rest = sum(a for a, _ in small), sum(b for _, b in small)
    return [*large, rest] if sum(rest) * least >= _LEAST_EXPECTED else large


def _stability(pooled: Sequence[tuple[int, int]], totals: tuple[int, int]) -> float:
    """The index, with half a case added to each count so that an empty one has a logarithm."""
    shares = [((a + 0.5) / (totals[0] + 0.5), (b + 0.5) / (totals[1] + 0.5)) for a, b in pooled]
    return sum((b - a) * log(b / a) for a, b in shares)


def _adjusted(rising: Sequence[float]) -> list[float]:
    adjusted, least = [], 1.0
    for rank in range(len(rising), 0, -1):
        least = min(least, rising[rank - 1] * len(rising) / rank)
        adjusted.append(least)
    return adjusted[::-1]


def chi_square_tail(x: float, df: int) -> float:
    """Probability of a chi-square above `x`: the finite sum for whole degrees of freedom (Abramowitz, Stegun 26.4)."""
    if df % 2:
        term, tail = sqrt(2 * x / pi) * exp(-x / 2), erfc(sqrt(x / 2))
        for k in range(1, df, 2):
            tail += term
            term *= x / (k + 2)
        return min(1.0, tail)
    term, total = 1.0, 0.0
    for k in range(1, df // 2 + 1):
        total += term
        term *= x / 2 / k
    return min(1.0, exp(-x / 2) * total)
