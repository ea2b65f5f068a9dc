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


_GRADED = re.compile(r" (?:([a-z]+) )?(?:level|stage|grade|class|type) (?:[IVX]+|\d|[A-D])(?![^\W_])")
_THING = re.compile(r"(?:'s)?(?:[ -](?:[IVX]{1,4}|\d{1,2}|[a-z]+|[A-Z][a-z]+)){1,3}")


def words(text: str) -> frozenset[str]:
    """The words of `text`: how short word lists are written in this package."""
    return frozenset(text.split())


_NO_PART = words(
    "has had have is was were be been with and or for of in on to by the a an at from needs need "
    "should could would will can gets got says said asked rang called who that after since because when while"
)
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
    firm_heads: frozenset[str]
    common_names: frozenset[str]
    given_names: frozenset[str]
    places: frozenset[str]
    english: frozenset[str]
    word_names: frozenset[str]

    def is_english(self, token: str) -> bool:
        """Whether `token` can be plain or clinical language. Many such words are names too ("Winters", "Stone")."""
        word = bare(token)
        return word in self.english or self.is_word(word) or self.is_drug(word)

    def is_word(self, token: str) -> bool:
        """Whether `token` is a plain or clinical word, by the list or by its ending (not a drug, not an eponym)."""
        word = bare(token)
        return word in self.words or self.endings.search(word) is not None

    def can_be_name(self, token: str) -> bool:
        """Whether `token` is no English word, or a frequent name that is one too ("Strong", "Winter")."""
        word = bare(token)
        return word in self.given_names or word in self.word_names or not self.is_english(word)

    def is_listed_name(self, token: str) -> bool:
        """Whether `token` is a given or family name somewhere, whatever else it is."""
        word = bare(token)
        return word in listed("given_names") or word in listed("family_names") or word in self.word_names

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
        parts = [bare(part) for part in text[start:end].split("-")]
        known = [self.is_word(p) or p in self.eponyms_alone or self.is_drug(p) for p in parts]
        if all(known):
            return True
        if not all(k or p in self.eponyms for k, p in zip(known, parts, strict=True)):
            return False
        return any(known) or self._head_follows(text, end)  # "Legg-Calve-Perthes", "Thomas test"

    def names_a_thing(self, text: str, end: int) -> bool:
        """Whether the word that ends at `end` names what follows: "Rome IV criteria", "Ottawa ankle rules"."""
        graded = _GRADED.match(text, end)
        if graded and graded[1] not in _NO_PART:
            return True
        following = _THING.match(text, end)
        for word in re.findall(r"[^\W\d_]+", following[0].removeprefix("'s")) if following else ():
            if word.lower() in self.firm_heads:
                return True
            if word in _NO_PART:
                return False
        return False

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
    word = fold(token)
    return _POSSESSIVE.sub("", word) if "'" in word else word


def _ending(endings: frozenset[str]) -> re.Pattern[str]:
    return re.compile(r"^[a-z]{3,}(?:" + "|".join(sorted(endings)) + ")$")


@cache
def packaged_lexicon() -> Lexicon:
    """The lists that come with the service."""
    data = tomllib.loads(PACKAGED.read_text(encoding="utf-8"))

    def block(name: str) -> frozenset[str]:
        return words(data[name])

    given, common = block("given_names"), block("common_names")
    no_names = block("words") | listed("clinical") | block("places")
    return Lexicon(
        version=data["version"],
        drugs=block("drugs"),
        stems=_ending(block("stems")),
        endings=_ending(block("endings")),
        words=block("words") | listed("clinical"),
        eponyms_alone=block("eponyms_alone"),
        eponyms=block("eponyms") | listed("eponyms"),
        heads=block("heads"),
        firm_heads=block("firm_heads"),
        common_names=common,
        given_names=(given | (listed("given_names") - listed("english"))) - common - no_names,
        places=block("places"),
        english=listed("english"),
        word_names=listed("word_names") | common,
    )
