"""Shares with 95 % intervals: Wilson's for counts, the bootstrap over documents for characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

_Z = 1.959964  # of the normal distribution, 95 % two-sided
_RESAMPLES = 2000
_SEED = 20240


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
    middle = (share + _Z**2 / (2 * of)) / (1 + _Z**2 / of)
    half = _Z * sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2)) / (1 + _Z**2 / of)
    low = 0.0 if hits == 0 else middle - half
    high = 1.0 if hits == of else middle + half
    return Share(hits=hits, of=of, value=share, low=low, high=high)


def bootstrap(pairs: Sequence[tuple[int, int]]) -> Share:
    """A share of things that stand together in documents, each given as its (hits, of).

    Documents are drawn with a fixed seed, so that equal results have equal intervals (Efron's percentile interval).
    Of nothing and of everything the bootstrap knows no doubt: the interval is then Wilson's, for documents.
    """
    hits, of = sum(h for h, _ in pairs), sum(n for _, n in pairs)
    if not of:
        return Share(hits=hits, of=of, value=None, low=None, high=None)
    if hits in (0, of):
        documents = sum(n > 0 for _, n in pairs)
        bounds = wilson(documents if hits else 0, documents)
        return Share(hits=hits, of=of, value=hits / of, low=bounds.low, high=bounds.high)
    counts = np.array(pairs, dtype=np.int64)
    draws = np.random.default_rng(_SEED).multinomial(len(pairs), np.full(len(pairs), 1 / len(pairs)), size=_RESAMPLES)
    sums = draws @ counts
    shares = sums[sums[:, 1] > 0]
    low, high = np.percentile(shares[:, 0] / shares[:, 1], [2.5, 97.5])
    return Share(hits=hits, of=of, value=hits / of, low=float(low), high=float(high))


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The value below which `percent` of all lie, None of nothing."""
    return float(np.percentile(values, percent)) if values else None
