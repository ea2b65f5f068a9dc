"""Other words in the place of a template's: without them, a model takes every word that no template has for a name."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib import resources
from random import Random

from cds_service.training.notes.clinical import terms
from cds_service.training.notes.note import Piece

_WORD = re.compile(r"(?<![\w'-])[A-Za-z]{3,}(?![\w'-])")
_KEPT = frozenset({"mrs", "miss", "drs", "prof", "doctor", "mister", "nurse", "pharm"})
_RATES = (0.0, 0.12, 0.3, 0.5)  # share of words that are replaced
_RATE_WEIGHTS = (0.35, 0.28, 0.22, 0.15)
_CAPITALS = "ABCDEFGHIKLMNOPRSTUVW"


def reword(pieces: list[Piece], rng: Random) -> list[Piece]:
    """`pieces` with some words outside the labels replaced by ordinary, clinical and made-up ones of the same case."""
    rate = rng.choices(_RATES, _RATE_WEIGHTS)[0]

    def other(match: re.Match[str]) -> str:
        word = match[0]
        if rng.random() > rate or word.lower() in _KEPT:
            return word
        made = rng.choices(_KINDS, _KIND_WEIGHTS)[0](rng)
        if word.isupper():
            return made.upper()
        return made[0].upper() + made[1:] if word[0].isupper() or rng.random() < 0.02 else made

    return [piece if piece.label else replace(piece, text=_WORD.sub(other, piece.text)) for piece in pieces]


@cache
def ordinary_words() -> tuple[str, ...]:
    """The list of words.toml."""
    raw = tomllib.loads(resources.files(__package__ or "").joinpath("words.toml").read_text(encoding="utf-8"))
    return tuple(str(raw["words"]).split())


def _ordinary(rng: Random) -> str:
    return rng.choice(ordinary_words())


def _made_up(rng: Random) -> str:
    """The beginning of one word and the end of another: unknown, and English all the same."""
    one, two = _ordinary(rng), _ordinary(rng)
    return one[: max(2, len(one) // 2)] + two[len(two) // 2 :]


@cache
def _clinical_words() -> tuple[str, ...]:
    lists = ("conditions", "symptoms", "anatomy", "procedures", "specialties", "tests")
    return tuple(sorted({w for name in lists for term in terms(name) for w in re.findall(r"\b[a-z]{4,}\b", term)}))


def _clinical(rng: Random) -> str:
    return rng.choice(_clinical_words())


def _acronym(rng: Random) -> str:
    letters = "".join(rng.choice(_CAPITALS) for _ in range(rng.randint(2, 5)))
    return letters + (str(rng.randint(1, 9)) if rng.random() < 0.2 else "")


_KINDS: tuple[Callable[[Random], str], ...] = (_ordinary, _made_up, _clinical, _acronym)
_KIND_WEIGHTS = (66, 15, 14, 5)
