"""Counts of few people are not told: whoever knows one of them could recognise the cell."""

from __future__ import annotations

from collections.abc import Mapping

LEAST = 5
"""A count of one to four is hidden."""

HIDDEN = "<5"
Shown = int | float | str | None


def shown(count: int) -> int | str:
    """`count`, hidden where it is small."""
    return HIDDEN if 0 < count < LEAST else count


def share(count: int, whole: int) -> float | str | None:
    """The share of `count` in `whole`, hidden where it would tell a small count; None of nothing."""
    if whole == 0:
        return None
    return HIDDEN if 0 < count < LEAST else round(count / whole, 4)


def table(counts: Mapping[str, int]) -> dict[str, int | str]:
    """Counts that add up to something known: where one is hidden alone, so is the smallest other one."""
    hidden = {key for key, count in counts.items() if 0 < count < LEAST}
    if len(hidden) == 1:
        others = [(count, key) for key, count in counts.items() if count and key not in hidden]
        hidden |= {min(others)[1]} if others else set()
    return {key: HIDDEN if key in hidden and count < LEAST else "hidden" if key in hidden else count
            for key, count in counts.items()}  # fmt: skip
