"""The figures of one model on one set, each with its 95 % interval: what they count stands in `MEASURES`.

The answer of floor and model together is the higher of the floor and the priority of a draft that passed every check; a
draft that was withheld leaves the floor. Wilson's interval for shares, the bootstrap for means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from cds_service.domain import Priority
from cds_service.evaluation.assessment.calibration import Trust, brier, calibration_error
from cds_service.evaluation.assessment.drafting import Answered, Record
from cds_service.evaluation.assessment.paired import Paired, paired
from cds_service.evaluation.deid.intervals import bootstrap
from cds_service.shares import wilson

MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "contract_valid": "drafts that keep the output contract, of all questions",
        "ready": "drafts that pass every check, of all questions",
        "grounded": "drafts in which every sentence rests on its evidence, of all questions",
        "grounded_sentences": "sentences that rest on their evidence, of all that claim something",
        "support": "mean share of a draft's content that its evidence holds",
        "exact": "cases with the right priority, floor and model",
        "exact_floor": "cases with the right priority, floor alone",
        "under_triage": "cases below the right priority, floor and model",
        "under_triage_floor": "cases below the right priority, floor alone",
        "over_triage": "cases above the right priority, floor and model",
        "over_triage_floor": "cases above the right priority, floor alone",
        "brier": "mean squared error of the confidence of what passed (0.25: no better than saying one half)",
        "calibration_error": "mean distance of confidence and agreement in ten bins, weighted by their counts",
    }
)
CHECK = "check:"
"""Before the id of a safety check: drafts that pass it, of those that keep the contract."""

_SEED, _RESAMPLES = 20240, 2000


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A share (`k` of `n`) or a mean over `n` (`k` is None), with the ends of its 95 % interval."""

    n: int
    k: int | None
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Measured:
    """All figures of one model on one set. A figure of nothing is not there. `gain`: floor and model against floor."""

    metrics: Mapping[str, Metric]
    gain: Mapping[str, Paired]


Judge = Callable[[Priority, Priority], bool]
"""Of the priority that was given and the right one."""

AGREEMENT: Mapping[str, Judge] = MappingProxyType(
    {
        "exact": lambda given, gold: given is gold,
        "under_triage": lambda given, gold: given < gold,
        "over_triage": lambda given, gold: given > gold,
    }
)


PASSES = ("contract_valid", "ready", "grounded", *AGREEMENT)
"""What `passes` tells of one question."""


def measure(answered: Sequence[Answered]) -> Measured:
    """The figures of what a model answered."""
    metrics = dict(_draft_metrics(answered)) | dict(_priority_metrics(answered))
    trusted = trusts(answered)
    for name, estimate in (("brier", brier), ("calibration_error", calibration_error)):
        if trusted:
            metrics[name] = resampled(trusted, estimate)
    return Measured(metrics=metrics, gain=_gains(answered))


def floor_alone(answered: Sequence[Answered]) -> Measured:
    """The figures of the floor without any model, on the same cases."""
    unaided = [Answered(question=a.question, record=None) for a in answered]
    return Measured(metrics=dict(_priority_metrics(unaided)), gain={})


def trusts(answered: Sequence[Answered]) -> list[Trust]:
    """The confidence of each assessment that passed, and whether its priority is the right one."""
    return [
        Trust(confidence=a.record.confidence, right=a.record.priority is a.question.gold)
        for a in answered
        if a.record is not None and a.record.confidence is not None
    ]


def given(answered: Answered) -> Priority:
    """The priority of floor and model together."""
    floor, record = answered.question.floor, answered.record
    if record is None or not record.ready or record.priority is None:
        return floor
    return max(floor, record.priority)


def passes(answered: Answered) -> Mapping[str, bool]:
    """What holds of one question that a model was asked; for comparing two models case by case."""
    record = answered.record
    return {
        "contract_valid": record is not None and record.contract,
        "ready": record is not None and record.ready,
        "grounded": record is not None and record.checks.get("grounding", False),
        **{name: judge(given(answered), answered.question.gold) for name, judge in AGREEMENT.items()},
    }


def resampled(values: Sequence[Trust], estimate: Callable[[Sequence[Trust]], float]) -> Metric:
    """An estimate over values that stand for themselves, with its percentile bootstrap interval (fixed seed)."""
    draws = np.random.default_rng(_SEED).integers(len(values), size=(_RESAMPLES // 4, len(values)))
    low, high = np.percentile([estimate([values[i] for i in draw]) for draw in draws], [2.5, 97.5])
    value = estimate(values)
    return Metric(n=len(values), k=None, value=value, low=min(float(low), value), high=max(float(high), value))


def _draft_metrics(answered: Sequence[Answered]) -> Iterator[tuple[str, Metric]]:
    asked = [a for a in answered if a.question.task is not None]
    if not asked:
        return
    for name in ("contract_valid", "ready", "grounded"):
        yield name, share(passes(a)[name] for a in asked)
    drafts = [a.record for a in asked if a.record is not None and a.record.contract]
    if drafts:
        yield from _grounding(drafts)
        for check in sorted({check for record in drafts for check in record.checks}):
            yield f"{CHECK}{check}", share(record.checks.get(check, False) for record in drafts)


def _grounding(drafts: Sequence[Record]) -> Iterator[tuple[str, Metric]]:
    held = bootstrap([(d.held, d.claims) for d in drafts])
    if held.value is not None and held.low is not None and held.high is not None:
        yield "grounded_sentences", Metric(n=held.of, k=held.hits, value=held.value, low=held.low, high=held.high)
    shares = [d.support for d in drafts if d.support is not None]
    if shares:
        yield "support", _mean(shares)


def _priority_metrics(answered: Sequence[Answered]) -> Iterator[tuple[str, Metric]]:
    for name, judge in AGREEMENT.items():
        yield name, share(judge(given(a), a.question.gold) for a in answered)
        yield f"{name}_floor", share(judge(a.question.floor, a.question.gold) for a in answered)


def _gains(answered: Sequence[Answered]) -> dict[str, Paired]:
    compared = {
        name: paired((judge(given(a), a.question.gold), judge(a.question.floor, a.question.gold)) for a in answered)
        for name, judge in AGREEMENT.items()
    }
    return {name: comparison for name, comparison in compared.items() if comparison is not None}


def share(holds: Iterable[bool]) -> Metric:
    """How many hold. Raises ValueError of nothing."""
    found = list(holds)
    counted = wilson(sum(found), len(found))
    if counted.value is None or counted.low is None or counted.high is None:
        raise ValueError("a share of nothing")
    return Metric(n=counted.of, k=counted.hits, value=counted.value, low=counted.low, high=counted.high)


def _mean(values: Sequence[float]) -> Metric:
    numbers = np.array(values)
    draws = np.random.default_rng(_SEED).integers(len(numbers), size=(_RESAMPLES, len(numbers)))
    low, high = np.percentile(numbers[draws].mean(axis=1), [2.5, 97.5])
    return Metric(n=len(numbers), k=None, value=float(numbers.mean()), low=float(low), high=float(high))
