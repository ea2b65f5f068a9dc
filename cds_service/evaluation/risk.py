"""The risk of re-identification on data that anybody has: the project's synthetic cases, or FHIR Bundles.

Only the structured fields pass the gate here: the classes rest on codes, age, sex, place and year, so names of problems
are left as they are and nothing that is made here may leave the machine but the report.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from anonymization.deidentified import DeidentifiedCase
from anonymization.errors import PolicyError
from anonymization.policy import packaged_policy
from anonymization.structured import structure
from cds_service.chart import case_of, hook_call
from cds_service.evaluation.charts import WHOLE_CHARTS, newest_time, patient_bundles
from cds_service.evaluation.files import find, read
from cds_service.export.risk import Subject, subject_of
from fhir_mappers.case import Case
from fhir_mappers.errors import MappingError
from fhir_mappers.mapping import map_case

POLICY = "safe-harbor-exports"


def people_of(path: Path) -> Iterator[Subject]:
    """The persons of a file that ``cds-service data synth`` wrote, or of the FHIR Bundles in a folder.

    What cannot be read or may not be used is passed over.
    """
    if path.is_dir():
        yield from _of_bundles(path)
        return
    for entry in read(path):
        if isinstance(entry, dict) and {"id", "request", "at", "gold"} <= entry.keys():
            yield of_synthetic(entry)


def of_synthetic(entry: Mapping[str, Any]) -> Subject:
    """The person of one line, with the authored priority as what is sensitive."""
    at = datetime.fromisoformat(entry["at"])
    case = case_of(hook_call(entry["request"]), {}, at, WHOLE_CHARTS)
    return _subject(entry["id"], case, at, f"priority: {entry['gold']['priority']}")


def _of_bundles(folder: Path) -> Iterator[Subject]:
    for path in find(folder):
        for bundle, patient in patient_bundles(path):
            now = newest_time(bundle)
            try:
                case = map_case({"chart": bundle}, patient_id=patient, encounter_id=None, now=now, limits=WHOLE_CHARTS)
                yield _subject(f"{path.name} {patient}", case, now)
            except (MappingError, PolicyError):
                continue


def _subject(code: str, case: Case, at: datetime, *sensitive: str) -> Subject:
    done = structure(case, packaged_policy(POLICY))
    person = DeidentifiedCase(
        subject=code,
        age=done.age,
        sex=done.sex,
        pregnant=done.pregnant,
        region=done.region,
        facts=tuple(fact.finish(fact.name, fact.text) for fact in done.facts),
    )
    return subject_of(code, [person], year=str(at.year), sensitive=sensitive)
