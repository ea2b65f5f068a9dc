"""Names and phrases found in a text as whole words, by look-up of word runs: its cost is the length of the text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
WORD = re.compile(r"[a-z0-9]+")
LONGEST_TEXT = 300
"""Characters of one medicine, allergy or problem that are read."""


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text in lower case, its words and where each begins and ends."""

    plain: str
    words: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


def read(text: str) -> Text:
    """`text` in the form that names are looked up in."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).lower()
    found = list(WORD.finditer(plain))
    return Text(plain=plain, words=tuple(m.group() for m in found), spans=tuple(m.span() for m in found))


@dataclass(frozen=True, kw_only=True)
class Hit(Generic[T]):
    """A phrase found: what it stands for, and its first word and the word after its last."""

    value: T
    start: int
    end: int


class Phrases(Generic[T]):
    """Phrases of words and what they stand for. Raises ValueError when one stands for two things."""

    def __init__(self, phrases: Iterable[tuple[str, T]]) -> None:
        self._values: dict[tuple[str, ...], T] = {}
        for phrase, value in phrases:
            words = read(phrase).words
            if not words or self._values.get(words, value) != value:
                raise ValueError(f"a phrase has no words, or stands for two things: {phrase}")
            self._values[words] = value
        self._longest = max(map(len, self._values), default=0)
        self._first = frozenset(words[0] for words in self._values)

    def every(self, text: Text) -> Iterator[Hit[T]]:
        """Every phrase in `text`, those inside of others too, the longest first at each word."""
        words = text.words
        for start, word in enumerate(words):
            if word not in self._first:
                continue
            for end in range(min(start + self._longest, len(words)), start, -1):
                value = self._values.get(words[start:end])
                if value is not None:
                    yield Hit(value=value, start=start, end=end)

    def longest(self, text: Text) -> Iterator[Hit[T]]:
        """The phrases in `text` from left to right, the longest at each place, none inside of another."""
        behind = 0
        for hit in self.every(text):
            if hit.start >= behind:
                behind = hit.end
                yield hit
