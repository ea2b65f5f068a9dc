"""Whether the computed confidence is worth its number: agreement with the right priority, bin by bin.

Brier score (Mon Weather Rev 1950;78:1-3) and expected calibration error over ten bins of equal width. The confidence of
an assessment never exceeds 0.8, so the highest bins stay empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BINS = 10


@dataclass(frozen=True, kw_only=True)
class Trust:
    """The confidence of one assessment, and whether its priority was the right one."""

    confidence: float
    right: bool


@dataclass(frozen=True, kw_only=True)
class Bin:
    """The assessments with a confidence in [`low`, `high`): how many, their mean confidence, how many were right."""

    low: float
    high: float
    n: int
    right: int
    confidence: float

    @property
    def agreement(self) -> float:
        """The share that was right."""
        return self.right / self.n


def brier(values: Sequence[Trust]) -> float:
    """Mean squared distance of confidence and outcome; 0 is perfect."""
    return sum((v.confidence - v.right) ** 2 for v in values) / len(values)


def calibration_error(values: Sequence[Trust]) -> float:
    """Mean distance of confidence and agreement over the bins, weighted by their counts; 0 is perfect."""
    return sum(b.n * abs(b.confidence - b.agreement) for b in bins(values)) / len(values)


def bins(values: Sequence[Trust]) -> tuple[Bin, ...]:
    """The bins that hold anything, lowest first."""
    made = []
    for number in range(BINS):
        inside = [v for v in values if min(int(v.confidence * BINS), BINS - 1) == number]
        if inside:
            made.append(
                Bin(
                    low=number / BINS,
                    high=(number + 1) / BINS,
                    n=len(inside),
                    right=sum(v.right for v in inside),
                    confidence=sum(v.confidence for v in inside) / len(inside),
                )
            )
    return tuple(made)
