"""Charts of our own with the passages that belong to them (`charts.yaml`), and how a retriever does on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from anonymization.deidentified import DeidentifiedCase, DeidentifiedFact
from cds_service.domain import Citation, Finding, Passage, Priority
from cds_service.evaluation.retrieval.measure import Progress, build_on_disk
from cds_service.retrieval.build import entries_of
from cds_service.retrieval.embedder import Embedder
from cds_service.retrieval.retriever import Retriever
from cds_service.retrieval.source import PACKAGED, read_sources

PARTS = ("tuning", "held_out", "final")
"""Parts of the charts; what each served for: docs/reference/retrieval-evaluation.md."""

SHOWN = 3
"""Passages that a chart gets to see."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One chart with what a clinician would want to see.

    `expect`: guidelines or sections of which one is to be shown, none when nothing is. `fits`: guidelines whose
    passages do not mislead.
    """

    id: str
    case: DeidentifiedCase
    findings: tuple[Finding, ...]
    expect: tuple[str, ...]
    fits: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a chart was shown."""

    chart: Chart
    passages: tuple[Passage, ...]

    @property
    def right(self) -> bool:
        """Whether an expected passage is there, or nothing where nothing is to be shown."""
        if not self.chart.expect:
            return not self.wrong
        return any(_is(passage, expected) for passage in self.passages for expected in self.chart.expect)

    @property
    def first_right(self) -> bool:
        """Whether the first passage is of an expected guideline."""
        wanted = {expected.split("#")[0] for expected in self.chart.expect}
        return bool(self.passages) and self.passages[0].guideline in wanted

    @property
    def wrong(self) -> tuple[Passage, ...]:
        """Passages that point the wrong way."""
        return tuple(p for p in self.passages if p.guideline not in self.chart.fits)


def read_charts(part: str) -> tuple[Chart, ...]:
    """The charts of one of the `PARTS`."""
    text = (files("cds_service.evaluation.retrieval") / "charts.yaml").read_text(encoding="utf-8")
    return tuple(_chart(row) for row in yaml.safe_load(text)[part])


def show(retriever: Retriever, charts: Iterable[Chart]) -> tuple[Shown, ...]:
    """What each chart is shown."""
    return tuple(Shown(chart=c, passages=retriever.passages_for(c.case, c.findings, k=SHOWN)) for c in charts)


Figures = dict[str, float]


def figures(shown: Sequence[Shown]) -> Figures:
    """Shares of the charts with an expected passage, with its guideline first, and rightly silent.

    `wrong cards`: the share of all passages shown that point the wrong way.
    """
    asked = [s for s in shown if s.chart.expect]
    quiet = [s for s in shown if not s.chart.expect]
    passages = sum(len(s.passages) for s in shown)
    return {
        "charts": len(shown),
        "expected shown": round(sum(s.right for s in asked) / len(asked), 3),
        "expected first": round(sum(s.first_right for s in asked) / len(asked), 3),
        "silent where nothing fits": round(sum(s.right for s in quiet) / len(quiet), 3),
        "cards": passages,
        "wrong cards": round(sum(len(s.wrong) for s in shown) / max(passages, 1), 3),
    }


def _is(passage: Passage, expected: str) -> bool:
    section = passage.id.rsplit(".", 1)[0]
    return expected in (passage.guideline, section)


def _chart(row: dict[str, Any]) -> Chart:
    facts = [
        DeidentifiedFact(kind="problem", name=problem, source=f"con-{n}")
        for n, problem in enumerate(row.get("problems", ()))
    ]
    if complaint := row.get("complaint"):
        facts.append(DeidentifiedFact(kind="complaint", name="complaint", text=complaint, source="enc-1"))
    case = DeidentifiedCase(
        subject=row["id"], age=row["age"], sex=row["sex"], pregnant=row.get("pregnant"), facts=tuple(facts)
    )
    return Chart(
        id=row["id"],
        case=case,
        findings=tuple(map(_finding, row.get("findings", ()))),
        expect=tuple(row["expect"]),
        fits=frozenset(row["fits"]),
    )


def _finding(text: str) -> Finding:
    """A finding written as ``High: its title``."""
    priority, _, title = text.partition(": ")
    citation = Citation(title="Chart of the evaluation", publisher="this project", year=2026)
    topic = "laboratory" if "critically" in title else "triage"
    return Finding(
        rule="case", version="1", priority=Priority.parse(priority), title=title, reason=f"{title}.",
        citation=citation, topic=topic,
    )  # fmt: skip


def measure_charts(embedder: Embedder, show_progress: Progress) -> dict[str, Figures]:
    """The figures of every part over the packaged guidelines."""
    guidelines, _ = read_sources([PACKAGED])
    with TemporaryDirectory() as folder:
        index = build_on_disk(Path(folder), entries_of(guidelines), embedder, show_progress)
        retriever = Retriever(index, embedder, include_unreviewed=True)
        told = {part: figures(show(retriever, read_charts(part))) for part in PARTS}
        index.close()
    return told
