"""The clinical words and the medicines the checks know, read once from ``data/*.csv``.

Both tables are our own compile of everyday clinical English; they hold no third-party terminology.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from cds_service.safety.words import Token, tokens


@dataclass(frozen=True, kw_only=True)
class Term:
    """One clinical idea. `kind`: condition, symptom, sign, history, measure, test or person."""

    id: str
    kind: str
    broader: str | None = None


class Phrases:
    """Finds the longest listed phrase at each place of a token sequence, by stem or, if `exact`, by word."""

    def __init__(self, phrases: Mapping[str, str], *, exact: bool = False) -> None:
        self._exact = exact
        self._by_first: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for phrase, value in phrases.items():
            key = self._keys(tokens(phrase))
            if key:
                self._by_first.setdefault(key[0], []).append((key, value))
        for entries in self._by_first.values():
            entries.sort(key=lambda entry: -len(entry[0]))

    def find(self, toks: Sequence[Token]) -> Iterator[tuple[int, int, str]]:
        """(start, end, value) of each phrase, left to right, without overlap."""
        keys = self._keys(toks)
        at = 0
        while at < len(keys):
            for key, value in self._by_first.get(keys[at], ()):
                if keys[at : at + len(key)] == key:
                    yield at, at + len(key), value
                    at += len(key)
                    break
            else:
                at += 1

    def _keys(self, toks: Sequence[Token]) -> tuple[str, ...]:
        return tuple(t.word if self._exact else t.stem for t in toks)


def rows(name: str) -> list[dict[str, str]]:
    """The rows of one table of ``data``, comment lines left out."""
    text = resources.files(__package__).joinpath("data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if line and not line.startswith("#")))


def listed(cell: str) -> list[str]:
    """The entries of one cell, which are parted by semicolons."""
    return [entry.strip() for entry in cell.split(";") if entry.strip()]


_TERM_ROWS = rows("terms.csv")
TERMS: Mapping[str, Term] = {
    row["id"]: Term(id=row["id"], kind=row["kind"], broader=row["broader"] or None) for row in _TERM_ROWS
}
TERM_PHRASES = Phrases({phrase: row["id"] for row in _TERM_ROWS for phrase in listed(row["terms"])})


def ancestry(term: str) -> Iterator[str]:
    """`term` and everything broader, nearest first."""
    at: str | None = term
    while at is not None:
        yield at
        known = TERMS.get(at)
        at = known.broader if known else None


_CONDITION_ENDINGS = (
    "itis", "osis", "emia", "aemia", "oma", "pathy", "syndrome", "embolism", "sarcoma", "plasia", "sclerosis",
)  # fmt: skip
_NOT_CONDITIONS = frozenset({"diagnosis", "prognosis", "coma", "stoma", "diploma", "aroma", "empathy", "sympathy"})


def unlisted_condition(word: str) -> bool:
    """Whether a word that no table lists is built like the name of a disease (``vasculitis``)."""
    return len(word) > 5 and word not in _NOT_CONDITIONS and word.endswith(_CONDITION_ENDINGS)
