"""Shares of things that stand together in documents, with 95 % intervals by the bootstrap over documents."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cds_service.shares import Share, wilson

_RESAMPLES = 2000
_SEED = 20240


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
