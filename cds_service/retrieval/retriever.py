"""The few guideline passages worth showing for a case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from anonymization.deidentified import DeidentifiedCase
from cds_service.domain import Finding, NotEvaluated, Passage
from cds_service.errors import IndexUnavailable
from cds_service.retrieval.embedder import Embedder
from cds_service.retrieval.index import GuidelineIndex, Where
from cds_service.retrieval.notes import best_of_notes
from cds_service.retrieval.population import Person
from cds_service.retrieval.query import LEAST, LEAST_NAMED, Kind, Need, needs_of
from cds_service.retrieval.ranking import Hit

CANDIDATES = 24
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
        equals the question with the nearest answer first. A passage's score is its cosine to the question. Only
        guidelines whose population holds this person count. Raises `IndexUnavailable`.
        """
        self._check_embedder()
        needs = needs_of(case, findings, spelled=self._index.respell)
        if not needs or k < 1:
            return ()
        where = Where(person=Person.of(case), unreviewed=self._include_unreviewed)
        vectors = self._embedder.embed_queries([need.text for need in needs])
        answers = self._index.search([need.subject for need in needs], vectors, k=CANDIDATES, where=where)
        return tuple(a.passage for a in _few(self._ranked(needs, answers), k))

    def notes_for(self, case: DeidentifiedCase, findings: Sequence[Finding], *, k: int = 2) -> tuple[Passage, ...]:
        """At most `k` passages of this patient's own earlier notes, by their words alone; nothing of them is kept."""
        return best_of_notes(case, [need.subject for need in needs_of(case, findings)], k=k)

    def not_evaluated(self, case: DeidentifiedCase) -> tuple[NotEvaluated, ...]:
        """What the population filter could not judge, to be said in the answer."""
        if Person.of(case).age_years is None:
            reason = "the age is unknown, so guidelines that are limited by age were left out"
            return (NotEvaluated(what="guidelines", reason=reason),)
        return ()

    def _check_embedder(self) -> None:
        if self._index.embedder != self._embedder.id:
            raise IndexUnavailable("the guideline index was built with another embedder; run 'cds-service index'")

    def _ranked(self, needs: Sequence[Need], answers: Sequence[Sequence[Hit]]) -> list[_Answer]:
        """Each passage that answers some need, once, by the most pressing need it answers."""
        best: dict[str, _Answer] = {}
        for nth, (need, hits) in enumerate(zip(needs, answers, strict=True)):
            urgent = nth if need.kind is Kind.URGENT else 0  # what is most urgent comes first, not what is nearest
            fitting = self._fitting(need, hits)
            nearest = max((hit.cosine for hit in fitting), default=0.0)
            for place, hit in enumerate(fitting):
                passage = replace(hit.passage, score=hit.cosine)
                answer = _Answer(passage=passage, rank=(_ORDER[need.kind], urgent, -nearest, place, passage.id))
                if passage.id not in best or answer.rank < best[passage.id].rank:
                    best[passage.id] = answer
        return sorted(best.values(), key=lambda a: a.rank)

    def _fitting(self, need: Need, hits: Sequence[Hit]) -> list[Hit]:
        """The passages that answer a need, best first.

        A need is answered by one guideline, that of its best passage: what the next guidelines say about a word in
        the question is mostly about something else (vectors of "low" and "high blood pressure" are neighbours). The
        words choose the guideline of a problem; which of its passages is wanted, only the meaning tells.
        """
        fitting = [h for h in hits if h.passage.guideline == hits[0].passage.guideline and self._answers(h)]
        return sorted(fitting, key=lambda h: -h.cosine) if need.kind is Kind.PROBLEM else fitting

    def _answers(self, hit: Hit) -> bool:
        """Whether a passage is near enough to be an answer."""
        return hit.cosine >= (LEAST_NAMED if hit.named else self._least)


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """A passage and its rank, smallest first.

    The rank: kind of the need, its place among the urgent ones, cosine of the need's nearest passage, place among the
    answers to the need, and the id so that ties are stable.
    """

    passage: Passage
    rank: tuple[int, int, float, int, str]


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
