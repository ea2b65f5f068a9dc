"""`cds-service evaluate deid`: all parts in order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from anonymization.gate import Gate
from anonymization.policy import packaged_policy
from cds_service.evaluation.deid.charts import measure_charts
from cds_service.evaluation.deid.gold import GoldSet
from cds_service.evaluation.deid.presidio import PresidioDefaults
from cds_service.evaluation.deid.report import Report, SetReport
from cds_service.evaluation.deid.running import run_set
from cds_service.evaluation.deid.systems import OurGate, System
from cds_service.evaluation.deid.terms import Mention, measure_terms
from cds_service.evaluation.files import spread


def evaluate(
    sets: Sequence[GoldSet],
    show: Callable[[str, float], None],
    *,
    now: datetime,
    baseline: bool = True,
    mentions: Sequence[Mention] = (),
    charts: Sequence[Path] = (),
    limit: int | None = None,
    profile: str = "safe-harbor-prompts",
) -> Report:
    """Measure our gate under the policy `profile`, and with `baseline` Presidio's defaults beside it.

    `limit` bounds the documents of a set, the sentences with clinical terms and the files of a chart folder.
    """
    gate = Gate(packaged_policy(profile))
    mentions = spread(mentions, limit)
    with ExitStack() as stack:
        systems: list[System] = [OurGate(gate, now)]
        if baseline:
            systems.append(stack.enter_context(PresidioDefaults()))
        reports = []
        for gold in sets:
            chosen = gold.limited(limit)
            reports.append(SetReport(gold=chosen, results=tuple(run_set(chosen, systems, show))))
        return Report(
            made=now,
            systems={system.name: system.version for system in systems},
            sets=tuple(reports),
            terms=measure_terms(mentions, systems, show) if mentions else {},
            charts={str(_short(folder)): measure_charts(folder, gate, show, most=limit) for folder in charts},
        )


def _short(folder: Path) -> Path:
    """The last two parts of a path: enough to tell folders apart, and nothing of the machine."""
    return Path(*folder.resolve().parts[-2:])
