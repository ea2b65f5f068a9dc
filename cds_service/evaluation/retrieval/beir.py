"""Passages, questions and judgements in the BEIR layout: `corpus.jsonl`, `queries.jsonl` (``.gz`` too), `qrels.tsv`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cds_service.domain import Passage
from cds_service.errors import ConfigurationError
from cds_service.evaluation.files import content, read
from cds_service.retrieval.index import Entry
from cds_service.retrieval.population import Population

_COLUMNS = (3, 4)
"""BEIR has query, document and score; TREC has a column without meaning after the query."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A corpus with questions. `relevant`: for each question the documents that answer it, with their grade.

    Only questions of the given file that have an answer in the corpus are there; `unanswered` counts the others.
    """

    entries: tuple[Entry, ...]
    questions: Mapping[str, str]
    relevant: Mapping[str, Mapping[str, int]]
    unanswered: int


def read_judged(corpus: Path, queries: Path, qrels: Path) -> Judged:
    """The three files. Raises ConfigurationError that names the file in which nothing usable stands."""
    entries = tuple(_entry(row) for row in _rows(corpus))
    known = {entry.passage.id for entry in entries}
    asked = {str(row["_id"]): str(row["text"]) for row in _rows(queries)}
    judged: dict[str, dict[str, int]] = {}
    for query, document, grade in _judgements(qrels):
        if query in asked and document in known and grade > 0:
            judged.setdefault(query, {})[document] = grade
    questions = {query: text for query, text in asked.items() if query in judged}
    if not questions:
        raise ConfigurationError(f"{qrels.name}: no question of {queries.name} has an answer in {corpus.name}")
    return Judged(entries=entries, questions=questions, relevant=judged, unanswered=len(asked) - len(questions))


def _rows(path: Path) -> list[dict[str, Any]]:
    rows = [row for row in read(path) if isinstance(row, dict) and {"_id", "text"} <= row.keys()]
    if not rows:
        raise ConfigurationError(f"{path.name}: no JSON line with _id and text")
    return rows


def _entry(row: dict[str, Any]) -> Entry:
    title = str(row.get("title") or "")
    passage = Passage(
        id=str(row["_id"]),
        guideline=str(row["_id"]),
        version="1",
        title=title,
        section=title,
        text=str(row["text"]),
        source="corpus",
        year=None,
        licence="",
        clinical_review="none",
    )
    return Entry(passage=passage, population=Population())


def _judgements(path: Path) -> Iterator[tuple[str, str, int]]:
    for line in content(path).decode("utf-8", "replace").splitlines():
        cells = line.split("\t")
        if len(cells) in _COLUMNS and cells[-1].strip().lstrip("-").isdigit():
            yield cells[0], cells[-2], int(cells[-1])
