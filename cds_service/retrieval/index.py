"""What the retriever needs of a store of passages, and the one that lives in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cds_service.domain import Passage
from cds_service.retrieval.embedder import Vectors
from cds_service.retrieval.lexical import LexicalIndex, Scores, starts_of
from cds_service.retrieval.naming import Names, as_name
from cds_service.retrieval.population import Person, Population
from cds_service.retrieval.ranking import HYBRID, Hit, Mix, best, fuse
from cds_service.retrieval.schema import UNREVIEWED
from cds_service.retrieval.spelling import Speller
from cds_service.retrieval.text import sentence_pairs


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A passage with the people it is for."""

    passage: Passage
    population: Population

    @property
    def words(self) -> str:
        """What the words of a question are compared with: the conditions give the passage its everyday names."""
        return ". ".join((self.passage.title, *self.population.conditions, self.passage.section, self.passage.text))

    @property
    def windows(self) -> tuple[str, ...]:
        """What is embedded: each two neighbouring sentences after title and heading, and the names of the subject."""
        head = ". ".join(dict.fromkeys((self.passage.title, self.passage.section)))
        pairs = [f"{head}. {pair}" for pair in sentence_pairs(self.passage.text)]
        names = ", ".join(self.population.conditions)
        return (*pairs, f"{self.passage.title} ({names}). {self.passage.section}.") if names else tuple(pairs)


@dataclass(frozen=True, kw_only=True)
class Where:
    """Which passages may be found: those for this person, and reviewed ones unless `unreviewed` is set."""

    person: Person
    unreviewed: bool = False

    def admits(self, entry: Entry) -> bool:
        """Whether the entry may be found."""
        return (self.unreviewed or entry.passage.clinical_review != UNREVIEWED) and entry.population.admits(self.person)


class GuidelineIndex(Protocol):
    """A searchable set of passages. Safe for threads. Raises `IndexUnavailable` when it cannot answer."""

    @property
    def version(self) -> str:
        """Changes exactly when sources or embedder change."""

    @property
    def embedder(self) -> str:
        """Id of the embedder whose vectors it holds."""

    def respell(self, text: str) -> str:
        """The text with mistyped words put right by the words of the passages."""

    def search(
        self, questions: Sequence[str], vectors: Vectors, *, k: int, where: Where, mix: Mix = HYBRID
    ) -> tuple[tuple[Hit, ...], ...]:
        """For each question, with its vector in the same row, at most `k` admitted passages, best first."""


class Rows:
    """The entries of an index in order, which windows are theirs, and their words: what every adapter holds."""

    def __init__(self, entries: Sequence[Entry], words: LexicalIndex | None = None) -> None:
        self.entries = tuple(entries)
        self.windows, self.owners = windows_of(self.entries)
        self.starts = starts_of(self.owners)
        self.words = words or LexicalIndex.of([e.words for e in self.entries], self.windows, self.owners)
        self.speller = Speller(entry.words for entry in self.entries)
        self._names = [Names(e.population.conditions) for e in self.entries]

    def admitted(self, where: Where) -> NDArray[np.int64]:
        """Rows of the entries that may be found."""
        return np.asarray([i for i, entry in enumerate(self.entries) if where.admits(entry)], dtype=np.int64)

    def rank(self, question: str, cosines: Scores, rows: NDArray[np.int64], *, k: int, mix: Mix) -> tuple[Hit, ...]:
        """The `k` best of the admitted `rows`; `cosines` stand at the same places."""
        scores = fuse(self.words, question, cosines, rows, mix)
        asked = as_name(question)
        return tuple(
            Hit(
                passage=replace(self.entries[rows[i]].passage, score=float(scores[i])),
                cosine=float(cosines[i]),
                named=self._names[rows[i]].called_in(asked),
            )
            for i in best(scores, k)
        )


def windows_of(entries: Sequence[Entry]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Every window of the entries in order, and the row of the entry of each."""
    pairs = [(row, window) for row, entry in enumerate(entries) for window in entry.windows]
    return tuple(window for _, window in pairs), np.asarray([row for row, _ in pairs], dtype=np.int64)


class MemoryIndex:
    """All windows in one matrix; exact."""

    def __init__(self, entries: Sequence[Entry], vectors: Vectors, *, embedder: str, version: str = "memory") -> None:
        self._rows = Rows(entries)
        if len(self._rows.windows) != len(vectors):
            raise ValueError("one vector for each window")
        self.version = version
        self.embedder = embedder
        self._vectors = np.asarray(vectors, dtype=np.float32)

    def respell(self, text: str) -> str:
        """The text with mistyped words put right by the words of the passages."""
        return self._rows.speller.correct(text)

    def search(
        self, questions: Sequence[str], vectors: Vectors, *, k: int, where: Where, mix: Mix = HYBRID
    ) -> tuple[tuple[Hit, ...], ...]:
        """For each question, with its vector in the same row, at most `k` admitted passages, best first."""
        rows = self._rows.admitted(where)
        if not len(rows):
            return tuple(() for _ in questions)
        if not mix.dense:
            vectors = np.zeros((len(questions), self._vectors.shape[1]), dtype=np.float32)
        cosines = [np.maximum.reduceat(self._vectors @ vector, self._rows.starts)[rows] for vector in vectors]
        return tuple(
            self._rows.rank(question, line, rows, k=k, mix=mix)
            for question, line in zip(questions, cosines, strict=True)
        )
