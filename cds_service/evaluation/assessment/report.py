"""One measurement of assessments: the file ``evaluation.json`` that a promotion rests on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import combinations
from typing import Any

from cds_service.evaluation.assessment.calibration import Bin, bins
from cds_service.evaluation.assessment.cases import QuestionSet
from cds_service.evaluation.assessment.drafting import Answered, Record, records_of
from cds_service.evaluation.assessment.measures import (
    AGREEMENT,
    PASSES,
    Measured,
    Metric,
    floor_alone,
    measure,
    passes,
    trusts,
)
from cds_service.evaluation.assessment.paired import Paired, paired
from cds_service.evaluation.deid.report import machine
from cds_service.shares import percentile

KIND, VERSION = "assessment", 1
FLOOR = "floor"
"""The spec of no model at all."""


@dataclass(frozen=True, kw_only=True)
class Speed:
    """What drafting costs: seconds of one draft, median and 95th percentile.

    `tokens_per_s` counts new tokens and the whole time, with reading the prompt. `memory_mb`: growth of the resident
    memory from before the model was loaded to the peak while it answered.
    """

    drafts: int
    median_s: float | None
    p95_s: float | None
    tokens_per_s: float | None
    memory_mb: float | None


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model with everything it answered, by the name of the set.

    `raising`: the same with priorities above the floor allowed, where that was measured. `questions`: the share of
    multiple-choice questions it answered rightly, by file.
    """

    spec: str
    name: str
    version: str = ""
    adapter: str | None = None
    licence: str = ""
    may_raise: bool = False
    answers: Mapping[str, Sequence[Answered]]
    raising: Mapping[str, Sequence[Answered]] = field(default_factory=dict)
    memory_mb: float | None = None
    questions: Mapping[str, Metric] = field(default_factory=dict)

    def speed(self) -> Speed:
        """What its drafts cost."""
        return speed_of(records_of(list(self.answers.values())), self.memory_mb)


def speed_of(records: Sequence[Record], memory_mb: float | None) -> Speed:
    """What `records` cost."""
    seconds = [r.seconds for r in records]
    total = sum(seconds)
    return Speed(
        drafts=len(records),
        median_s=percentile(seconds, 50),
        p95_s=percentile(seconds, 95),
        tokens_per_s=sum(r.tokens for r in records) / total if total else None,
        memory_mb=memory_mb,
    )


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two models on the set `name`: `comparison.first` counts the cases where the metric holds for `model` alone."""

    model: str
    against: str
    name: str
    metric: str
    comparison: Paired


@dataclass(frozen=True, kw_only=True)
class Report:
    """One measurement. `versions`: of everything but the models."""

    made: datetime
    command: str
    versions: Mapping[str, str]
    sets: Sequence[QuestionSet]
    models: Sequence[Model]

    def measured(self, model: Model, name: str, *, raising: bool = False) -> Measured:
        """The figures of `model` on the set `name`."""
        answered = (model.raising if raising else model.answers)[name]
        return floor_alone(answered) if model.spec == FLOOR else measure(answered)

    def reliability(self, model: Model) -> tuple[Bin, ...]:
        """Confidence and agreement of what passed, over all sets."""
        return bins([t for answered in model.answers.values() for t in trusts(answered)])

    def as_json(self) -> dict[str, Any]:
        """Every figure, for a program."""
        return {
            "kind": KIND,
            "version": VERSION,
            "made": self.made.isoformat(timespec="seconds"),
            "command": self.command,
            "machine": machine(),
            "versions": dict(self.versions),
            "sets": {s.name: _set(s) for s in self.sets},
            "models": [self._model(m) for m in self.models],
            "paired": [
                {"model": p.model, "against": p.against, "set": p.name, "metric": p.metric} | asdict(p.comparison)
                for p in self.pairs()
            ],
        }

    def pairs(self) -> list[Pair]:
        """Every two models, case by case, the later one against the earlier."""
        return [
            Pair(model=model.spec, against=other.spec, name=chosen.name, metric=metric, comparison=comparison)
            for other, model in combinations(self.models, 2)
            for chosen in self.sets
            for metric, comparison in _compared(model, other, chosen.name)
        ]

    def _model(self, model: Model) -> dict[str, Any]:
        return {
            "spec": model.spec,
            "adapter": model.adapter,
            "name": model.name,
            "version": model.version,
            "licence": model.licence,
            "may_raise": model.may_raise,
            "sets": {name: _figures(self.measured(model, name)) for name in model.answers},
            "gain": {name: _gain(self.measured(model, name)) for name in model.answers},
            "raising": {
                name: _figures(measured) | {"gain": _gain(measured)}
                for name in model.raising
                for measured in (self.measured(model, name, raising=True),)
            },
            "reliability": [asdict(b) | {"agreement": b.agreement} for b in self.reliability(model)],
            "questions": {name: asdict(metric) for name, metric in model.questions.items()},
            "speed": asdict(model.speed()),
        }


def _compared(one: Model, other: Model, name: str) -> Iterator[tuple[str, Paired]]:
    """The comparison of two models on one set for each measure that both have: the floor alone drafts nothing."""
    everything = list(zip(one.answers[name], other.answers[name], strict=True))
    asked = [pair for pair in everything if pair[0].question.task is not None]
    for metric in AGREEMENT if FLOOR in (one.spec, other.spec) else PASSES:
        cases = everything if metric in AGREEMENT else asked
        comparison = paired((passes(a)[metric], passes(b)[metric]) for a, b in cases)
        if comparison is not None:
            yield metric, comparison


def _set(questions: QuestionSet) -> dict[str, Any]:
    refused = len(questions.questions) - len(questions.asked)
    return {
        "cases": len(questions.questions),
        "sha256": questions.sha256,
        "setting": questions.setting.value,
        "refused_by_the_gate": refused,
        "left_out": dict(questions.left_out),
    }


def _figures(measured: Measured) -> dict[str, Any]:
    return {name: asdict(metric) for name, metric in measured.metrics.items()}


def _gain(measured: Measured) -> dict[str, Any]:
    return {name: asdict(comparison) for name, comparison in measured.gain.items()}
