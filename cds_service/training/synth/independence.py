"""Whether two attributes of the cases go together more than chance would have it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PERMUTATIONS = 500


@dataclass(frozen=True, kw_only=True)
class Independence:
    """A permutation test of chi-squared.

    `cramers_v`: 0 for independent, 1 for determined, biased upwards in tables with few cases a cell; `expected_v`: its
    mean under the permutations, to compare with. `p`: their share with a statistic as large.
    """

    cases: int
    cramers_v: float
    expected_v: float
    p: float


def between(first: Sequence[str], second: Sequence[str]) -> Independence | None:
    """How two attributes of the same cases go together; None where one of them has a single value."""
    rows, columns = _numbered(first), _numbered(second)
    shape = (int(rows.max(initial=-1)) + 1, int(columns.max(initial=-1)) + 1)
    if min(shape) < 2:
        return None
    found = _cramers_v(rows, columns, shape)
    rng = np.random.default_rng(1)
    chance = [_cramers_v(rows, rng.permutation(columns), shape) for _ in range(PERMUTATIONS)]
    reached = sum(v >= found - 1e-12 for v in chance)
    return Independence(
        cases=len(first),
        cramers_v=round(found, 4),
        expected_v=round(float(np.mean(chance)), 4),
        p=round((reached + 1) / (PERMUTATIONS + 1), 4),
    )


def _numbered(values: Sequence[str]) -> NDArray[np.int64]:
    return np.unique(np.asarray(values, dtype=str), return_inverse=True)[1].astype(np.int64)


def _cramers_v(rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]) -> float:
    table = np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1]).reshape(shape).astype(float)
    expected = table.sum(1, keepdims=True) * table.sum(0, keepdims=True) / table.sum()
    chi_squared = float(((table - expected) ** 2 / expected).sum())
    return float(np.sqrt(chi_squared / (table.sum() * (min(shape) - 1))))
