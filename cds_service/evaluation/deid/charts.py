"""Charts through the gate, as the hook sends them: how many it refuses and how long it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from anonymization.errors import GateRefused
from anonymization.gate import Gate
from cds_service.evaluation.charts import WHOLE_CHARTS, newest_time, patient_bundles
from cds_service.evaluation.files import find, spread
from cds_service.shares import Share, percentile, wilson
from fhir_mappers.case import Case
from fhir_mappers.errors import MappingError
from fhir_mappers.mapping import map_case

STEP = "charts"
_TIMEOUT_S = 60.0  # a chart counts as refused for what it holds, not because the machine is busy


@dataclass(frozen=True, kw_only=True)
class ChartSummary:
    """Charts refused, with the gate's `reasons`, and the milliseconds of `Gate.deidentify`.

    `unmapped`: Bundles with a patient that no case could be made of; they never reach the gate and are not counted.
    """

    refused: Share
    reasons: Mapping[str, int]
    unmapped: int
    ms_p50: float | None
    ms_p95: float | None


def measure_charts(
    folder: Path, gate: Gate, show: Callable[[str, float], None], *, most: int | None = None
) -> ChartSummary:
    """Every FHIR Bundle with a patient in the files below `folder`, or about `most` files of it, evenly spread."""
    files = spread(find(folder), most)
    reasons: Counter[str] = Counter()
    ms: list[float] = []
    unmapped = 0
    for number, path in enumerate(files, start=1):
        for bundle, patient in patient_bundles(path):
            case = _case(bundle, patient)
            if case is None:
                unmapped += 1
                continue
            start = perf_counter()
            try:
                gate.deidentify(case, subject="evaluation", timeout_s=_TIMEOUT_S)
            except GateRefused as refused:
                reasons[refused.reason] += 1
            ms.append(1000 * (perf_counter() - start))
        show(STEP, number / len(files))
    return summarise_charts(ms, reasons, unmapped)


def summarise_charts(ms: Sequence[float], reasons: Mapping[str, int], unmapped: int) -> ChartSummary:
    """The share refused of the charts whose times are `ms`."""
    return ChartSummary(
        refused=wilson(sum(reasons.values()), len(ms)),
        reasons=dict(sorted(reasons.items())),
        unmapped=unmapped,
        ms_p50=percentile(ms, 50),
        ms_p95=percentile(ms, 95),
    )


def _case(bundle: dict[str, Any], patient: str) -> Case | None:
    try:
        return map_case(
            {"chart": bundle}, patient_id=patient, encounter_id=None, now=newest_time(bundle), limits=WHOLE_CHARTS
        )
    except MappingError:
        return None
