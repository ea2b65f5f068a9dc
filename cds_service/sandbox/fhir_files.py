"""A small FHIR store in memory: FHIR R4 files read once, and reads and searches answered from them."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cds_service.sandbox.errors import BadPatientData
from cds_service.sandbox.search import search
from hooks.prefetch import Query

Resource = dict[str, Any]

BASE_URL = "https://sandbox.invalid/fhir"
"""The server that answers from files seem to come from; nobody can be reached there (RFC 2606)."""

SUFFIXES = (".json", ".ndjson", ".json.xz", ".ndjson.xz")


class FhirFiles:
    """Resources by type and id, in the order read; a later one replaces an earlier one of the same id."""

    def __init__(self, documents: Iterable[Any]) -> None:
        found = [pair for document in documents for pair in _resources(document)]
        names = {}
        self._resources: dict[str, dict[str, Resource]] = {}
        for place, (resource, url) in enumerate(found):
            named = resource | {"id": _id_of(resource, url, place)}
            if url:
                names[url] = f"{named['resourceType']}/{named['id']}"
            self._resources.setdefault(named["resourceType"], {})[named["id"]] = named
        if names:
            for of_type in self._resources.values():
                of_type.update({name: _renamed(resource, names) for name, resource in of_type.items()})

    @classmethod
    def read(cls, path: Path) -> FhirFiles:
        """The resources in a file, or in all FHIR files below a folder. Raises BadPatientData."""
        if path.is_dir():
            files = sorted(p for p in path.rglob("*") if p.is_file() and p.name.endswith(SUFFIXES))
            store = cls(document for file in files for document in _documents(file, strict=False))
        else:
            store = cls(_documents(path, strict=True))
        if not store.patients():
            raise BadPatientData(f"{path}: holds no FHIR Patient.")
        return store

    def patients(self) -> dict[str, str]:
        """All patients: id, and name and birth date to choose by."""
        return {name: _described(patient) for name, patient in self._resources.get("Patient", {}).items()}

    def answer(self, query: Query) -> Resource | None:
        """See `FhirSource`."""
        of_type = self._resources.get(query.resource_type, {})
        if query.id is not None:
            return of_type.get(query.id)
        matches, total = search(list(of_type.values()), query.parameters)
        bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": total}
        entries = [_entry(resource) for resource in matches]
        return bundle | ({"entry": entries} if entries else {})


def _described(patient: Resource) -> str:
    names = patient["name"] if isinstance(patient.get("name"), list) else []
    first = names[0] if names and isinstance(names[0], dict) else {}
    given = first["given"] if isinstance(first.get("given"), list) else []
    return " ".join(str(part) for part in (*given, first.get("family"), patient.get("birthDate")) if part)


def _entry(resource: Resource) -> Resource:
    url = f"{BASE_URL}/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": url, "resource": resource, "search": {"mode": "match"}}


def _documents(path: Path, *, strict: bool) -> Iterator[Any]:
    """The JSON documents in a file: one, or one a line. A file of a folder that is no JSON yields nothing."""
    try:
        raw = path.read_bytes()
        text = (lzma.decompress(raw) if path.suffix == ".xz" else raw).decode("utf-8-sig")
        yield from _parsed(text)
    except OSError as error:
        raise BadPatientData(f"{path}: cannot be read ({error.strerror}).") from None
    except (lzma.LZMAError, ValueError, RecursionError):
        if strict:
            raise BadPatientData(f"{path}: is neither JSON nor one JSON document a line.") from None


def _parsed(text: str) -> list[Any]:
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def _resources(document: Any, url: str | None = None) -> Iterator[tuple[Resource, str | None]]:
    """The resources in a document with their full URLs: Bundles of any type and arrays are opened."""
    if isinstance(document, list):
        for item in document:
            yield from _resources(item)
    elif isinstance(document, dict) and document.get("resourceType") == "Bundle":
        entries = document.get("entry")
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict):
                full_url = entry.get("fullUrl")
                yield from _resources(entry.get("resource"), full_url if isinstance(full_url, str) else None)
    elif isinstance(document, dict) and isinstance(document.get("resourceType"), str):
        yield document, url


def _id_of(resource: Resource, url: str | None, place: int) -> str:
    """The resource's id; without one the end of its full URL, or a name by its place."""
    if isinstance(resource.get("id"), str) and resource["id"]:
        return str(resource["id"])
    return url.replace(":", "/").rsplit("/", 1)[-1] if url else f"no-id-{place}"


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """`value` with each reference to a full URL of `names` as ``Type/id``."""
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: names.get(item, item) if key == "reference" and isinstance(item, str) else _renamed(item, names)
        for key, item in value.items()
    }
