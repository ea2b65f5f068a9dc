"""The text scrubber: all texts of a chart in one pass through Presidio, identifiers replaced by placeholders.

Texts are normalised and joined into one document, so that every recognizer runs once and the same person has the same
number everywhere. Presidio's analyzer runs our recognizers (its own are not loaded: they mask ages and durations, and
leave `x@hospital.local`, `123-45-6789` and `SMITH, JOHN` in place); its anonymizer replaces the spans.

    1. known identifiers of the request and pattern recognizers
    2. our own name model, on the sentences that still hold an unexplained word
    3. further mentions of the names found
    4. a second look at what would leave, by a model that was trained by others on other text: a hit is masked like the
       rest, and the second look taken again
    5. in texts that leave the clinic, every word that no list explains
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
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
from anonymization.errors import Leak, ModelMissing, OutOfTime, RecognizerFailed
from anonymization.known import NUMBER_LABELS, PHRASE_LABELS, KnownMatcher
from anonymization.labels import KINDS, NAME_LABELS
from anonymization.language import GENERAL, OWN, segments_to_read, shared_model
from anonymization.masked import Masked
from anonymization.normalise import Normalised, normalise
from anonymization.placeholders import Placeholders
from anonymization.recognizers import PATTERN_RECOGNIZERS
from anonymization.recognizers.ner import CARE_PLACE, PERSON, PLACE, SpacyNameRecognizer
from anonymization.recognizers.own_names import OwnNameRecognizer
from anonymization.replacer import Replacer
from anonymization.spans import UNKNOWN_PEOPLE, Found, resolve, spread_names, with_suffixes
from anonymization.unknown_words import unknown_words

# Presidio may ask tldextract about a host; without this its first question goes to the network.
tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())

_BORDER = "\n¶\n"  # between two texts; no recognizer reads across it
_NER_LABELS = {PERSON: "PERSON", PLACE: "LOCATION", CARE_PLACE: "FACILITY"}
_LOOKS = 3  # second looks at one chart; a name that turns up in the last one refuses it
_KNOWN_SCORE = 1.0


@dataclass(frozen=True, kw_only=True)
class ScrubbedText:
    """A text with placeholders for identifiers. `spans` are (start, end, label) in the *input* text.

    `replaced` is the same text with what the caller's `Replacer` put in their place, and `words` is that for each span.
    What is checked for leaks is `text`: realistic surrogates look like identifiers, and they stand in the same spans.
    """

    text: str
    replaced: str
    spans: tuple[tuple[int, int, str], ...] = ()
    words: tuple[str, ...] = ()


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

    `recognizers` run beside the known identifiers and the models; the default is every pattern recognizer of the
    package. `models` are the sources of the model that finds and of the one that looks again (`language`).
    """

    def __init__(
        self, recognizers: Sequence[EntityRecognizer] | None = None, *, models: tuple[str, str] = (OWN, GENERAL)
    ) -> None:
        chosen = [kind() for kind in PATTERN_RECOGNIZERS] if recognizers is None else list(recognizers)
        self._own, self._general = models
        self._first = _analyzer([*chosen, OwnNameRecognizer()])  # Presidio fills an empty registry with its own
        self._own_names = _analyzer([OwnNameRecognizer()])
        self._general_names = _analyzer([SpacyNameRecognizer()])
        self._anonymizer = AnonymizerEngine()

    def load(self) -> None:
        """Load the language models. Raises ModelMissing."""
        shared_model(self._own)
        shared_model(self._general)

    def scrub(
        self,
        texts: Sequence[str],
        matcher: KnownMatcher,
        deadline: Deadline,
        *,
        explained: Sequence[bool] = (),
        replacer: Replacer | None = None,
    ) -> ScrubbedTexts:
        """Replace every identifier in `texts`, by placeholders and in `replaced` by what `replacer` says.

        Of the texts whose place in `explained` says so, only words that a list explains are left (`unknown_words`).
        Raises OutOfTime, RecognizerFailed (a recognizer raised) or ModelMissing; never returns a text that was not
        searched by all recognizers.
        """
        inputs = [normalise(text) for text in texts]
        joined = _BORDER.join(n.text for n in inputs)
        found = self._look_again(joined, self._find(joined, matcher, deadline), deadline)
        deadline.check()
        if any(explained):
            found = resolve([*found, *_unexplained(inputs, explained, joined, found)])
            deadline.check()
        return self._replace(inputs, found, replacer)

    # -- finding ------------------------------------------------------------------------------------------------
    def _find(self, text: str, matcher: KnownMatcher, deadline: Deadline) -> list[Found]:
        first = self._analyze(self._first, text, Artifacts(text, deadline), KnownRecognizer(matcher))
        # A name may be found in part: what stands beside it is read all the same.
        covered = [(f.start, f.end) for f in resolve(first) if f.label not in UNKNOWN_PEOPLE]
        segments = segments_to_read(text, covered, small_words=True)
        second = self._named(self._own_names, self._own, text, segments, deadline)
        both = [*first, *second]
        return resolve(with_suffixes(text, [*both, *spread_names(text, both)]))

    def _look_again(self, text: str, found: list[Found], deadline: Deadline) -> list[Found]:
        for _ in range(_LOOKS):
            masked = Masked.of(text, found)
            segments = segments_to_read(masked.text, masked.covered)
            hits = self._named(self._general_names, self._general, masked.text, segments, deadline)
            new = [h for h in map(masked.original, hits) if h is not None]
            if not new:
                return found
            both = [*found, *new]
            found = resolve([*both, *spread_names(text, both)])
        raise Leak("names kept turning up")

    def _named(
        self, analyzer: AnalyzerEngine, model: str, text: str, segments: Sequence[tuple[int, int]], deadline: Deadline
    ) -> list[Found]:
        entities = shared_model(model).entities(text, segments, deadline)
        return self._analyze(analyzer, text, Artifacts(text, deadline, entities)) if entities else []

    @staticmethod
    def _analyze(
        analyzer: AnalyzerEngine, text: str, artifacts: Artifacts, known: KnownRecognizer | None = None
    ) -> list[Found]:
        try:
            results = analyzer.analyze(
                text, "en", nlp_artifacts=artifacts, ad_hoc_recognizers=[known] if known else None
            )
        except (OutOfTime, ModelMissing):
            raise
        except Exception:  # noqa: BLE001 - a recognizer may raise anything; its text may quote the chart
            raise RecognizerFailed("a recognizer raised") from None
        return [Found(r.start, r.end, _NER_LABELS.get(r.entity_type, r.entity_type), r.score) for r in results]

    # -- replacing ----------------------------------------------------------------------------------------------
    def _replace(
        self, inputs: Sequence[Normalised], found: Sequence[Found], replacer: Replacer | None
    ) -> ScrubbedTexts:
        placeholders = Placeholders()
        removed: Counter[str] = Counter()
        texts = []
        offset = 0
        for item in inputs:
            end = offset + len(item.text)
            mine = resolve(
                Found(*item.whole(max(f.start, offset) - offset, min(f.end, end) - offset), f.label, f.score)
                for f in found
                if f.start < end and f.end > offset
            )
            removed.update(KINDS[f.label] for f in mine)
            spans = tuple((*item.span(f.start, f.end), f.label) for f in mine)
            words = _words(item.text, mine, placeholders)
            text = replaced = self._anonymize(item.text, mine, words)
            if replacer is not None:
                words = _words(item.text, mine, replacer)
                replaced = self._anonymize(item.text, mine, words)
            texts.append(ScrubbedText(text=text, replaced=replaced, spans=spans, words=words))
            offset = end + len(_BORDER)
        return ScrubbedTexts(texts=tuple(texts), removed=removed)

    def _anonymize(self, text: str, found: Sequence[Found], words: Sequence[str]) -> str:
        if not found:
            return text
        table = {(f.label, text[f.start : f.end]): word for f, word in zip(found, words, strict=True)}
        operators = {label: _operator(label, table) for label in {f.label for f in found}}
        spans = [AnonymizerSpan(f.label, f.start, f.end, f.score) for f in found]
        done = self._anonymizer.anonymize(text, spans, operators, merge_entities_with_spaces=False)
        return str(done.text)


