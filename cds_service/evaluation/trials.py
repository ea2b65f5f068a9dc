"""What to post to a service from folders of test data, and what each answer is worth.

Every JSON document but FHIR is posted as it is, good request or not. Every FHIR resource and Bundle in it is posted in
a good ``patient-view``: a Patient as the patient, others under a fitting key beside a bare fictional Patient with the
id that their subject names.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeGuard

from cds_service.evaluation import files
from fhir_mappers.references import bare_id
from hooks.context import FHIR_ID
from hooks.response import problems

NOBODY = "fictional-1"
USER = "Practitioner/fictional-nurse"
MOST_PATIENTS = 100
"""Patients of one document who get a call each."""

KEYS: Mapping[str, str] = {
    # The prefetch key under which an EHR would send a resource of this type.
    "Patient": "patient", "Encounter": "encounter", "Condition": "conditions", "Observation": "observations",
    "MedicationRequest": "medicationRequests", "MedicationStatement": "medicationStatements",
    "AllergyIntolerance": "allergies", "DocumentReference": "documents", "DiagnosticReport": "reports",
    "QuestionnaireResponse": "intake", "Procedure": "procedures", "Immunization": "immunizations",
}  # fmt: skip
OTHER_KEY = "other"
SUBJECTS = ("subject", "patient", "beneficiary", "individual", "for", "source")
"""Elements that say whose a resource is."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One body to post. `name`: file, place in it and way of sending."""

    folder: str
    name: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back. `status` is None for a time-out or a broken connection; `faults`: what may never happen."""

    trial: Trial
    status: int | None
    milliseconds: float
    faults: tuple[str, ...] = ()


def trials(folder: Path, path: Path, *, each: bool = False) -> Iterator[Trial]:
    """The trials of the file `path` below `folder`; with `each` every entry of a Bundle by itself too."""
    place = path.relative_to(folder)
    area = "/".join((folder.name, *place.parts[:-1][:1]))
    raw = files.content(path)
    documents = list(files.documents(raw, lines=".json" not in path.suffixes))
    for number, (way, body) in enumerate(_bodies(raw, documents, each=each), start=1):
        yield Trial(folder=area, name=f"{place} #{number} {way}", body=body)


def faults(status: int, media_type: str, body: bytes) -> tuple[str, ...]:
    """What is wrong with an answer itself, whatever was asked; empty for a valid response or a clean refusal."""
    if status >= 500:
        return ("server error",)
    if 300 <= status < 400:
        return ("redirect",)
    try:
        answer = json.loads(body)
    except ValueError:
        return ("no JSON",)
    if media_type != "application/json":
        return ("not declared as JSON",)
    if status == 200:
        return problems(answer)
    outcome = isinstance(answer, dict) and answer.get("resourceType") == "OperationOutcome"
    return () if outcome else ("no OperationOutcome",)


@dataclass(kw_only=True)
class Row:
    """The answers of one folder."""

    folder: str
    answered: Counter[int] = field(default_factory=Counter)
    timeouts: int = 0
    milliseconds: list[float] = field(default_factory=list)
    faulty: list[Answer] = field(default_factory=list)

    def add(self, answer: Answer) -> None:
        """Count one answer."""
        if answer.status is None:
            self.timeouts += 1
        else:
            self.answered[answer.status] += 1
        self.milliseconds.append(answer.milliseconds)
        if answer.faults:
            self.faulty.append(answer)

    def as_json(self) -> dict[str, Any]:
        """The row for a program."""
        times = sorted(self.milliseconds)
        return {
            "folder": self.folder,
            "tried": len(times),
            "statuses": {str(status): count for status, count in sorted(self.answered.items())},
            "timeouts": self.timeouts,
            "redirects": sum(count for status, count in self.answered.items() if 300 <= status < 400),
            "invalid": sum(a.status == 200 or (a.status or 0) // 100 == 4 for a in self.faulty),
            "p50_ms": quantile(times, 0.5),
            "p95_ms": quantile(times, 0.95),
            "slowest_ms": quantile(times, 1.0),
            "faulty": [{"name": a.trial.name, "status": a.status, "faults": a.faults} for a in self.faulty],
        }


def quantile(ordered: list[float], share: float) -> float:
    """The value below which `share` of an ordered list lies (nearest rank); 0 for an empty one."""
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else 0.0


def _bodies(raw: bytes, documents: list[Any], *, each: bool) -> Iterator[tuple[str, bytes]]:
    """(way of sending, body) of everything in one file."""
    if len(documents) < 2 and not (documents and _is_fhir(documents[0])):
        yield "as it is", raw
    elif len(documents) > 1:
        yield from (("as it is", _bytes(d)) for d in documents if not _is_fhir(d))
    for document in documents:
        if isinstance(document, dict) and isinstance(document.get("prefetch"), dict):
            yield "as patient-view", _bytes(_as_patient_view(document))
        for resource in _resources(document, each=each):
            for patient_id in _whose(resource):
                yield f"{resource['resourceType']} in patient-view", _bytes(_wrapped(resource, patient_id))


def _bytes(document: Any) -> bytes:
    """JSON in UTF-8, or escaped where UTF-8 cannot hold it."""
    try:
        return json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(document).encode()


def _call(name: str, patient_id: str, prefetch: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "hook": "patient-view",
        "hookInstance": str(uuid.uuid5(uuid.NAMESPACE_OID, name)),
        "context": {"userId": USER, "patientId": patient_id},
        "prefetch": prefetch,
    }


def _as_patient_view(request: dict[str, Any]) -> dict[str, Any]:
    """The patient and prefetch of any hook's request in a ``patient-view``."""
    context = request.get("context")
    named = context.get("patientId") if isinstance(context, dict) else None
    prefetch = request["prefetch"]
    patient_id = named if isinstance(named, str) and _is_id(bare_id(named)) else next(_whose(list(prefetch.values())))
    patient = {"resourceType": "Patient", "id": bare_id(patient_id)}
    held = bare_id(patient_id) in _patients(list(prefetch.values()))
    return _call(str(patient_id), patient_id, prefetch if held else {"patient": patient, **prefetch})


