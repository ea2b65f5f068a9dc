"""What of a written identifier would tell on its own: the canaries of a chart."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from difflib import get_close_matches
from typing import NamedTuple

from cds_service.training.notes.note import Piece

FEWEST_DIGITS = 6
"""A number with fewer digits occurs by accident."""

_NEAR = 0.75
_WORD = re.compile(r"[^\W\d_]+")
_PHRASES = frozenset({"LOC", "FACILITY", "ADDRESS", "ORG", "NAME"})


class Mark(NamedTuple):
    """One canary. `known`: it stands in a field of the chart, not only in its prose."""

    label: str
    text: str
    known: bool


def marks(pieces: Iterable[Piece], words: Collection[str]) -> Iterator[Mark]:
    """The canaries of written `pieces`: coined `words`, misspelt ones too, numbers, whole dates, phrases."""
    for piece in pieces:
        if piece.label and (text := _telling(piece.label, piece.text.strip(), words)):
            yield from (Mark(piece.label, word, piece.known) for word in text)


def _telling(label: str, text: str, words: Collection[str]) -> list[str]:
    own = [word for word in _WORD.findall(text) if is_coined(word, words)]
    if own:
        return own
    digits = sum(c.isdigit() for c in text)
    if label == "DATE":
        return [text] if re.search(r"\d{4}", text) and re.search(r"\d{4}.*\d|\d.*\d{4}", text) else []
    if label in {"PHONE", "ID", "URL", "EMAIL"}:
        return [text] if digits >= FEWEST_DIGITS or label == "EMAIL" else []
    return [text] if label in _PHRASES - {"NAME"} and len(_WORD.findall(text)) > 1 else []


def is_coined(word: str, words: Collection[str]) -> bool:
    """Whether `word` is one of the coined `words`, perhaps misspelt."""
    return len(word) > 3 and bool(get_close_matches(word.capitalize(), words, 1, _NEAR))
