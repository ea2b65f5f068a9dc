"""Names and places that spaCy found, cleaned of what the model takes for them in charts."""

from __future__ import annotations

import re

from presidio_analyzer import EntityRecognizer, RecognizerResult
from presidio_analyzer.nlp_engine import NlpArtifacts

from anonymization.artifacts import Artifacts, Entity
from anonymization.lexicon import Lexicon, packaged_lexicon

PERSON = "NER_PERSON"
PLACE = "NER_LOCATION"
_TOKEN = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_INNER_CAPITAL = re.compile(r"[a-z][A-Z]")
_CAMEL_NAME = re.compile(r"(?:Mc|Mac|De|Di|Du|La|Le|Fitz|Van|Von|O)[A-Z]|[A-Z][a-z]{3,}[A-Z]")
_SCORE = 0.6


class SpacyNameRecognizer(EntityRecognizer):
    """PERSON, and places smaller than a state. Organisations count only when they hold a given name.

    Every word of a hit must be able to be part of a name: capitalised, no clinical language, not written small
    elsewhere in the same text.
    """

    def __init__(self) -> None:
        super().__init__(supported_entities=[PERSON, PLACE], name="SpacyNameRecognizer")

    def load(self) -> None:
        """Nothing to load: the entities come with the artifacts."""

    def analyze(
        self,
        text: str,
        entities: list[str],  # noqa: ARG002 - Presidio's signature
        nlp_artifacts: NlpArtifacts,
    ) -> list[RecognizerResult]:
        """The runs of possible name words in the entities of `nlp_artifacts`."""
        found = nlp_artifacts.found if isinstance(nlp_artifacts, Artifacts) else ()
        lexicon = packaged_lexicon()
        small = {t for t in _TOKEN.findall(text) if t.islower()} if found else set()
        results = []
        for entity in found:
            kind = _kind(entity, text, lexicon)
            if kind is not None:
                results += [self._hit(kind, *run) for run in _runs(text, entity, small, lexicon, kind)]
        return results

    def _hit(self, kind: str, start: int, end: int) -> RecognizerResult:
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


def _kind(entity: Entity, text: str, lexicon: Lexicon) -> str | None:
    if entity.label == "PERSON":
        return PERSON
    if entity.label in ("GPE", "LOC", "FAC"):
        return PLACE
    tokens = _TOKEN.findall(text, entity.start, entity.end)
    return PERSON if any(lexicon.is_given_name(t) and t[:1].isupper() for t in tokens) else None


def _runs(text: str, entity: Entity, small: set[str], lexicon: Lexicon, kind: str) -> list[tuple[int, int]]:
    """Spans of neighbouring tokens inside `entity` that can be a name."""
    runs: list[tuple[int, int]] = []
    for token in _TOKEN.finditer(text, entity.start, entity.end):
        start, end = token.span()
        if not _can_be_name(text, start, end, small, lexicon, kind):
            continue
        if runs and re.fullmatch(r"[ .,'-]{1,3}", text[runs[-1][1] : start]):
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return [run for run in runs if run[1] - run[0] > 1]


def _can_be_name(text: str, start: int, end: int, small: set[str], lexicon: Lexicon, kind: str) -> bool:
    word = text[start:end]
    if not word[0].isupper() or (word.isupper() and len(word) <= 5) or lexicon.may_stay(text, start, end):
        return False
    if _INNER_CAPITAL.search(word) and not _CAMEL_NAME.match(word):  # "IgE", "HbA"
        return False
    if kind == PLACE and word.lower() in lexicon.places:
        return False
    return word.lower() not in small or lexicon.is_given_name(word)
