"""How a note is typed: case, punctuation, typing errors. Spans follow."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from random import Random

from cds_service.training.notes.names import without_accents
from cds_service.training.notes.note import Piece

_PUNCTUATION = re.compile(r"[.,;:'\"()!?]+(?=\s|$)|(?<=\s)[\"'(]")
_APOSTROPHE = re.compile(r"['’]")  # noqa: RUF001 - the typographic apostrophe occurs in notes
_WORD = re.compile(r"[A-Za-z]{5,}")
_ANY_WORD = re.compile(r"(?<![\w'])[a-z]+")
_AFTER_WORD = re.compile(r"(?<=\w)([.,?!;:])(?=\s|$)")

Style = Callable[[list[Piece], Random], list[Piece]]
_TEXTUAL = frozenset({None, "NAME", "LOC", "FACILITY", "ORG"})


def plain(pieces: list[Piece], _: Random) -> list[Piece]:
    """As written."""
    return pieces


def lower(pieces: list[Piece], _: Random) -> list[Piece]:
    """Hurried typing: no capitals."""
    return [replace(p, text=p.text.lower()) for p in pieces]


def upper(pieces: list[Piece], _: Random) -> list[Piece]:
    """Dictation in capitals."""
    return [replace(p, text=p.text.upper()) for p in pieces]


def bare(pieces: list[Piece], _: Random) -> list[Piece]:
    """No punctuation in words; dates and numbers keep theirs."""
    return [
        replace(p, text=_APOSTROPHE.sub("", _PUNCTUATION.sub("", p.text)) if p.label in _TEXTUAL else p.text)
        for p in pieces
    ]


def lower_bare(pieces: list[Piece], rng: Random) -> list[Piece]:
    """No capitals and no punctuation."""
    return lower(bare(pieces, rng), rng)


def names_lower(pieces: list[Piece], _: Random) -> list[Piece]:
    """Sentences with capitals, names without."""
    return [replace(p, text=p.text.lower()) if p.label == "NAME" else p for p in pieces]


def typos(pieces: list[Piece], rng: Random) -> list[Piece]:
    """Typing errors in ordinary words; names stay as they are."""

    def mistype(match: re.Match[str]) -> str:
        word = match[0]
        if rng.random() > 0.08:
            return word
        at = rng.randrange(1, len(word) - 1)
        return rng.choice(
            (
                word[:at] + word[at + 1 :],
                word[:at] + word[at] + word[at:],
                word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :],
            )
        )

    return [p if p.label else replace(p, text=_WORD.sub(mistype, p.text)) for p in pieces]


def typos_lower(pieces: list[Piece], rng: Random) -> list[Piece]:
    """Hurried typing with errors."""
    return lower(typos(pieces, rng), rng)


def unaccented(pieces: list[Piece], _: Random) -> list[Piece]:
    """Accents left out."""
    return [replace(p, text=without_accents(p.text)) for p in pieces]


def headline(pieces: list[Piece], _: Random) -> list[Piece]:
    """A Capital At Every Word, so that capitals alone make no name."""
    return [replace(p, text=_ANY_WORD.sub(lambda m: m[0][0].upper() + m[0][1:], p.text)) for p in pieces]


def spaced(pieces: list[Piece], _: Random) -> list[Piece]:
    """Blanks before punctuation , as transcripts have them ."""
    return [p if p.label else replace(p, text=_AFTER_WORD.sub(r" \1", p.text)) for p in pieces]


def spaced_lower(pieces: list[Piece], rng: Random) -> list[Piece]:
    """A transcript without capitals."""
    return lower(spaced(pieces, rng), rng)


_WEIGHTS: dict[str, dict[Style, float]] = {
    "note": {
        plain: 57, upper: 9, lower: 7, bare: 4, lower_bare: 4, typos: 6, typos_lower: 3, unaccented: 3, headline: 2,
        spaced: 2, spaced_lower: 3,
    },
    "query": {
        plain: 38, lower: 24, lower_bare: 12, bare: 4, names_lower: 3, typos: 7, typos_lower: 7, upper: 2, headline: 1,
        spaced_lower: 2,
    },
    "sentence": {plain: 60, lower: 14, upper: 10, bare: 4, lower_bare: 3, typos: 3, headline: 4, spaced_lower: 2},
}  # fmt: skip


def style_for(kind: str, rng: Random) -> Style:
    """A way of typing for a kind of text."""
    weights = _WEIGHTS[kind]
    return rng.choices(list(weights), list(weights.values()))[0]
