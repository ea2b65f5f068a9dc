"""Misspelt names and towns: one edit away, two for long words, by optimal string alignment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

SHORTEST = 5  # letters of a word whose misspelling is looked for
LONG = 8  # letters from which two edits count


def misspelt(tokens: Sequence[str], known: Sequence[str], *, shortest: int = SHORTEST) -> Iterable[tuple[str, str]]:
    """Pairs of a token and the known word it is written for; tokens that are known words themselves are left out.

    Known words of fewer than `shortest` letters have no misspellings.
    """
    long_enough = [t for t in tokens if len(t) >= shortest - 1]
    if not long_enough or not known:
        return []
    distances = process.cdist(long_enough, known, scorer=OSA.distance, score_cutoff=2, dtype=np.uint8)
    found = []
    for row, column in np.argwhere(distances <= 2):
        token, word = long_enough[row], known[column]
        if 0 < distances[row, column] <= allowed(token, word, shortest=shortest):
            found.append((token, word))
    return found


def allowed(token: str, word: str, *, shortest: int = SHORTEST) -> int:
    """Most edits by which `token` can be written for `word`."""
    shorter = min(len(token), len(word))
    return 0 if shorter < shortest - 1 or len(word) < shortest else 2 if shorter >= LONG else 1
