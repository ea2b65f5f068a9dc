"""Charts in files of test data: the Bundles with a patient, when they were written, and how much of one is read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cds_service.evaluation.files import read
from fhir_mappers.dates import when
from fhir_mappers.limits import Limits

WHOLE_CHARTS = Limits(max_entries=20_000, max_text_chars=10_000_000, max_total_nodes=10_000_000)
"""Test data are read whole, however large a chart is."""

_TIME = re.compile(r'"(\d{4}-\d{2}-\d{2}T[^"]{5,30})"')
_FALLBACK = datetime(2025, 1, 1, tzinfo=UTC)


def newest_time(chart: object) -> datetime:
    """A minute after the newest believable time in the chart, so that no chart is read as years old."""
    moments = [w.start for w in map(when, _TIME.findall(json.dumps(chart))) if w is not None]
    past = [m for m in moments if m.year < 2100]
    return max(past) + timedelta(minutes=1) if past else _FALLBACK


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
