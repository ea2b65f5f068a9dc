"""The few guideline passages worth showing for a case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from anonymization.deidentified import DeidentifiedCase
from cds_service.domain import Finding, NotEvaluated, Passage
from cds_service.errors import IndexUnavailable
from cds_service.retrieval.embedder import Embedder
from cds_service.retrieval.index import GuidelineIndex, Where
from cds_service.retrieval.population import Person
from cds_service.retrieval.query import LEAST, Kind, Need, needs_of

CANDIDATES = 8
"""Passages looked at for each question."""

PER_GUIDELINE = 2
"""Most passages of one guideline; the second comes only after every guideline that has a first."""

_ORDER = {kind: place for place, kind in enumerate(Kind)}


class Retriever:
    """Passages for a case out of one index. Safe for threads.

    `include_unreviewed` lets passages pass that no clinician has reviewed (a setting of the clinic). `least` is the
    cosine below which a passage is no answer; its default suits MiniLM.
    """

    def __init__(
        self, index: GuidelineIndex, embedder: Embedder, *, include_unreviewed: bool = False, least: float = LEAST
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._include_unreviewed = include_unreviewed
        self._least = least

    @property
    def version(self) -> str:
        """Version of the index that answers now, for the ledger. Raises `IndexUnavailable`."""
        return self._index.version

    def warm(self) -> None:
        """Load the model and open the index, so that the first request does not. Raises `IndexUnavailable`."""
        self._embedder.warm()
        self._check_embedder()

    def passages_for(self, case: DeidentifiedCase, findings: Sequence[Finding], *, k: int = 3) -> tuple[Passage, ...]:
        """At most `k` passages; none when nothing is near enough.

        Answers to urgent findings come before those to complaints, and these before those to chronic problems; among
        equals the nearest first. A passage's score is its cosine to the question. Only guidelines whose population
        holds this person count. Raises `IndexUnavailable`.
        """
        needs = needs_of(case, findings)
        if not needs or k < 1:
            return ()
        self._check_embedder()
        where = Where(person=Person.of(case), unreviewed=self._include_unreviewed)
        queries = self._embedder.embed_queries([need.text for need in needs])
        answers = self._index.search(queries, k=CANDIDATES, where=where)
        return tuple(a.passage for a in _few(self._ranked(needs, answers), k))

    def not_evaluated(self, case: DeidentifiedCase) -> tuple[NotEvaluated, ...]:
        """What the population filter could not judge, to be said in the answer."""
        if Person.of(case).age_years is None:
            reason = "the age is unknown, so guidelines that are limited by age were left out"
            return (NotEvaluated(what="guidelines", reason=reason),)
        return ()

    def _check_embedder(self) -> None:
        if self._index.embedder != self._embedder.id:
            raise IndexUnavailable("the guideline index was built with another embedder; run 'cds-service index'")

    def _ranked(self, needs: Sequence[Need], answers: Sequence[Sequence[Passage]]) -> list[_Answer]:
        """Each passage that answers some need, once, by the most pressing need it answers.

        A need is answered by one guideline, that of its nearest passage: what the next guidelines say about a word
        in the question is mostly about something else (vectors of "low" and "high blood pressure" are neighbours).
        """
        best: dict[str, _Answer] = {}
        for need, passages in zip(needs, answers, strict=True):
            for passage in passages:
                answer = _Answer(kind=need.kind, passage=passage)
                fits = passage.guideline == passages[0].guideline and passage.score >= self._least
                if fits and (passage.id not in best or answer.rank < best[passage.id].rank):
                    best[passage.id] = answer
        return sorted(best.values(), key=lambda a: a.rank)


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """A passage and why it is there."""

    kind: Kind
    passage: Passage

    @property
    def rank(self) -> tuple[int, float, str]:
        """Smallest first: kind, then cosine, then id so that ties are stable."""
        return _ORDER[self.kind], -self.passage.score, self.passage.id


def _few(ranked: Iterable[_Answer], k: int) -> list[_Answer]:
    """The first of each guideline, then second ones, at most `k`, kept in rank order."""
    seen: Counter[str] = Counter()
    rounds: list[list[_Answer]] = [[] for _ in range(PER_GUIDELINE)]
    for answer in ranked:
        nth = seen[answer.passage.guideline]
        if nth < PER_GUIDELINE:
            rounds[nth].append(answer)
        seen[answer.passage.guideline] += 1
    chosen = [answer for one in rounds for answer in one][:k]
    return sorted(chosen, key=lambda a: a.rank)
