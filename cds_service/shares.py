"""A share with its 95 % interval (Wilson), and percentiles: how every measurement and every promotion gate counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

Z = 1.959964
"""Of the normal distribution, 95 % two-sided."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """`hits` of `of`, with the ends of its 95 % interval. All three figures are None when there is nothing to count."""

    hits: int
    of: int
    value: float | None
    low: float | None
    high: float | None


def wilson(hits: int, of: int) -> Share:
    """A share of independent things (Wilson, J Am Stat Assoc 1927;22:209-212)."""
    if not of:
        return Share(hits=hits, of=of, value=None, low=None, high=None)
    share = hits / of
    middle = (share + Z**2 / (2 * of)) / (1 + Z**2 / of)
    half = Z * sqrt(share * (1 - share) / of + Z**2 / (4 * of**2)) / (1 + Z**2 / of)
    low = 0.0 if hits == 0 else middle - half
    high = 1.0 if hits == of else middle + half
    return Share(hits=hits, of=of, value=share, low=low, high=high)


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The value below which `percent` of all lie, by linear interpolation between the nearest two; None of nothing."""
    if not values:
        return None
    ranked = sorted(values)
    place = percent / 100 * (len(ranked) - 1)
    low = int(place)
    high = min(low + 1, len(ranked) - 1)
    return float(ranked[low] + (ranked[high] - ranked[low]) * (place - low))