def _analyzer(recognizers: Sequence[EntityRecognizer]) -> AnalyzerEngine:
    return AnalyzerEngine(
        registry=RecognizerRegistry(recognizers=list(recognizers), supported_languages=["en"]),
        nlp_engine=NoOpNlpEngine(models=[{"lang_code": "en", "model_name": "no_op"}]),
        context_aware_enhancer=_NoContext(),
        supported_languages=["en"],
    )


def _unexplained(
    inputs: Sequence[Normalised], explained: Sequence[bool], joined: str, found: Sequence[Found]
) -> Iterator[Found]:
    """The unknown words of the texts of which no other may be left; the others are not looked through."""
    ends = accumulate(len(item.text) + len(_BORDER) for item in inputs)
    others = [
        (end - len(_BORDER) - len(item.text), end - len(_BORDER))
        for item, end, wanted in zip(inputs, ends, explained, strict=True)
        if not wanted
    ]
    return unknown_words(joined, [*((f.start, f.end) for f in found), *others])


def _words(text: str, found: Sequence[Found], replacer: Replacer) -> tuple[str, ...]:
    """What stands for each span, asked from the start of the text: Presidio replaces from its end."""
    return tuple(replacer.of(f.label, text[f.start : f.end]) for f in found)


def _operator(label: str, table: dict[tuple[str, str], str]) -> OperatorConfig:
    return OperatorConfig("custom", {"lambda": lambda value: table[label, value]})
