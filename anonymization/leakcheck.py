"""The second pass: whatever in the output still looks like an identifier refuses the chart.

Independent of the scrubber in mechanism: it reads the finished output, compares plain words and digit runs, and has its
own few patterns. It never repairs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from anonymization.deadline import Deadline
from anonymization.deidentified import DeidentifiedCase
from anonymization.errors import Leak
from anonymization.known import (
    LONG_NUMBER,
    NAME_KINDS,
    NUMBER_LABELS,
    SHORTEST_NUMBER,
    is_weak,
    name_parts,
    number_keys,
)
from fhir_mappers.case import KnownIdentifier

_PLACEHOLDER = re.compile(r"\[[A-Z]+_\d+\]")
_HARD = re.compile(
    r"\b\d{3}-\d{2}-\d{4}\b"  # social security number
    r"|[\w.+-]+@[\w-]+\.[\w.]+"  # e-mail
    r"|\(\d{3}\)\s?\d{3}-?\d{4}|\b\d{3}[-.]\d{3}[-.]\d{4}\b"  # telephone
    r"|\bhttps?://|\bwww\.\w"  # web address
    r"|\b(?:19|20)\d\d-\d\d-\d\d|\b\d{1,2}/\d{1,2}/(?:19|20)\d\d\b"  # date
    r"|\b(?i:mrn|ssn)\b\W{0,3}\d{3,}"  # labelled number
    r"|\b\d{9,}\b"  # more digits than any result has
)
_LETTERS = re.compile(r"[a-z]+")
_DIGITS_AND_LETTERS = re.compile(r"[a-z0-9]+")


class LeakCheck:
    """What must not stand in the output of one request."""

    def __init__(self, identifiers: Iterable[KnownIdentifier]) -> None:
        known = tuple(identifiers)
        names = [_plain_words(i.value) for i in known if i.kind in NAME_KINDS]
        parts = {p for i in known if i.kind in NAME_KINDS for p in name_parts(i.value)}
        self._parts = frozenset(_plain(p) for p in parts if not is_weak(p))
        self._sequences = frozenset(pair for words in names for pair in _neighbours(words))
        numbers = {_plain(k) for i in known if i.kind in NUMBER_LABELS for k in number_keys(i)}
        self._short = frozenset(n for n in numbers if SHORTEST_NUMBER <= len(n) <= LONG_NUMBER)
        self._long = tuple(n for n in numbers if len(n) > LONG_NUMBER)
        self._mails = tuple(_plain(i.value) for i in known if i.kind == "email")

    def check(self, case: DeidentifiedCase, deadline: Deadline) -> None:
        """Raise Leak when any word of `case` gives somebody away, OutOfTime when time is up first."""
        for text in case.texts():
            self.check_text(text)
            deadline.check()
        self._check_code(case.subject)
        for fact in case.facts:
            self._check_code(fact.unit or "")
            for code in fact.codes:
                self._check_code(code.rpartition("|")[2])
            for word in (fact.source, fact.interval or ""):
                self._check_code(word)
            if fact.value is not None:
                self._check_code(f"{fact.value:.10g}")

    def check_text(self, text: str) -> None:
        """Raise Leak when `text` holds a known identifier or a hard pattern."""
        bare = _PLACEHOLDER.sub(" ", unicodedata.normalize("NFKC", text))
        plain = _plain(bare)
        if (
            _HARD.search(bare)
            or self._names(plain)
            or self._numbers(plain)
            or any(m in plain for m in self._mails if m)
        ):
            raise Leak("an identifier stands in the output")

    def _names(self, plain: str) -> bool:
        words = _LETTERS.findall(plain)
        return not self._parts.isdisjoint(words) or not self._sequences.isdisjoint(_neighbours(words))

    def _numbers(self, plain: str) -> bool:
        if not self._short.isdisjoint(_DIGITS_AND_LETTERS.findall(plain)):
            return True
        lines = ["".join(_DIGITS_AND_LETTERS.findall(line)) for line in plain.split("\n")]
        return any(n in line for n in self._long for line in lines)

    def _check_code(self, code: str) -> None:
        plain = "".join(_DIGITS_AND_LETTERS.findall(_plain(code)))
        if plain in self._short or plain in self._long or not self._parts.isdisjoint(_LETTERS.findall(_plain(code))):
            raise Leak("an identifier stands in a code")


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c) and unicodedata.category(c) != "Cf").lower()


def _plain_words(text: str) -> list[str]:
    return _LETTERS.findall(_plain(text))


def _neighbours(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Neighbouring words, both ways round, initials left out."""
    whole = [w for w in words if len(w) > 1]
    for a, b in pairwise(whole):
        yield (a, b)
        yield (b, a)
