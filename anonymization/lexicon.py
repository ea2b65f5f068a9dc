"""The clinical allow-list and the word lists behind the name recognizers (`lexicon.toml`)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from anonymization.normalise import fold
from anonymization.vocabulary import listed

PACKAGED = Path(__file__).with_name("lexicon.toml")
_POSSESSIVE = re.compile(r"'s?$")
_NEXT_WORDS = re.compile(r"(?:'s|')?[\s-]+([^\W\d_]+)(?:(?:'s|')?[\s-]+([^\W\d_]+))?(?:(?:'s|')?[\s-]+([^\W\d_]+))?")


_BETWEEN = frozenset(
    {"and", "grip", "muscle", "reflex", "vertebral", "cell", "cells", "anterior", "posterior", "forward"}
)


def words(text: str) -> frozenset[str]:
    """The words of `text`: how short word lists are written in this package."""
    return frozenset(text.split())


_BETWEEN = words("and grip muscle reflex vertebral cell cells anterior posterior forward")  # "Romberg and Thomas tests"


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """Word sets in folded form (see `normalise.fold`)."""

    version: str
    drugs: frozenset[str]
    stems: re.Pattern[str]
    endings: re.Pattern[str]
    words: frozenset[str]
    eponyms_alone: frozenset[str]
    eponyms: frozenset[str]
    heads: frozenset[str]
    common_names: frozenset[str]
    given_names: frozenset[str]
    places: frozenset[str]
    english: frozenset[str]

    def is_english(self, token: str) -> bool:
        """Whether `token` can be plain or clinical language. Many such words are names too ("Winters", "Stone")."""
        word = bare(token)
        return word in self.english or self.is_word(word) or self.is_drug(word)

    def is_word(self, token: str) -> bool:
        """Whether `token` is a plain or clinical word, by the list or by its ending (not a drug, not an eponym)."""
        word = bare(token)
        return word in self.words or self.endings.search(word) is not None

    def is_drug(self, token: str) -> bool:
        """Whether `token` is a medicine, by name or by the stem of its name."""
        word = bare(token)
        return word in self.drugs or self.stems.search(word) is not None

    def is_given_name(self, token: str) -> bool:
        """Whether `token` is a frequent given name that is not a word."""
        return bare(token) in self.given_names

    def may_stay(self, text: str, start: int, end: int) -> bool:
        """Whether the token ``text[start:end]`` is clinical language where it stands.

        A plain word, a medicine, a standing eponym ("Romberg"), or an eponym before its noun ("Thomas test").
        """
        word = bare(text[start:end])
        if self.is_word(word) or word in self.eponyms_alone or self.is_drug(word):
            return True
        return word in self.eponyms and self._head_follows(text, end)

    def _head_follows(self, text: str, end: int) -> bool:
        """Whether a noun of tests and diseases follows, at most two words on, over other eponyms alone.

        "Thomas test", "Gerstmann-Straussler-Scheinker disease"; not "Thomas came for a test".
        """
        following = _NEXT_WORDS.match(text, end)
        for word in following.groups() if following else ():
            if word is None:
                return False
            if fold(word) in self.heads:
                return True
            if (
                not (word[0].isupper() and bare(word) in self.eponyms | self.eponyms_alone)
                and fold(word) not in _BETWEEN
            ):
                return False
        return False


def bare(token: str) -> str:
    """`token` folded, without a possessive ending."""
    return _POSSESSIVE.sub("", fold(token))


def _ending(endings: frozenset[str]) -> re.Pattern[str]:
    return re.compile(r"^[a-z]{3,}(?:" + "|".join(sorted(endings)) + ")$")


@cache
def packaged_lexicon() -> Lexicon:
    """The lists that come with the service."""
    data = tomllib.loads(PACKAGED.read_text(encoding="utf-8"))

    def block(name: str) -> frozenset[str]:
        return words(data[name])

    given, common = block("given_names"), block("common_names")
    return Lexicon(
        version=data["version"],
        drugs=block("drugs"),
        stems=_ending(block("stems")),
        endings=_ending(block("endings")),
        words=block("words") | listed("clinical"),
        eponyms_alone=block("eponyms_alone"),
        eponyms=block("eponyms") | listed("eponyms"),
        heads=block("heads"),
        common_names=common,
        given_names=given - common - block("words"),
        places=block("places"),
        english=listed("english"),
    )
