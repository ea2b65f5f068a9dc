"""Run the systems over a set, one document at a time in turn, so that a busy machine is busy for both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cds_service.evaluation.deid.gold import Document, GoldSet
from cds_service.evaluation.deid.measure import Judgement, Summary, judge, speaks_true, summarise
from cds_service.evaluation.deid.systems import Answer, System
from cds_service.shares import percentile

NOTE = 1000
"""Characters of the note that times are given for."""

SHORTEST_NOTE = 500
"""Characters from which a document counts as a note; a shorter one says little about the time of 1,000 characters."""


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Milliseconds for a document, and for 1,000 characters of the `notes` documents that are notes."""

    document_p50: float | None
    document_p95: float | None
    notes: int
    note_p50: float | None
    note_p95: float | None
    characters_per_second: float


@dataclass(frozen=True, kw_only=True)
class Result:
    """One system on one set. `judgements` are in the order of the set, None where it withheld."""

    system: str
    summary: Summary
    speed: Speed
    judgements: tuple[Judgement | None, ...]


def run_set(gold: GoldSet, systems: Sequence[System], show: Callable[[str, float], None]) -> list[Result]:
    """Measure `systems` on `gold`, in their order. Who goes first changes with every document."""
    answers: dict[str, list[Answer]] = {system.name: [] for system in systems}
    for number, document in enumerate(gold.documents):
        first = number % len(systems)
        for system in (*systems[first:], *systems[:first]):
            answers[system.name].append(system.mask(document))
        show(gold.name, (number + 1) / len(gold.documents))
    return [_result(system.name, gold.documents, answers[system.name]) for system in systems]


def speed(documents: Sequence[Document], seconds: Sequence[float]) -> Speed:
    """Times of one system. Withheld documents count too: they took their time."""
    ms = [1000 * s for s in seconds]
    notes = [m * NOTE / len(d.text) for d, m in zip(documents, ms, strict=True) if len(d.text) >= SHORTEST_NOTE]
    return Speed(
        document_p50=percentile(ms, 50),
        document_p95=percentile(ms, 95),
        notes=len(notes),
        note_p50=percentile(notes, 50),
        note_p95=percentile(notes, 95),
        characters_per_second=sum(len(d.text) for d in documents) / sum(seconds),
    )


def _result(system: str, documents: Sequence[Document], answers: Sequence[Answer]) -> Result:
    pairs = [(d, a.masked) for d, a in zip(documents, answers, strict=True)]
    judgements = tuple(judge(d, masked.areas) if masked is not None else None for d, masked in pairs)
    untrue = sum(masked is not None and not speaks_true(d, masked) for d, masked in pairs)
    return Result(
        system=system,
        summary=summarise(judgements, untrue=untrue),
        speed=speed(documents, [a.seconds for a in answers]),
        judgements=judgements,
    )
