"""What folders of FHIR files map to and lose: resources read, used, refused and why.

Each file (`cds_service.evaluation.files`) is taken as the chart of each patient in it: a resource, a Bundle, a list,
NDJSON, a CDS Hooks request or a ``{"data": […]}`` request. Resources sent without a Patient get a bare one with the id
that their subject names. The clock is set to the newest time written in the chart, so that old test data are not judged
by today's date.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from cds_service.evaluation.charts import WHOLE_CHARTS, newest_time
from cds_service.evaluation.files import find, read
from fhir_mappers.case import REFUSAL_REASONS, Case
from fhir_mappers.errors import MappingError
from fhir_mappers.mapping import map_case
from fhir_mappers.r4 import READ_TYPES

_SUBJECT = re.compile(r'"(?:subject|patient)": \{"reference": "Patient/([A-Za-z0-9.-]{1,64})"')

COLUMNS = (
    "folder", "files", "no JSON", "no patient", "charts", "with bare patient", "read", "used", "refused",
    "ms per resource", "refused why",
)  # fmt: skip

Chart = tuple[str, str | None, dict[str, object]]
"""Patient id, encounter id, prefetch."""


@dataclass(kw_only=True)
class Row:
    """One folder.

    `without_patient`: files and charts with no usable Patient. `bare_patients`: charts that got a bare Patient.
    `read`: resources of the types that are read; `refused`: resources and parts, of other types too, by reason.
    """

    folder: str
    files: int = 0
    unreadable: int = 0
    without_patient: int = 0
    bare_patients: int = 0
    cases: int = 0
    read: int = 0
    used: int = 0
    seconds: float = 0.0
    refused: Counter[str] = field(default_factory=Counter)
    facts: Counter[str] = field(default_factory=Counter)

    @property
    def ms_per_resource(self) -> float:
        """Mean time of mapping one received resource, in milliseconds."""
        return 1000 * self.seconds / self.read if self.read else 0.0

    def add(self, case: Case, seconds: float) -> None:
        """Count one mapped chart."""
        self.cases += 1
        self.seconds += seconds
        self.read += sum(count for name, count in case.read.items() if name in READ_TYPES)
        self.used += len(case.sources)
        self.refused.update(r.reason for r in case.refused)
        self.facts.update(
            problems=len(case.problems),
            complaints=len(case.complaints),
            rounds=len(case.vitals),
            labs=sum(len(s.results) for s in case.labs),
            medications=len(case.medications),
            allergies=len(case.allergies),
            documents=len(case.documents),
            intake=len(case.intake),
            identifiers=len(case.identifiers),
        )


def survey(folder: Path) -> list[Row]:
    """A row for each sub-folder of `folder` that holds FHIR files, and one for the files directly in it."""
    folders = [folder, *sorted(p for p in folder.iterdir() if p.is_dir())]
    rows = [survey_files(f.name, files) for f in folders if (files := find(f, deep=f != folder))]
    return [row for row in rows if row.files]


def survey_files(name: str, files: Iterable[Path]) -> Row:
    """Map every chart in `files`."""
    row = Row(folder=name)
    for path in files:
        row.files += 1
        documents = list(read(path))
        if not documents:
            row.unreadable += 1
            continue
        charts = _charts_of(documents)
        if not charts:
            charts = _bare_charts(documents)
            row.bare_patients += len(charts)
        if not charts:
            row.without_patient += 1
        for patient_id, encounter_id, prefetch in charts:
            started = perf_counter()
            try:
                case = map_case(
                    prefetch,
                    patient_id=patient_id,
                    encounter_id=encounter_id,
                    now=newest_time(prefetch),
                    limits=WHOLE_CHARTS,
                )
            except MappingError:
                row.without_patient += 1
            else:
                row.add(case, perf_counter() - started)
    return row


def render(rows: Iterable[Row], write: Callable[[str], None]) -> None:
    """Write the rows as a Markdown table."""
    write("| " + " | ".join(COLUMNS) + " |")
    write("|---|" + "---:|" * (len(COLUMNS) - 2) + "---|")
    for row in rows:
        why = ", ".join(f"{reason} {count}" for reason, count in row.refused.most_common())
        refused, speed = sum(row.refused.values()), f"{row.ms_per_resource:.2f}"
        cells = (row.folder, row.files, row.unreadable, row.without_patient, row.cases, row.bare_patients, row.read)
        write("| " + " | ".join(map(str, (*cells, row.used, refused, speed, why))) + " |")
    write("")
    for reason, meaning in REFUSAL_REASONS.items():
        write(f"- {reason}: {meaning}")


def _charts_of(documents: list[Any]) -> list[Chart]:
    """Charts of a file: each Bundle or request by itself, loose resources (NDJSON) together."""
    loose = [d for d in documents if not _is_whole(d)]
    return [chart for d in (*filter(_is_whole, documents), loose) for chart in _charts(d)]


def _is_whole(document: Any) -> bool:
    if not isinstance(document, dict):
        return isinstance(document, list)
    return document.get("resourceType") == "Bundle" or "prefetch" in document or "data" in document


def _charts(document: Any) -> list[Chart]:
    """(patient id, encounter id, prefetch) of each chart in a document."""
    if isinstance(document, dict) and isinstance(document.get("prefetch"), dict):
        context = document.get("context")
        context = context if isinstance(context, dict) else {}
        patient_id = context.get("patientId")
        if isinstance(patient_id, str):
            encounter_id = context.get("encounterId")
            return [(patient_id, encounter_id if isinstance(encounter_id, str) else None, document["prefetch"])]
        return [(pid, None, document["prefetch"]) for pid in _patients(list(document["prefetch"].values()))]
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        document = document["data"]
    return [(patient_id, None, {"all": document}) for patient_id in _patients(document)]


def _bare_charts(documents: list[Any]) -> list[Chart]:
    """Charts around the subjects that resources without a Patient name."""
    subjects = dict.fromkeys(_SUBJECT.findall(json.dumps(documents)))
    return [(s, None, {"patient": {"resourceType": "Patient", "id": s}, "all": documents}) for s in subjects]


def _patients(document: Any) -> list[str]:
    """Ids (or Bundle URLs) of the Patient resources in a document, each once."""
    found: dict[str, None] = {}
    stack: list[tuple[Any, Any]] = [(document, None)]
    while stack:
        value, url = stack.pop()
        if isinstance(value, list):
            stack.extend((item, None) for item in reversed(value))
        elif isinstance(value, dict) and value.get("resourceType") == "Bundle":
            entries = value.get("entry")
            for entry in reversed(entries if isinstance(entries, list) else []):
                entry = entry if isinstance(entry, dict) else {}
                stack.append((entry.get("resource"), entry.get("fullUrl")))
        elif isinstance(value, dict) and value.get("resourceType") == "Patient":
            name = value.get("id") or url
            if isinstance(name, str):
                found.setdefault(name)
    return list(found)
