"""Finds canaries in whatever was written, shown or said, however they are spelled there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

_NUMBERS = frozenset({"PHONE", "ID", "DATE"})
_OPAQUE = re.compile(r"\b(?:[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b")
_BETWEEN = r"[\s().+/\-]{0,3}"
_FEWEST_DIGITS = 6


@dataclass(frozen=True, kw_only=True)
class Canary:
    """One identifier of a chart. `known`: it stands in a field of the chart, not only in its prose."""

    label: str
    text: str
    known: bool


@dataclass(frozen=True, kw_only=True)
class Leak:
    """A canary that stood where none may, by the number of its chart."""

    chart: int
    place: str
    canary: Canary


@dataclass(kw_only=True)
class Haystack:
    """The texts of one place, as canaries are looked for in them: folded, without opaque ids and hashes."""

    place: str
    text: str = field(repr=False)

    def __post_init__(self) -> None:
        self.text = _OPAQUE.sub(" ", _folded(self.text))

    def holds(self, canary: Canary) -> bool:
        """Whether the canary stands here: a word anywhere, a number with whatever separators."""
        if canary.label in _NUMBERS and (digits := _digits(canary.text)):
            return digits.search(self.text) is not None
        return _folded(canary.text) in self.text


def haystacks(places: Mapping[str, str]) -> list[Haystack]:
    """The texts of every place."""
    return [Haystack(place=place, text=text) for place, text in places.items()]


def leaks(chart: int, places: Mapping[str, str], canaries: Iterable[Canary]) -> list[Leak]:
    """Every canary of a chart in every place."""
    return leaks_in(chart, haystacks(places), canaries)


def leaks_in(chart: int, stacks: Sequence[Haystack], canaries: Iterable[Canary]) -> list[Leak]:
    """The same where many charts share their places."""
    return [
        Leak(chart=chart, place=stack.place, canary=canary)
        for canary in canaries
        for stack in stacks
        if stack.holds(canary)
    ]


def _folded(text: str) -> str:
    """Small letters without accents, one blank between words."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(plain.split())


def _digits(text: str) -> re.Pattern[str] | None:
    """The digits of a number as a pattern, None where letters tell as much (``May 3, 2014``) or too few are left."""
    digits = re.sub(r"\D", "", text)
    if len(digits) < _FEWEST_DIGITS or (len(digits) < 10 and re.search(r"[^\W\d_]{3,}", text)):
        return None
    return re.compile(rf"(?<!\d){_BETWEEN.join(digits)}(?!\d)")
