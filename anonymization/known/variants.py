"""The ways in which one name is written: short names, foreign letters, joined parts, user names.

Nothing here is cached by a name: what one request holds is forgotten with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from nicknames import NickNamer

from anonymization.known.cues import ABBREVIATIONS, ADJECTIVES, PARTICLES, THINGS
from anonymization.lexicon import packaged_lexicon, words
from anonymization.normalise import fold, normalise

IGNORED_PARTS = words("mr mrs ms miss mx dr prof jr sr ii iii iv md do rn np phd")
_LETTERS = re.compile(r"[^\W\d_]+")
_APOSTROPHE = re.compile(r"(?<=\b[^\W\d_])'(?=[^\W\d_])")  # o'neil
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")  # McDonald, GarciaLopez
_CUES = PARTICLES | ADJECTIVES | THINGS | ABBREVIATIONS
_PREFIXES = ("mac", "mc", "fitz", "van", "von", "de", "la", "le", "st", "o")

_IN_FULL = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ə": "e"}  # noqa: RUF001 - letters of names
)
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "ß": "ss"})


def name_parts(value: str) -> list[str]:
    """The folded parts of a name that can give a person away, initials and titles left out; "o'neil" also joined."""
    folded = fold(normalise(value).text)
    found = [*_LETTERS.findall(folded), *_LETTERS.findall(_APOSTROPHE.sub("", folded))]
    parts = [p for p in dict.fromkeys(found) if len(p) > 1]
    if parts == ["do"]:
        return parts  # a family name, not a degree
    return [p for p in parts if p not in IGNORED_PARTS]


def initials(value: str) -> str:
    """The folded first letters of the parts of a full name, in order."""
    parts = _LETTERS.findall(_APOSTROPHE.sub("", fold(normalise(value).text)))
    return "".join(p[0] for p in parts if p not in IGNORED_PARTS)


def spellings(value: str) -> Iterator[str]:
    """`value` as people without its letters write it ("Mueller", "Weiss", "Soren"); nothing for plain names."""
    small = normalise(value).text.lower()
    if not small.isascii():
        yield from {small.translate(_GERMAN), small.translate(_IN_FULL)} - {small}


@cache
def _namer() -> NickNamer:
    return NickNamer()


def short_names(part: str) -> frozenset[str]:
    """Short and long forms of a given name, both ways ("william" gives "bill", "bill" gives "william")."""
    namer = _namer()
    found = namer.nicknames_of(part) | namer.canonicals_of(part)
    return frozenset(n for n in found if len(n) > 1 and n.isalpha() and n not in ABBREVIATIONS) - {part}


def joined(value: str) -> dict[str, frozenset[int]]:
    """The name written as one word, and the places where it may come apart ("mcdonald": after "mc")."""
    plain = normalise(value).text
    pieces = [p for run in _LETTERS.findall(plain) for p in _CAMEL.split(run)]
    whole = fold("".join(pieces))
    places = {len(fold("".join(pieces[:n]))) for n in range(1, len(pieces))}
    places |= {len(p) for p in _PREFIXES if whole.startswith(p) and len(whole) - len(p) >= 4}
    return {whole: frozenset(places)} if places and len(whole) > 3 else {}


def user_names(parts: Sequence[str]) -> Iterator[str]:
    """Two parts glued to one word, or a part and a first letter ("annastone", "astone", "stonea")."""
    for a in parts:
        for b in parts:
            if a == b or a in b or b in a:
                continue
            yield a + b
            if len(b) >= 4:
                yield from (a[0] + b, b + a[0])


def plural(part: str) -> str:
    """The family of that name ("the Stones")."""
    return part + ("es" if part.endswith(("s", "x", "z", "ch", "sh")) else "s")


def is_weak(part: str) -> bool:
    """Whether a name part is a frequent word, a particle or too short to count without context."""
    lexicon = packaged_lexicon()
    return len(part) < 3 or part in lexicon.common_names or part in lexicon.words or part in _CUES


def is_mild(part: str) -> bool:
    """Whether a name part is a rare word of English ("mason"): a name unless an article stands before it."""
    return not is_weak(part) and is_english(part)


def is_english(word: str) -> bool:
    """Whether `word` can be plain or clinical language."""
    return packaged_lexicon().is_english(word)


def is_drug(word: str) -> bool:
    """Whether `word` is a medicine."""
    return packaged_lexicon().is_drug(word)
