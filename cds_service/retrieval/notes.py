"""Passages of this patient's own earlier notes that bear on why the patient is here.

Past the gate: the notes are those of one `DeidentifiedCase`. They are cut, ranked by their words alone and forgotten;
nothing of them is stored or seen by another request.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from anonymization.deidentified import DeidentifiedCase, DeidentifiedFact
from cds_service.domain import Passage
from cds_service.retrieval.chunk import pack
from cds_service.retrieval.lexical import Scores, bm25, bm25_scores
from cds_service.retrieval.text import SENTENCE_END, phrases, stems

MAX_CHARS = 300
"""Longest passage of a note: the model is shown little more than 200."""

MAX_PASSAGES = 200
"""Most passages that the notes of one request are cut into."""

LEAST_COVERAGE = 0.5
"""How much of a question's words a passage must hold: what it holds less of is about something else."""


def best_of_notes(case: DeidentifiedCase, questions: Sequence[str], *, k: int) -> tuple[Passage, ...]:
    """At most `k` passages of the case's notes that answer a question, best first, one of each note before a second.

    Their ids are ``note:<handle>#n``, with the n-th passage of the note counted from 1.
    """
    passages = [passage for fact in case.of_kind("note") for passage in _cut(fact)][:MAX_PASSAGES]
    if not passages or not questions or k < 1:
        return ()
    texts = [passage.text for passage in passages]
    coverage, index = _Coverage(texts), bm25([phrases(text) for text in texts])
    best: dict[int, float] = {}
    for question in questions:
        scores = bm25_scores(index, phrases(question))
        for row in np.flatnonzero(coverage.of(question) >= LEAST_COVERAGE).tolist():
            best[row] = max(best.get(row, 0.0), float(scores[row]))
    ranked = sorted(best, key=lambda row: (-best[row], row))
    notes: Counter[str] = Counter()
    nth = {}
    for row in ranked:
        nth[row] = notes[passages[row].guideline]
        notes[passages[row].guideline] += 1
    return tuple(passages[row] for row in sorted(ranked, key=nth.__getitem__)[:k])


def _cut(fact: DeidentifiedFact) -> Iterator[Passage]:
    sentences = (" ".join(s.split()) for line in (fact.text or "").splitlines() for s in SENTENCE_END.split(line))
    for number, text in enumerate(pack(filter(None, sentences), MAX_CHARS), 1):
        yield Passage(
            id=f"note:{fact.source}#{number}",
            guideline=f"note:{fact.source}",
            version="1",
            title="Earlier note of this patient",
            section=fact.interval or "time unknown",
            text=text,
            source="this patient's chart",
            year=None,
            licence="",
            clinical_review="",
        )


class _Coverage:
    """How much of what a question says each text says too, 0 to 1; a rare word weighs more, an unknown one most."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._stems = [frozenset(stems(text)) for text in texts]
        counts = Counter(stem for known in self._stems for stem in known)
        self._weights = {stem: math.log(1 + len(texts) / n) for stem, n in counts.items()}
        self._unknown = math.log(1 + len(texts))

    def of(self, question: str) -> Scores:
        """A share for each text."""
        asked = {stem: self._weights.get(stem, self._unknown) for stem in stems(question)}
        total = sum(asked.values())
        if not total:
            return np.zeros(len(self._stems), dtype=np.float32)
        shared = [sum(w for stem, w in asked.items() if stem in known) / total for known in self._stems]
        return np.asarray(shared, dtype=np.float32)
