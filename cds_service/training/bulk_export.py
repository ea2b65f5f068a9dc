"""A made-up Bulk Data export, to measure an import on: synthetic patients in files by type, as a server writes them.

A patient's resources lie in different files, shuffled. A visit is finished and, for two thirds of the patients, has the
triage level that the author of the case gave, as an Emergency Severity Index.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from cds_service.domain import Priority
from cds_service.sample.resources import note
from cds_service.settings import Setting
from cds_service.training.notes.generate import generate
from cds_service.training.synth.case import SyntheticCase
from cds_service.training.synth.generate import cases
from cds_service.training.synth.requests import request

LEVELS = {Priority.CRITICAL: 1, Priority.HIGH: 2, Priority.MEDIUM: 3, Priority.LOW: 4}
TRIAGE_NOTE = {"coding": [{"system": "http://loinc.org", "code": "54094-8"}], "text": "Triage note"}
NOTES = 2
"""Earlier notes of each patient, beside those of the case."""

PARTS = 3
"""Files of each type: an export splits what is large."""


def write_export(folder: Path, *, patients: int, seed: int, show: Callable[[float], None]) -> int:
    """Write the export of `patients` patients; how many resources it holds. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)  # noqa: S311 - made-up people, no secret
    written = 0
    with ExitStack() as stack:
        files: dict[str, TextIO] = {}
        for number, case in enumerate(islice(cases(seed, Setting.ED), patients), start=1):
            for resource in _resources(case, rng):
                name = f"{resource['resourceType']}.{rng.randrange(PARTS):03d}.ndjson"
                if name not in files:
                    files[name] = stack.enter_context((folder / name).open("w", encoding="utf-8"))
                files[name].write(json.dumps(resource, ensure_ascii=False, separators=(",", ":")) + "\n")
                written += 1
            show(number / patients)
    return written


def _resources(case: SyntheticCase, rng: random.Random) -> Iterator[dict[str, Any]]:
    prefetch = request(case)["prefetch"]
    subject = {"reference": f"Patient/{case.id}"}
    for key, value in prefetch.items():
        entries = [value] if value.get("resourceType") != "Bundle" else [e["resource"] for e in value.get("entry", [])]
        for place, resource in enumerate(entries, start=1):
            if key in {"patient", "encounter"}:
                yield _finished(resource, case) if key == "encounter" else resource
                continue
            triage = {"type": TRIAGE_NOTE} if resource["resourceType"] == "DocumentReference" else {}
            yield resource | triage | {"id": f"{case.id}-{key}-{place}"}
    for place, written in enumerate(generate(NOTES, seed=rng.randrange(1 << 30), family="held-out", kind="note")):
        at = case.at - timedelta(days=30 * (place + 1))
        yield note(written.text, at) | {"id": f"{case.id}-note-{place}", "subject": subject}
    if rng.random() < 2 / 3:
        code = {"coding": [{"system": "http://loinc.org", "code": "75636-1"}]}
        yield {
            "resourceType": "Observation", "id": f"{case.id}-level", "status": "final", "code": code,
            "subject": subject, "encounter": {"reference": f"Encounter/{case.id}-visit"},
            "effectiveDateTime": case.at.isoformat(), "valueInteger": LEVELS[case.priority],
        }  # fmt: skip


def _finished(encounter: dict[str, Any], case: SyntheticCase) -> dict[str, Any]:
    start = min(case.at.isoformat(), encounter.get("period", {}).get("start", case.at.isoformat()))
    return encounter | {"status": "finished", "period": {"start": start}}
