"""The figures of a triage measurement, for whoever gave the priorities: the service or a nurse.

Urgent is High or Critical. Under- and over-triage count visits with a priority below and above the expert's on the four
levels. Intervals are 95 %: Wilson's for shares, the percentile bootstrap over visits for kappa.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, roc_curve

from cds_service.domain import Priority
from cds_service.evaluation.triage.replay import URGENT, Outcome
from cds_service.shares import Share, wilson

LEVELS = tuple(sorted(Priority, reverse=True))
"""The order of rows and columns of a confusion matrix: Critical first."""

Counts = np.ndarray[Any, Any]

SPECIFICITY = 0.90
_RESAMPLES, _SEED = 2000, 20240


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Kappa with quadratic weights, and the ends of its interval; None where it is not defined."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class Measures:
    """All figures. `confusion[gold][given]` counts visits, in the order of `LEVELS`.

    `at_specificity`: the sensitivity at the lowest threshold of the score that keeps a specificity of `SPECIFICITY`;
    its interval takes the threshold as given. `specificity_there`: the specificity at that threshold.
    """

    visits: int
    sensitivity: Share
    specificity: Share
    at_specificity: Share
    specificity_there: Share
    under: Share
    over: Share
    exact: Share
    kappa: Agreement
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Given:
    """One visit: the expert's priority, the priority given, and the score that it came from."""

    gold: Priority
    priority: Priority
    score: float


def by_service(outcomes: Sequence[Outcome]) -> Measures:
    """The figures of the service."""
    return measure([Given(gold=o.gold.priority, priority=o.priority, score=o.score) for o in outcomes])


def by_nurse(outcomes: Sequence[Outcome]) -> Measures | None:
    """The figures of the nurses, on the visits that have one's priority; None where none has."""
    given = [
        Given(gold=o.gold.priority, priority=o.nurse.priority, score=o.nurse.fineness) for o in outcomes if o.nurse
    ]
    return measure(given) if given else None


def measure(given: Sequence[Given]) -> Measures:
    """The figures of whoever gave `given`."""
    urgent = [g for g in given if g.gold >= URGENT]
    others = [g for g in given if g.gold < URGENT]
    threshold = _threshold(given)
    confusion = confusion_matrix([g.gold for g in given], [g.priority for g in given], labels=LEVELS)

    def share(of: Sequence[Given], holds: Callable[[Given], bool]) -> Share:
        return wilson(sum(map(holds, of)), len(of))

    return Measures(
        visits=len(given),
        sensitivity=share(urgent, lambda g: g.priority >= URGENT),
        specificity=share(others, lambda g: g.priority < URGENT),
        at_specificity=share(urgent, lambda g: g.score >= threshold),
        specificity_there=share(others, lambda g: g.score < threshold),
        under=share(given, lambda g: g.priority < g.gold),
        over=share(given, lambda g: g.priority > g.gold),
        exact=share(given, lambda g: g.priority is g.gold),
        kappa=_kappa(confusion),
        confusion=tuple(tuple(map(int, row)) for row in confusion),
    )


def _threshold(given: Sequence[Given]) -> float:
    """The lowest score from which on visits may be called urgent with a specificity of at least `SPECIFICITY`."""
    urgent = [g.gold >= URGENT for g in given]
    if all(urgent) or not any(urgent):
        return float(URGENT)
    false_rate, _, thresholds = roc_curve(urgent, [g.score for g in given], drop_intermediate=False)
    return float(thresholds[false_rate <= 1 - SPECIFICITY + 1e-9].min())


def _kappa(confusion: Counts) -> Agreement:
    """Kappa of a confusion matrix, with its interval."""
    value = float(kappas(confusion[np.newaxis])[0])
    if np.isnan(value):
        return Agreement(value=None, low=None, high=None)
    counts = confusion.reshape(-1)
    draws = np.random.default_rng(_SEED).multinomial(counts.sum(), counts / counts.sum(), size=_RESAMPLES)
    low, high = np.nanpercentile(kappas(draws.reshape(-1, *confusion.shape)), [2.5, 97.5])
    return Agreement(value=value, low=float(low), high=float(high))


def kappas(confusions: Counts) -> Counts:
    """Cohen's kappa with quadratic weights (Psychol Bull 1968;70:213-220) of each matrix; NaN where undefined.

    scikit-learn's `cohen_kappa_score` says the same of one matrix, too slowly for thousands of resamples.
    """
    rows, columns = np.indices(confusions.shape[1:])
    weights = (rows - columns) ** 2
    expected = np.einsum("ni,nj->nij", confusions.sum(axis=2), confusions.sum(axis=1))
    by_chance = (expected * weights).sum(axis=(1, 2)) / confusions.sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        made: Counts = 1 - (confusions * weights).sum(axis=(1, 2)) / by_chance
    return made
