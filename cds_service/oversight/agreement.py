"""How far two raters of the same cases agree, beyond what chance would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cds_service.domain import Priority

ENOUGH_CASES = 20
"""With fewer cases the interval of kappa says nothing, and none is given."""

_SEED = 20270101
_RESAMPLES = 2000
_LEVELS = len(Priority)

Pair = tuple[Priority, Priority]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Kappa of `of` cases with its 95 % interval. None where there are too few cases, or both raters gave one grade."""

    of: int
    value: float | None
    low: float | None
    high: float | None


def agreement(pairs: Sequence[Pair]) -> Agreement:
    """Cohen's kappa with quadratic weights (Psychol Bull 1968;70:213-220).

    Interval: percentile bootstrap over cases with a fixed seed. Perfect agreement has an interval without width, which
    says that no disagreement was seen, not that there is none.
    """
    nothing = Agreement(of=len(pairs), value=None, low=None, high=None)
    if len(pairs) < ENOUGH_CASES:
        return nothing
    confusion = np.zeros((_LEVELS, _LEVELS))
    for first, second in pairs:
        confusion[first - 1, second - 1] += 1
    value = float(_kappas(confusion[np.newaxis])[0])
    if np.isnan(value):
        return nothing
    shares = confusion.reshape(-1) / len(pairs)
    draws = np.random.default_rng(_SEED).multinomial(len(pairs), shares, size=_RESAMPLES)
    drawn = _kappas(draws.reshape(-1, _LEVELS, _LEVELS).astype(float))
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Agreement(of=len(pairs), value=value, low=float(low), high=float(high))


def _kappas(confusions: NDArray[np.float64]) -> NDArray[np.float64]:
    rows, columns = np.indices((_LEVELS, _LEVELS))
    weights = (rows - columns) ** 2
    expected = np.einsum("ni,nj->nij", confusions.sum(axis=2), confusions.sum(axis=1))
    by_chance = (expected * weights).sum(axis=(1, 2)) / confusions.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        made: NDArray[np.float64] = 1 - (confusions * weights).sum(axis=(1, 2)) / by_chance
    return made
