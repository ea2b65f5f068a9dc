"""Words that were mistyped, put right by the words that the guidelines use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA

LEAST_LETTERS, MOST_LETTERS = 5, 25
"""Shorter words are near to too many others. Of the shortest only exchanged letters are put right ("wrist" is no slip
of "waist")."""

_WORD = re.compile(r"[A-Za-z]+")


class Speller:
    """Knows the words of some texts. A word it does not know becomes the one that is one slip away, if there is one.

    A slip: a letter too many, too few or wrong, or two neighbours exchanged (optimal string alignment of one).
    """

    def __init__(self, texts: Iterable[str]) -> None:
        counts = Counter(word.lower() for text in texts for word in _WORD.findall(text))
        self._known = frozenset(counts)
        self._candidates = [word for word, _ in counts.most_common() if len(word) >= LEAST_LETTERS]

    def correct(self, text: str) -> str:
        """The text with its unknown words corrected where that is possible."""
        return _WORD.sub(lambda match: self._word(match.group()), text)

    def _word(self, word: str) -> str:
        lower = word.lower()
        if (
            not LEAST_LETTERS <= len(word) <= MOST_LETTERS
            or lower in self._known
            or lower.removesuffix("s") in self._known
        ):
            return word
        found = process.extractOne(lower, self._candidates, scorer=OSA.distance, score_cutoff=1)
        if found is None or (len(word) == LEAST_LETTERS and sorted(found[0]) != sorted(lower)):
            return word
        corrected: str = found[0]
        return corrected
