"""The text scrubber: all texts of a chart in one pass through Presidio, identifiers replaced by placeholders.

Texts are normalised and joined into one document, so that every recognizer runs once and the same person has the same
number everywhere. Presidio's analyzer runs our recognizers (its own are not loaded: they mask ages and durations, and
leave `x@hospital.local`, `123-45-6789` and `SMITH, JOHN` in place); its anonymizer replaces the spans.

    1. known identifiers of the request and pattern recognizers
    2. spaCy, on the sentences that still hold an unexplained capitalised word
    3. further mentions of the names found
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import tldextract.tldextract
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
from presidio_analyzer.context_aware_enhancers import ContextAwareEnhancer
from presidio_analyzer.nlp_engine import NlpArtifacts, NoOpNlpEngine
from presidio_anonymizer import AnonymizerEngine
from presidio_anonymizer.entities import OperatorConfig
from presidio_anonymizer.entities import RecognizerResult as AnonymizerSpan

from anonymization.artifacts import Artifacts, deadline_of
from anonymization.deadline import Deadline
from anonymization.errors import ModelMissing, OutOfTime, RecognizerFailed
from anonymization.known import NUMBER_LABELS, PHRASE_LABELS, KnownMatcher
from anonymization.labels import KINDS, NAME_LABELS
from anonymization.language import MODEL_PACKAGE, segments_to_read, shared_model
from anonymization.normalise import Normalised, normalise
from anonymization.placeholders import Placeholders
from anonymization.recognizers import PATTERN_RECOGNIZERS
from anonymization.recognizers.ner import PERSON, PLACE, SpacyNameRecognizer
from anonymization.spans import Found, resolve, spread_names

# Presidio may ask tldextract about a host; without this its first question goes to the network.
tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())

_BORDER = "\n¶\n"  # between two texts; no recognizer reads across it
_NER_LABELS = {PERSON: "PERSON", PLACE: "LOCATION"}
_KNOWN_SCORE = 1.0


@dataclass(frozen=True, kw_only=True)
class ScrubbedText:
    """A text as it may leave: placeholders for identifiers. `spans` are (start, end, label) in the *input* text."""

    text: str
    spans: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class ScrubbedTexts:
    """The texts in input order, and how many spans were replaced, by kind (`labels.KINDS`)."""

    texts: tuple[ScrubbedText, ...]
    removed: Counter[str] = field(default_factory=Counter)


class KnownRecognizer(EntityRecognizer):
    """The identifiers of one request as a Presidio recognizer."""

    def __init__(self, matcher: KnownMatcher) -> None:
        self._matcher = matcher
        labels = {*NAME_LABELS, *NUMBER_LABELS.values(), *PHRASE_LABELS.values()}
        super().__init__(supported_entities=sorted(labels), name="KnownRecognizer")

    def load(self) -> None:
        """Nothing to load."""

    def analyze(
        self,
        text: str,
        entities: list[str],  # noqa: ARG002 - Presidio's signature
        nlp_artifacts: NlpArtifacts,
    ) -> list[RecognizerResult]:
        """Every mention, with a score that no other recognizer reaches."""
        deadline_of(nlp_artifacts).check()
        return [
            RecognizerResult(
                entity_type=h.label, start=h.start, end=h.end, score=_KNOWN_SCORE,
                recognition_metadata={RecognizerResult.RECOGNIZER_NAME_KEY: self.name,
                                      RecognizerResult.RECOGNIZER_IDENTIFIER_KEY: self.id},
            )
            for h in self._matcher.find(text)
        ]  # fmt: skip


class _NoContext(ContextAwareEnhancer):
    """Scores stay as they are: our patterns carry their context themselves."""

    def __init__(self) -> None:
        super().__init__(0.0, 0.0, 0, 0)

    def enhance_using_context(self, text: str, raw_results: Any, *_: Any, **__: Any) -> Any:  # noqa: ARG002
        return raw_results


class TextScrubber:
    """Finds and replaces identifiers. Thread-safe; one instance serves a process.

    `recognizers` run beside the known identifiers and spaCy; the default is every pattern recognizer of the package.
    """

    def __init__(
        self, recognizers: Sequence[EntityRecognizer] | None = None, *, model_package: str = MODEL_PACKAGE
    ) -> None:
        chosen = [kind() for kind in PATTERN_RECOGNIZERS] if recognizers is None else list(recognizers)
        self._model_package = model_package
        self._analyzer = AnalyzerEngine(
            registry=RecognizerRegistry(recognizers=[*chosen, SpacyNameRecognizer()], supported_languages=["en"]),
            nlp_engine=NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "no_op"}]),
            context_aware_enhancer=_NoContext(),
            supported_languages=["en"],
        )
        self._anonymizer = AnonymizerEngine()

    def load(self) -> None:
        """Load the language model. Raises ModelMissing."""
        shared_model(self._model_package)

    def scrub(self, texts: Sequence[str], matcher: KnownMatcher, deadline: Deadline) -> ScrubbedTexts:
        """Replace every identifier in `texts`.

        Raises OutOfTime, RecognizerFailed (a recognizer raised) or ModelMissing; never returns a text that was not
        searched by all recognizers.
        """
        inputs = [normalise(text) for text in texts]
        joined = _BORDER.join(n.text for n in inputs)
        found = self._find(joined, matcher, deadline)
        deadline.check()
        return self._replace(inputs, found)

    # -- finding ------------------------------------------------------------------------------------------------
    def _find(self, text: str, matcher: KnownMatcher, deadline: Deadline) -> list[Found]:
        first = self._analyze(text, Artifacts(text, deadline), known=KnownRecognizer(matcher))
        covered = [(f.start, f.end) for f in resolve(first)]
        entities = shared_model(self._model_package).entities(text, segments_to_read(text, covered), deadline)
        second = self._analyze(text, Artifacts(text, deadline, entities), only=[PERSON, PLACE]) if entities else []
        both = [*first, *second]
        return resolve([*both, *spread_names(text, both)])

    def _analyze(
        self, text: str, artifacts: Artifacts, *, known: KnownRecognizer | None = None, only: list[str] | None = None
    ) -> list[Found]:
        try:
            results = self._analyzer.analyze(
                text, "en", entities=only, nlp_artifacts=artifacts, ad_hoc_recognizers=[known] if known else None
            )
        except (OutOfTime, ModelMissing):
            raise
        except Exception:  # noqa: BLE001 - a recognizer may raise anything; its text may quote the chart
            raise RecognizerFailed("a recognizer raised") from None
        return [Found(r.start, r.end, _NER_LABELS.get(r.entity_type, r.entity_type), r.score) for r in results]

    # -- replacing ----------------------------------------------------------------------------------------------
    def _replace(self, inputs: Sequence[Normalised], found: Sequence[Found]) -> ScrubbedTexts:
        numbers = Placeholders()
        removed: Counter[str] = Counter()
        texts = []
        offset = 0
        for item in inputs:
            end = offset + len(item.text)
            mine = [
                Found(max(f.start, offset) - offset, min(f.end, end) - offset, f.label, f.score)
                for f in found
                if f.start < end and f.end > offset
            ]
            removed.update(KINDS[f.label] for f in mine)
            spans = tuple((*item.span(f.start, f.end), f.label) for f in mine)
            texts.append(ScrubbedText(text=self._anonymize(item.text, mine, numbers), spans=spans))
            offset = end + len(_BORDER)
        return ScrubbedTexts(texts=tuple(texts), removed=removed)

    def _anonymize(self, text: str, found: Sequence[Found], numbers: Placeholders) -> str:
        if not found:
            return text
        # Presidio replaces from the end; placeholders are numbered from the start.
        table = {(f.label, text[f.start : f.end]): numbers.of(f.label, text[f.start : f.end]) for f in found}
        operators = {label: _operator(label, table) for label in {f.label for f in found}}
        spans = [AnonymizerSpan(f.label, f.start, f.end, f.score) for f in found]
        done = self._anonymizer.anonymize(text, spans, operators, merge_entities_with_spaces=False)
        return str(done.text)


def _operator(label: str, table: dict[tuple[str, str], str]) -> OperatorConfig:
    return OperatorConfig("custom", {"lambda": lambda value: table[label, value]})
