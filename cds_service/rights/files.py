"""Files of FHIR Consents: NDJSON (a resource a line) or one Bundle, each resource with where it stands.

What is no Consent is passed over, what is no JSON is told with its line, and nothing but its line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cds_service.rights.errors import Unreadable

MAX_LINE = 8_000_000
"""Most characters of a line."""

MAX_FILE = 100_000_000
"""Most characters of a file that is one resource."""


_DEEPEST = 10
"""Bundles within each other."""


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A resource of a file. `resource` is None where the line cannot be read; `entry`: its place in a Bundle.

    Of a Bundle in a Bundle, `entry` is the place of the inner one. `patient`: id of its patient where only the Bundle
    says whom a reference means.
    """

    file: str
    line: int
    entry: int | None = None
    resource: dict[str, Any] | None = field(default=None, repr=False)
    patient: str | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """For people: file, line and entry."""
        return f"{self.file}:{self.line}" + ("" if self.entry is None else f" entry {self.entry}")


def read_file(path: Path) -> Iterator[Placed]:
    """The Consents of `path` in order, and the lines that cannot be read. Raises Unreadable."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            first = file.readline(MAX_LINE)
            named = path.suffix.lower() == ".json"
            if named or (first.strip() and not _is_json(first)):
                whole = first + file.read(MAX_FILE)
                if named or _is_json(whole):
                    yield from _of(Placed(file=path.name, line=1), whole)
                    return
            file.seek(0)
            number = 0
            while line := file.readline(MAX_LINE):
                number += 1
                if line.strip():
                    yield from _of(Placed(file=path.name, line=number), line)
    except OSError:
        raise Unreadable("The file of consents cannot be read: look at its name and its permissions.") from None


def _of(place: Placed, text: str) -> Iterator[Placed]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        yield place
    elif found.get("resourceType") == "Bundle":
        yield from _of_bundle(place, found)
    elif found.get("resourceType") == "Consent":
        yield Placed(file=place.file, line=place.line, resource=found)


def _of_bundle(place: Placed, bundle: dict[str, Any], depth: int = 1) -> Iterator[Placed]:
    """The Consents of a Bundle and of those in it. What has not the shape of one is told: an opt-out may be in it."""
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or depth > _DEEPEST:
        yield place
        return
    resources = [(e.get("fullUrl"), e.get("resource")) if isinstance(e, dict) else (None, None) for e in entries]
    patients = {
        url: r["id"]
        for url, r in resources
        if isinstance(url, str)
        and isinstance(r, dict)
        and r.get("resourceType") == "Patient"
        and isinstance(r.get("id"), str)
    }
    for number, (_, resource) in enumerate(resources, start=1):
        at = Placed(file=place.file, line=place.line, entry=place.entry or number)
        if not isinstance(resource, dict):
            yield at
        elif resource.get("resourceType") == "Bundle":
            yield from _of_bundle(at, resource, depth + 1)
        elif resource.get("resourceType") == "Consent":
            named = resource.get("patient")
            reference = named.get("reference") if isinstance(named, dict) else None
            patient = patients.get(reference) if isinstance(reference, str) else None
            yield replace(at, resource=resource, patient=patient)


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
