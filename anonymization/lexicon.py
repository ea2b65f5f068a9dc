"""The clinical allow-list and the word lists behind the name recognizers (`lexicon.toml`)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from anonymization.normalise import fold

PACKAGED = Path(__file__).with_name("lexicon.toml")
_POSSESSIVE = re.compile(r"'s?$")
_NEXT_WORD = re.compile(r"(?:'s|')?[\s-]+([^\W\d_]+)(?:[\s-]+([^\W\d_]+))?")


@dataclass(frozen=True, kw_only=True)
class Lexicon:
    """Word sets in folded form (see `normalise.fold`)."""

    version: str
    drugs: frozenset[str]
    stems: re.Pattern[str]
    words: frozenset[str]
    eponyms_alone: frozenset[str]
    eponyms: frozenset[str]
    heads: frozenset[str]
    common_names: frozenset[str]
    given_names: frozenset[str]
    places: frozenset[str]

    def is_word(self, token: str) -> bool:
        """Whether `token` is a plain or clinical word (not a drug, not an eponym)."""
        return bare(token) in self.words

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
        if word in self.words or word in self.eponyms_alone or self.is_drug(word):
            return True
        return word in self.eponyms and self._head_follows(text, end)

    def _head_follows(self, text: str, end: int) -> bool:
        following = _NEXT_WORD.match(text, end)
        return following is not None and any(g is not None and fold(g) in self.heads for g in following.groups())


def bare(token: str) -> str:
    """`token` folded, without a possessive ending."""
    return _POSSESSIVE.sub("", fold(token))


@cache
def packaged_lexicon() -> Lexicon:
    """The lists that come with the service."""
    data = tomllib.loads(PACKAGED.read_text(encoding="utf-8"))

    def block(name: str) -> frozenset[str]:
        return frozenset(data[name].split())

    given, common = block("given_names"), block("common_names")
    return Lexicon(
        version=data["version"],
        drugs=block("drugs"),
        stems=re.compile(r"^[a-z]{3,}(?:" + "|".join(sorted(block("stems"))) + ")$"),
        words=block("words"),
        eponyms_alone=block("eponyms_alone"),
        eponyms=block("eponyms"),
        heads=block("heads"),
        common_names=common,
        given_names=given - common - block("words"),
        places=block("places"),
    )
