"""Charts through the gate, as the hook sends them: how many it refuses and how long it takes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from anonymization.errors import GateRefused
from anonymization.gate import Gate
from cds_service.evaluation.deid.intervals import Share, percentile, wilson
from cds_service.evaluation.files import find, read
from fhir_mappers.case import Case
from fhir_mappers.dates import when
from fhir_mappers.errors import MappingError
from fhir_mappers.limits import Limits
from fhir_mappers.mapping import map_case

STEP = "charts"
_TIMEOUT_S = 60.0  # a chart counts as refused for what it holds, not because the machine is busy
_LIMITS = Limits(max_entries=20_000, max_text_chars=10_000_000, max_total_nodes=10_000_000)
_TIME = re.compile(r'"(\d{4}-\d{2}-\d{2}T[^"]{5,30})"')
_FALLBACK = datetime(2025, 1, 1, tzinfo=UTC)


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
    files = find(folder)
    if most is not None and most < len(files):
        files = [files[number * len(files) // most] for number in range(most)]
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


def patient_bundles(path: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """Bundles with the id of their first patient."""
    for document in read(path):
        if isinstance(document, dict) and document.get("resourceType") == "Bundle":
            patient = next((i for i in map(_patient_id, document.get("entry") or ()) if i is not None), None)
            if patient is not None:
                yield document, patient


def _patient_id(entry: Any) -> str | None:
    resource = entry.get("resource") if isinstance(entry, dict) else None
    if not isinstance(resource, dict) or resource.get("resourceType") != "Patient":
        return None
    found = resource.get("id") or entry.get("fullUrl")
    return found if isinstance(found, str) else None


def _case(bundle: dict[str, Any], patient: str) -> Case | None:
    try:
        return map_case(
            {"chart": bundle}, patient_id=patient, encounter_id=None, now=newest_time(bundle), limits=_LIMITS
        )
    except MappingError:
        return None


def newest_time(bundle: dict[str, Any]) -> datetime:
    """A minute after the newest believable time in the chart, so that no chart is read as years old."""
    moments = [w.start for w in map(when, _TIME.findall(json.dumps(bundle))) if w is not None]
    past = [m for m in moments if m.year < 2100]
    return max(past) + timedelta(minutes=1) if past else _FALLBACK
