"""Typing errors in what patients and triage desks write: one wrong, missing, extra or swapped letter.

Only a word that neither everyday English, nor the clinical vocabulary, nor the lexicon knows is changed, and only to
the one word of the lexicon that lies one step away ("siezure", "abdomnal", "headche"). Two such words: it stays.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache

from anonymization.vocabulary import listed
from cds_service.clinical.red_flags.lexicon import LEXICON

SHORTEST = 5
"""Letters of a word that may have one wrong, missing or extra letter. Shorter words have too many neighbours."""

SWAPPED = 4
"""Letters of a word that may have two neighbouring letters swapped."""

LONGEST = 24
"""Letters. Longer runs are no words."""

WORD = re.compile(r"[a-z]+")
MENDED = re.compile(rf"(?<![a-z])[a-z]{{{SWAPPED},{LONGEST}}}(?![a-z])")
PIECE = re.compile(r"[a-z]+\*?")


def corrected(text: str) -> str:
    """`text` (in small letters) with its unknown words replaced where one word of the lexicon is meant."""
    return MENDED.sub(lambda m: _meant(m.group()), text)


def _meant(word: str) -> str:
    if word in listed("english") or word in listed("clinical") or word in _wording() or word.startswith(_stems()):
        return word
    found = {w for key in (word, *_shorter(word)) for w in _neighbours().get(key, ()) if _may_mean(word, w)}
    return found.pop() if len(found) == 1 else word


def _shorter(word: str) -> set[str]:
    """`word` with one letter left out."""
    return {word[:i] + word[i + 1 :] for i in range(len(word))}


def _may_mean(word: str, other: str) -> bool:
    """Whether `word` is `other` with one typing error; in short words only swapped letters count as one."""
    if min(len(word), len(other)) < SHORTEST:
        return len(word) == len(other) and sorted(word) == sorted(other) and _one_step(word, other)
    return _one_step(word, other)


def _one_step(one: str, other: str) -> bool:
    """Whether one letter changed, missing, extra or swapped with its neighbour leads from one word to the other."""
    if abs(len(one) - len(other)) > 1 or one[0] != other[0]:
        return False
    short, long = sorted((one, other), key=len)
    if len(short) < len(long):
        return short in _shorter(long)
    apart = [i for i in range(len(one)) if one[i] != other[i]]
    swapped = len(apart) == 2 and apart[1] == apart[0] + 1 and one[apart[0]] == other[apart[1]]
    return len(apart) == 1 or (swapped and one[apart[1]] == other[apart[0]])


@cache
def _wording() -> frozenset[str]:
    flags = (*LEXICON.flags, *LEXICON.features, *LEXICON.families)
    wording = (pattern for flag in flags for term in flag.terms for pattern in term.wording)
    return frozenset(piece for pattern in wording for piece in PIECE.findall(pattern))


@cache
def _stems() -> tuple[str, ...]:
    return tuple(sorted(w[:-1] for w in _wording() if w.endswith("*") and len(w) > 4))


@cache
def _neighbours() -> dict[str, tuple[str, ...]]:
    """Words of the lexicon by themselves and by what is left of them without one letter."""
    found: dict[str, set[str]] = defaultdict(set)
    stems = _stems()
    whole = {w for w in _wording() if not w.endswith("*")}
    whole |= {w for w in listed("clinical") | listed("english") if w.startswith(stems) and w.isalpha()}
    for word in whole:
        if SWAPPED <= len(word) <= LONGEST:
            for key in (word, *_shorter(word)):
                found[key].add(word)
    return {key: tuple(words) for key, words in found.items()}
