"""How well and how fast each way of ranking answers the questions of a corpus."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from cds_service.evaluation.retrieval.beir import Judged
from cds_service.retrieval.build import embed_windows
from cds_service.retrieval.chroma import VERSIONS, ChromaIndex, switch_pointer, write_store
from cds_service.retrieval.embedder import Embedder
from cds_service.retrieval.index import Entry, Where
from cds_service.retrieval.lexical import bm25, bm25_scores
from cds_service.retrieval.population import Person
from cds_service.retrieval.ranking import DENSE, HYBRID, LEXICAL, Mix
from cds_service.retrieval.text import stems

DEPTH = 100
"""Documents ranked for a question."""

GAIN_AT, RECALL_AT = 10, 5
EVERYONE = Where(person=Person(), unreviewed=True)
MIXES: Mapping[str, Mix] = {"lexical": LEXICAL, "dense": DENSE, "hybrid": HYBRID}
SERVES = "hybrid"
"""The variant that the service uses: `HYBRID` is the default of every index."""

Answer = Callable[[str], Sequence[str]]
"""The ids of the documents for a question, best first."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True, kw_only=True)
class Result:
    """One variant's figures: means over the questions, each question's own, and milliseconds for each."""

    name: str
    gains: tuple[float, ...]
    recalls: tuple[float, ...]
    ranks: tuple[float, ...]
    milliseconds: tuple[float, ...]

    def figures(self, part: slice = slice(None)) -> dict[str, float]:
        """The means over all questions or a part of them, rounded."""
        return {
            f"ndcg@{GAIN_AT}": _mean(self.gains[part]),
            f"recall@{RECALL_AT}": _mean(self.recalls[part]),
            "mrr": _mean(self.ranks[part]),
        }

    def as_json(self) -> dict[str, Any]:
        """Figures with the time a question takes: median and 95th percentile."""
        p50, p95 = (round(float(np.percentile(self.milliseconds, p)), 2) for p in (50, 95))
        return self.figures() | {"ms_per_query": p50, "ms_per_query_p50": p50, "ms_per_query_p95": p95}


def measure(judged: Judged, embedder: Embedder, show: Progress) -> tuple[Result, ...]:
    """Every variant on the questions, on an index on disk as the service has it. Embedding is part of the time."""
    with TemporaryDirectory() as folder:
        index = build_on_disk(Path(folder), judged.entries, embedder, show)
        ways = {"bm25": _bm25(judged.entries)} | {name: _mixed(index, embedder, mix) for name, mix in MIXES.items()}
        results = tuple(_run(name, way, judged, show) for name, way in ways.items())
        index.close()
    return results


def build_on_disk(folder: Path, entries: Sequence[Entry], embedder: Embedder, show: Progress) -> ChromaIndex:
    """An index as the service has it, in `folder`."""
    vectors = embed_windows(entries, embedder, lambda done, total: show("embedding", done / total))
    write_store(folder / VERSIONS / "1", entries, vectors, embedder=embedder.id, version="1")
    switch_pointer(folder, "1")
    return ChromaIndex(folder)


def _bm25(entries: Sequence[Entry]) -> Answer:
    """Plain BM25 over words, to compare with."""
    ids = [entry.passage.id for entry in entries]
    index = bm25([stems(entry.words) for entry in entries])

    def answer(question: str) -> Sequence[str]:
        scores = bm25_scores(index, stems(question))
        return [ids[i] for i in np.argsort(-scores, kind="stable")[:DEPTH]]

    return answer


def _mixed(index: ChromaIndex, embedder: Embedder, mix: Mix) -> Answer:
    nothing = np.zeros((1, 1), dtype=np.float32)

    def answer(question: str) -> Sequence[str]:
        vectors = embedder.embed_queries([question]) if mix.dense else nothing
        (hits,) = index.search([question], vectors, k=DEPTH, where=EVERYONE, mix=mix)
        return [hit.passage.id for hit in hits]

    return answer


def _run(name: str, answer: Answer, judged: Judged, show: Progress) -> Result:
    answer(next(iter(judged.questions.values())))  # whatever loads at the first call
    gains, recalls, ranks, times = [], [], [], []
    for done, (query, text) in enumerate(judged.questions.items(), 1):
        start = time.perf_counter()
        found = answer(text)
        times.append((time.perf_counter() - start) * 1000)
        relevant = judged.relevant[query]
        gains.append(_ndcg(found, relevant))
        recalls.append(sum(d in relevant for d in found[:RECALL_AT]) / len(relevant))
        ranks.append(next((1 / place for place, d in enumerate(found, 1) if d in relevant), 0.0))
        show(name, done / len(judged.questions))
    return Result(name=name, gains=tuple(gains), recalls=tuple(recalls), ranks=tuple(ranks), milliseconds=tuple(times))


def _ndcg(found: Sequence[str], relevant: Mapping[str, int]) -> float:
    """Normalized discounted cumulative gain (Järvelin and Kekäläinen, 2002) with gains of 2^grade - 1."""
    gained = _dcg([relevant.get(document, 0) for document in found[:GAIN_AT]])
    return gained / _dcg(sorted(relevant.values(), reverse=True)[:GAIN_AT])


def _dcg(grades: Sequence[int]) -> float:
    return math.fsum((2.0**grade - 1) / math.log2(place + 1) for place, grade in enumerate(grades, 1))


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / max(len(values), 1), 4)
