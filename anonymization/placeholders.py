"""Typed, numbered placeholders: the same value has the same number in one chart, and nothing else ties them together.

The table lives as long as one pass through the gate and is then forgotten; drafts are never re-identified.
"""

from __future__ import annotations

import re
from collections import Counter

from anonymization.labels import NAME_LABELS, OLD_AGE
from anonymization.normalise import fold

_TOKENS = re.compile(r"[^\W\d_]+")
_SQUASH = re.compile(r"[\W_]+")


class Placeholders:
    """Hands out ``[DATE_1]``, ``[PHONE_2]`` in the order of first mention."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], int] = {}
        self._counts: Counter[str] = Counter()
        self._people: dict[str, list[set[str]]] = {}

    def of(self, label: str, value: str) -> str:
        """The placeholder of `value`. The patient is always number 1; ages over 89 become ``90+``."""
        if label == "AGE":
            return OLD_AGE
        return f"[{label}_{self._number(label, value)}]"

    def _number(self, label: str, value: str) -> int:
        if label == "PATIENT":
            return 1
        if label in NAME_LABELS:
            return self._person(label, set(_TOKENS.findall(fold(value))))
        key = (label, _SQUASH.sub("", fold(value)))
        if key not in self._values:
            self._counts[label] += 1
            self._values[key] = self._counts[label]
        return self._values[key]

    def _person(self, label: str, tokens: set[str]) -> int:
        """One number for "Anna Stone" and "Stone": one set of name parts holds the other."""
        people = self._people.setdefault(label, [])
        for number, known in enumerate(people, start=1):
            if tokens <= known or known <= tokens:
                known |= tokens
                return number
        people.append(tokens)
        return len(people)
