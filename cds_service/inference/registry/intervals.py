"""The 95 % interval of a difference of two shares.

Two samples: Newcombe's hybrid score interval (Stat Med 1998;17:873-890, method 10), of Wilson's intervals. The same
cases twice: Agresti and Min's adjusted interval (Stat Med 2005;24:729-740), of the cases where the two part.
"""

from __future__ import annotations

from math import sqrt

from cds_service.shares import Z, wilson


def unpaired(first: tuple[int, int], second: tuple[int, int]) -> tuple[float, float, float]:
    """Value, low and high end of share `first` - share `second`, each given as (k, n)."""
    (k1, n1), (k2, n2) = first, second
    (low1, high1), (low2, high2) = _ends(k1, n1), _ends(k2, n2)
    p1, p2 = k1 / n1, k2 / n2
    difference = p1 - p2
    low = difference - sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2)
    high = difference + sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2)
    return difference, low, high


def paired(n: int, first: int, second: int) -> tuple[float, float, float]:
    """Value, low and high end of the difference over `n` cases; `first` and `second` hold by that one alone."""
    size, one, two = n + 2, first + 0.5, second + 0.5
    middle = (one - two) / size
    half = Z * sqrt(max(0.0, (one + two) - (one - two) ** 2 / size)) / size
    return (first - second) / n, middle - half, middle + half


def _ends(k: int, n: int) -> tuple[float, float]:
    share = wilson(k, n)
    if share.low is None or share.high is None:
        raise ValueError("a share of nothing has no interval")
    return share.low, share.high
