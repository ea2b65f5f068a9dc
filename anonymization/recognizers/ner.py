"""Names and places that the language models found, cleaned of what they take for them in charts."""

from __future__ import annotations

import re

from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from anonymization.artifacts import Artifacts, Entity
from anonymization.known.cues import SPEAKS
from anonymization.lexicon import Lexicon, packaged_lexicon

PERSON = "NER_PERSON"
PLACE = "NER_LOCATION"
CARE_PLACE = "NER_FACILITY"
TOKEN = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
INNER_CAPITAL = re.compile(r"[a-z][A-Z]")
CAMEL_NAME = re.compile(r"(?:Mc|Mac|De|Di|Du|La|Le|Fitz|Van|Von|O)[A-Z]|[A-Z][a-z]{3,}[A-Z]")
_FOLLOWING = re.compile(r" ([a-z]+)")
_SCORE = 0.6


class ModelRecognizer(EntityRecognizer):
    """What recognizers of model hits share: the entities come with the artifacts, hits have one score."""

    def load(self) -> None:
        """Nothing to load: the entities come with the artifacts."""

    def hit(self, kind: str, start: int, end: int) -> RecognizerResult:
        """A hit of this recognizer."""
        return RecognizerResult(
            entity_type=kind,
            start=start,
            end=end,
            score=_SCORE,
            recognition_metadata={
                RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
                RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id,
            },
        )


class SpacyNameRecognizer(ModelRecognizer):
    """PERSON, and places smaller than a state. Organisations count only when they hold a given name.

    Every word of a hit must be able to be part of a name: capitalised, no clinical language, not written small
    elsewhere in the same text; and not all of them everyday words ("Guilty Pleasures").
    """

    def __init__(self) -> None:
        super().__init__(supported_entities=[PERSON, PLACE], name="SpacyNameRecognizer")

    def analyze(
        self,
        text: str,
        entities: list[str],  # noqa: ARG002 - Presidio's signature
        nlp_artifacts: NlpArtifacts,
    ) -> list[RecognizerResult]:
        """The runs of possible name words in the entities of `nlp_artifacts`."""
        found = nlp_artifacts.found if isinstance(nlp_artifacts, Artifacts) else ()
        lexicon = packaged_lexicon()
        small = {t for t in TOKEN.findall(text) if t.islower()} if found else set()
        results = []
        for entity in found:
            kind = _kind(entity, text, lexicon)
            if kind is not None:
                results += [self.hit(kind, *run) for run in _runs(text, entity, small, lexicon, kind)]
        return results


def _kind(entity: Entity, text: str, lexicon: Lexicon) -> str | None:
    if entity.label == "PERSON":
        return PERSON
    if entity.label in ("GPE", "LOC", "FAC"):
        return PLACE
    tokens = TOKEN.findall(text, entity.start, entity.end)
    return PERSON if any(lexicon.is_given_name(t) and t[:1].isupper() for t in tokens) else None


def _runs(text: str, entity: Entity, small: set[str], lexicon: Lexicon, kind: str) -> list[tuple[int, int]]:
    """Spans of neighbouring tokens inside `entity` that can be a name."""
    runs: list[tuple[int, int]] = []
    for token in TOKEN.finditer(text, entity.start, entity.end):
        start, end = token.span()
        if not _can_be_name(text, start, end, small, lexicon, kind):
            continue
        if runs and re.fullmatch(r"[ .,'-]{1,3}", text[runs[-1][1] : start]):
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    runs = [_from_a_name(text, run, lexicon) for run in runs]
    return [run for run in runs if run[1] - run[0] > 1 and _reads_as_name(text, run, lexicon)]


def _reads_as_name(text: str, run: tuple[int, int], lexicon: Lexicon) -> bool:
    return (
        _holds_a_name(text[slice(*run)], lexicon)
        and not lexicon.names_a_thing(text, run[1])
        and not _is_plain_subject(text, run, lexicon)
    )


def _is_plain_subject(text: str, run: tuple[int, int], lexicon: Lexicon) -> bool:
    """Whether `run` is an English word that begins a sentence and does not what people do ("Stone in the ureter")."""
    word = text[slice(*run)]
    if not lexicon.is_english(word) or lexicon.is_given_name(word) or not starts_sentence(text, run[0]):
        return False
    following = _FOLLOWING.match(text, run[1])
    return following is not None and following[1] not in SPEAKS


def _from_a_name(text: str, run: tuple[int, int], lexicon: Lexicon) -> tuple[int, int]:
    """`run` without the plain word that begins its sentence ("Placed Stone")."""
    start, end = run
    first = TOKEN.match(text, start, end)
    if first is None or not starts_sentence(text, start) or lexicon.can_be_name(first[0]):
        return run
    following = TOKEN.search(text, first.end(), end)
    return (following.start(), end) if following else run


def starts_sentence(text: str, start: int) -> bool:
    """Whether a sentence or line begins at `start`."""
    before = text[:start].rstrip(" ")
    return not before or before[-1] in ".!?:;\n"


def _holds_a_name(words: str, lexicon: Lexicon) -> bool:
    return any(map(lexicon.can_be_name, TOKEN.findall(words)))


def _can_be_name(text: str, start: int, end: int, small: set[str], lexicon: Lexicon, kind: str) -> bool:
    word = text[start:end]
    if not word[0].isupper() or (word.isupper() and len(word) <= 5) or lexicon.may_stay(text, start, end):
        return False
    if INNER_CAPITAL.search(word) and not CAMEL_NAME.match(word):  # "IgE", "HbA"
        return False
    if kind == PLACE and word.lower() in lexicon.places:
        return False
    return word.lower() not in small or lexicon.is_given_name(word)