def _wrapped(resource: dict[str, Any], patient_id: str) -> dict[str, Any]:
    """One resource or Bundle beside its patient."""
    kind = resource["resourceType"]
    if kind == "Bundle":
        kind = next((r["resourceType"] for r in _entries(resource) if r["resourceType"] != "Patient"), "Bundle")
    patient = {"resourceType": "Patient", "id": patient_id}
    prefetch = {KEYS.get(kind, OTHER_KEY): resource}
    return _call(
        patient_id, patient_id, prefetch if patient_id in _patients(resource) else {"patient": patient} | prefetch
    )


def _is_fhir(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict) and isinstance(value.get("resourceType"), str)


def _is_id(value: str) -> bool:
    return FHIR_ID.match(value) is not None


def _resources(document: Any, *, each: bool) -> Iterator[dict[str, Any]]:
    """The outermost FHIR resources in a document, in order; with `each` the entries of Bundles too."""
    stack = [document]
    while stack:
        value = stack.pop()
        if _is_fhir(value):
            yield value
            if each and value["resourceType"] == "Bundle":
                stack += reversed(list(_entries(value)))
        elif isinstance(value, dict):
            stack += reversed(list(value.values()))
        elif isinstance(value, list):
            stack += reversed(value)


def _entries(bundle: dict[str, Any]) -> Iterator[dict[str, Any]]:
    entries = bundle.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if _is_fhir(resource):
            yield resource


def _flat(value: Any) -> Iterator[dict[str, Any]]:
    for resource in _resources(value, each=True):
        if resource["resourceType"] != "Bundle":
            yield resource


def _patients(value: Any) -> list[str]:
    """The ids of the Patients in a value, each once."""
    ids = (r.get("id") for r in _flat(value) if r["resourceType"] == "Patient")
    return list(dict.fromkeys(i for i in ids if isinstance(i, str) and _is_id(i)))


def _whose(value: Any) -> Iterator[str]:
    """The ids of the patients whom a value is about: those in it, else those that subjects name, else nobody's."""
    ids = _patients(value) or list(dict.fromkeys(filter(_is_id, map(_subject, _flat(value)))))
    yield from islice(ids or [NOBODY], MOST_PATIENTS)


def _subject(resource: dict[str, Any]) -> str:
    for element in SUBJECTS:
        value = resource.get(element)
        reference = value.get("reference") if isinstance(value, dict) else None
        if isinstance(reference, str):
            return bare_id(reference)
    return ""
