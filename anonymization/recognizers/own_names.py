"""Names, places and facilities that the project's own model found, cleaned of plain and clinical words."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from presidio_analyzer import RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from anonymization.artifacts import Artifacts, Entity
from anonymization.known import cues
from anonymization.known.context import reads_as_name
from anonymization.known.text import Text
from anonymization.known.verbs import is_verb_of
from anonymization.lexicon import packaged_lexicon, words
from anonymization.recognizers.facility import KIND_WORDS
from anonymization.recognizers.ner import (
    CAMEL_NAME,
    CARE_PLACE,
    INNER_CAPITAL,
    PERSON,
    PLACE,
    TOKEN,
    ModelRecognizer,
)

_KINDS = {"NAME": PERSON, "LOC": PLACE, "FACILITY": CARE_PLACE}
_INITIALS = re.compile(r"(?:[A-Z]\. ?){2,3}")
_BEFORE_A_PLACE = words("the a an at to from in of on our local nearby and or for with by via her his their my your")
_AFTER_A_NAME = re.compile(r",? [A-Z]\.?(?![^\W_])", re.IGNORECASE)
_FREQUENT = cues.MODALS | cues.ADJECTIVES | cues.THINGS | cues.VERBS_TOO | cues.ABBREVIATIONS | cues.MONTHS
_SHORT = 2  # letters of a word that says little
_LONGEST_ABBREVIATION = 4


class OwnNameRecognizer(ModelRecognizer):
    """NAME, LOC and FACILITY in any case, without plain and clinical words at the ends.

    One word at least must be able to be a name; a word of English that stands alone must be used like a name
    (`known.context`). States and countries may stay.
    """

    def __init__(self) -> None:
        super().__init__(supported_entities=[PERSON, PLACE, CARE_PLACE], name="OwnNameRecognizer")

    def analyze(
        self,
        text: str,
        entities: list[str],  # noqa: ARG002 - Presidio's signature
        nlp_artifacts: NlpArtifacts,
    ) -> list[RecognizerResult]:
        """The entities that can be names."""
        found = nlp_artifacts.found if isinstance(nlp_artifacts, Artifacts) else ()
        if not found:
            return []
        read = Text(text)
        spans = ((_KINDS[e.label], _trimmed(read, e)) for e in found if e.label in _KINDS)
        return [self.hit(kind, *span) for kind, span in spans if span is not None]


def _trimmed(read: Text, entity: Entity) -> tuple[int, int] | None:
    """The span of `entity` from its first to its last word that can be part of a name; None when there is none."""
    text, lexicon = read.text, packaged_lexicon()
    if entity.label == "FACILITY":
        tokens = _facility(text, entity)
        return (tokens[0].start(), entity.end) if tokens else None
    if _INITIALS.fullmatch(text, entity.start, entity.end):
        return entity.start, entity.end
    tokens = list(TOKEN.finditer(text, entity.start, entity.end))
    eponyms_too = len(tokens) == 1 or entity.label == "LOC"  # a part of a longer name may be one: "Sabrina Hickman"
    while tokens and _is_no_edge(text, tokens[0], eponyms_too):
        tokens.pop(0)
    while tokens and _is_no_edge(text, tokens[-1], eponyms_too):
        tokens.pop()
    while len(tokens) > 1 and is_verb_of(tokens[-2][0], tokens[-1][0]):
        tokens.pop()
    if not tokens or lexicon.names_a_thing(text, tokens[-1].end()):
        return None
    found = [t[0] for t in tokens]
    if entity.label == "LOC":
        return (tokens[0].start(), tokens[-1].end()) if _is_place(found) else None
    after = _AFTER_A_NAME.match(text, tokens[-1].end())
    end = after.end() if after else tokens[-1].end()
    return (tokens[0].start(), end) if _is_person(read, tokens[0].start(), found) else None


def _facility(text: str, entity: Entity) -> list[re.Match[str]]:
    """The words of a facility from its first on; none when they are all plain ones, or a country's."""
    lexicon = packaged_lexicon()
    tokens = list(TOKEN.finditer(text, entity.start, entity.end))
    while tokens and (tokens[0][0] in _BEFORE_A_PLACE):
        tokens.pop(0)
    found = [t[0] for t in tokens]
    proper = [
        t[0] for t in tokens
        if t[0].lower() not in KIND_WORDS | lexicon.places and not lexicon.may_stay(text, *t.span())
    ]  # fmt: skip
    of_a_kind = any(w.lower() in KIND_WORDS for w in found)
    return tokens if (proper if of_a_kind else any(map(lexicon.can_be_name, proper))) else []


def _is_no_edge(text: str, token: re.Match[str], eponyms_too: bool) -> bool:
    """Whether a name does not begin or end with `token`: a clinical word, a plain one written small, an eponym."""
    lexicon, word = packaged_lexicon(), token[0]
    if eponyms_too and lexicon.may_stay(text, *token.span()):
        return True
    small = word.islower() and not lexicon.is_listed_name(word) and lexicon.is_english(word)
    return small or (lexicon.is_word(word) and not lexicon.is_listed_name(word)) or lexicon.is_drug(word)


def _is_place(found: Sequence[str]) -> bool:
    lexicon = packaged_lexicon()
    return not all(w.lower() in lexicon.places or (w.islower() and lexicon.is_english(w)) for w in found)


def _is_person(read: Text, start: int, found: Sequence[str]) -> bool:
    """Abbreviations in capitals count only in lines of capitals."""
    lexicon = packaged_lexicon()
    at = bisect_right(read.spans, (start, len(read.text))) - 1
    flat = read.style(at) == "upper"
    telling = [w for w in found if len(w) > 1 and (flat or not w.isupper() or len(w) > _LONGEST_ABBREVIATION)]
    if len(found) > 1:
        return any(lexicon.is_listed_name(w) or not lexicon.is_english(w) for w in telling)
    if not telling:
        return False
    word = telling[0]
    if word.lower() in lexicon.places or (INNER_CAPITAL.search(word) and not CAMEL_NAME.match(word)):
        return False  # "Zambia", "mmHg"
    if not lexicon.is_english(word):
        return len(word) > _SHORT or lexicon.is_listed_name(word)
    if not lexicon.is_listed_name(word) or lexicon.is_word(word):
        return False
    return word.lower() not in _FREQUENT or reads_as_name(read, at)
