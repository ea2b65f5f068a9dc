"""What the retriever needs of a store of passages, and the one that lives in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from cds_service.domain import Passage
from cds_service.retrieval.embedder import Vectors
from cds_service.retrieval.population import Person, Population
from cds_service.retrieval.source import UNREVIEWED


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A passage with the people it is for."""

    passage: Passage
    population: Population

    @property
    def embedding_text(self) -> str:
        """What is embedded: title, conditions and heading give the passage its subject and its everyday names."""
        subject = f"{self.passage.title} ({', '.join(self.population.conditions)})"
        return f"{subject}. {self.passage.section}. {self.passage.text}"


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

    def search(self, queries: Vectors, *, k: int, where: Where) -> tuple[tuple[Passage, ...], ...]:
        """For each query row, at most `k` admitted passages, nearest first, `score` set to the cosine."""


class MemoryIndex:
    """All passages in one matrix; exact."""

    def __init__(self, entries: Sequence[Entry], vectors: Vectors, *, embedder: str, version: str = "memory") -> None:
        if len(entries) != len(vectors):
            raise ValueError("one vector for each entry")
        self.version = version
        self.embedder = embedder
        self._entries = tuple(entries)
        self._vectors = np.asarray(vectors, dtype=np.float32)

    def search(self, queries: Vectors, *, k: int, where: Where) -> tuple[tuple[Passage, ...], ...]:
        """For each query row, at most `k` admitted passages, nearest first."""
        rows = [i for i, entry in enumerate(self._entries) if where.admits(entry)]
        if not rows:
            return tuple(() for _ in queries)
        scores = queries @ self._vectors[rows].T
        return tuple(
            tuple(
                replace(self._entries[rows[i]].passage, score=float(line[i]))
                for i in np.argsort(-line, kind="stable")[:k]
            )
            for line in scores
        )
