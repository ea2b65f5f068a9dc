"""Names that lists know, in any case and without any context: 45 CFR 164.514(b)(2)(i)(A).

The lists hold some 15,000 given and 18,000 family names of many countries (`anonymization.vocabulary`). A name that is
also an English word, a clinical one, or an eponym before its noun is left to the recognizers that read context.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from presidio_analyzer import RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from anonymization.artifacts import deadline_of
from anonymization.known.cues import PARTICLES, SPEAKS
from anonymization.known.verbs import is_verb_of
from anonymization.lexicon import Lexicon, bare, packaged_lexicon, words
from anonymization.recognizers.base import FLAGS, Form, StrictPatternRecognizer
from anonymization.vocabulary import listed

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_FAMILY = re.compile(r" (?:[^\W\d_]\.? )?([^\W\d_]{3,}(?:-[^\W\d_]{3,})?)(?![^\W_])")
_SHORTEST = 4  # letters; three with a capital
_LONGEST_ABBREVIATION = 4  # letters in capitals that may be one
_NO_FAMILY = SPEAKS | words("and or for with from about the who that will would can could should may might has had was")


class LookedUpNameRecognizer(StrictPatternRecognizer):
    """Recognizers that look words up instead of running patterns; their one form only says what they look for."""

    entity = "PERSON"

    def analyze(
        self,
        text: str,
        entities: list[str] | None = None,  # noqa: ARG002 - Presidio's signature
        nlp_artifacts: NlpArtifacts | None = None,
        regex_flags: int | None = None,  # noqa: ARG002
    ) -> list[RecognizerResult]:
        """All names that `spans` finds."""
        deadline_of(nlp_artifacts).check()
        return [self.result(*span, self.forms[0].score) for span in self.spans(text)]

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where names stand in `text`."""
        raise NotImplementedError


class FrequentNameRecognizer(LookedUpNameRecognizer):
    """A listed name that is no English word, or hardly one: "Yacoub", "kaiwen", "Katherine", "benjamin"."""

    forms = (Form("listed", r"\p{L}{3,}", FLAGS, 0.65),)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Every word that is a name and can be nothing else where it stands."""
        return (word.span() for word in _WORD.finditer(text) if _is_name(text, word))


class PairedNameRecognizer(LookedUpNameRecognizer):
    """A given name that is no word, and a family name behind it, in any case: "anna kowalska", "ANNA B STONE"."""

    forms = (Form("pair", r"\p{L}{3,} (?:\p{L}\.? )?\p{L}{3,}", FLAGS, 0.8),)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Look behind every given name; most texts hold few."""
        for first in _WORD.finditer(text):
            end = _family_end(text, first) if _is_given(text, first) else None
            if end is not None:
                yield first.start(), end


def _is_name(text: str, word: re.Match[str]) -> bool:
    lexicon, value = packaged_lexicon(), word[0]
    if value.isupper() and len(value) <= _LONGEST_ABBREVIATION:
        return False
    parts = [p for p in value.split("-") if len(p) >= _SHORTEST - p.istitle() or bare(p) in listed("hardly_words")]
    return (
        any(_is_listed(lexicon, p) for p in parts)
        and not lexicon.may_stay(text, *word.span())
        and not lexicon.names_a_thing(text, word.end())
    )


def _is_listed(lexicon: Lexicon, word: str) -> bool:
    if bare(word) in listed("hardly_words"):
        return True
    return lexicon.is_listed_name(word) and not lexicon.is_english(word) and word.lower() not in lexicon.places


def _is_given(text: str, word: re.Match[str]) -> bool:
    lexicon, value = packaged_lexicon(), word[0]
    return (
        len(value) > 2
        and lexicon.is_given_name(value)
        and value.lower() not in PARTICLES
        and not lexicon.may_stay(text, *word.span())
    )


def _family_end(text: str, given: re.Match[str]) -> int | None:
    """Where the family name behind `given` ends, None when the next word cannot be one."""
    following = _FAMILY.match(text, given.end())
    if following is None or is_verb_of(given[0], following[1]):
        return None
    lexicon, word = packaged_lexicon(), following[1]
    if lexicon.is_word(word) or lexicon.is_drug(word) or word.lower() in _NO_FAMILY | lexicon.places | lexicon.heads:
        return None
    return following.end() if lexicon.is_listed_name(word) or not lexicon.is_english(word) else None
