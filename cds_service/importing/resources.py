"""The resources in a document, each with its id and whose it is. Bundles of any kind are opened."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cds_service.importing.problems import Problems
from cds_service.importing.sources import Document, too_deep
from fhir_mappers.consent import patient_of
from fhir_mappers.dates import when
from fhir_mappers.r4 import READ_TYPES, known_type
from fhir_mappers.received import SUPPORTING_TYPES
from fhir_mappers.references import bare_id, target_type
from hooks.context import FHIR_ID

Resource = dict[str, Any]

SHARED = SUPPORTING_TYPES - {"RelatedPerson", "CareTeam"} | {"Medication"}
"""Types that belong to no patient: whoever points to them has them in the chart."""

LINKS = frozenset({"List", "Composition", "EpisodeOfCare"})
"""Read because a security label on them reaches what they hold (`fhir_mappers.labels`)."""

KEPT = frozenset(READ_TYPES) | SUPPORTING_TYPES | LINKS | {"Coverage", "Consent"}
"""Types that are read. Others of FHIR are counted and passed over."""

_OWNERS = ("subject", "patient", "beneficiary")
_LONGEST_ID = 64
_BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Found:
    """A resource. `patient`: the id of whose it is, None for a shared one; `labelled`: its Bundle restricts it.

    `text`: the resource as JSON. `gone`: the server says that it was deleted, and there is no text.
    """

    place: str
    type: str
    id: str
    patient: str | None = field(repr=False)
    text: bytes = field(default=b"", repr=False)
    updated: datetime = _BEGINNING
    gone: bool = False

    @property
    def reference(self) -> str:
        """``Type/id``."""
        return f"{self.type}/{self.id}"


class Opener:
    """Opens documents. `passed_over`: how many resources of each type were not read, by type."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self.passed_over: dict[str, int] = {}
        self.documents = 0

    def resources(self, document: Document) -> Iterator[Found]:
        """The resources in `document`; what cannot be used is a problem and costs itself."""
        value = document.value
        if "resourceType" not in value and isinstance(value.get("output"), list):
            return  # the manifest of a Bulk Data export: see `manifest`
        self.documents += 1
        if value.get("resourceType") == "Bundle":
            yield from self._of_bundle(document)
        else:
            yield from self._one(document.place, value, document.raw, None)

    def _of_bundle(self, document: Document) -> Iterator[Found]:
        entries = document.value.get("entry", [])
        if not isinstance(entries, list):
            self._problems.add(document.place, "unread-consent")  # nobody can tell what is in it
            return
        names = _names(entries)
        label = [c for c in _list(document.value.get("meta"), "security") if isinstance(c, dict)]
        for number, entry in enumerate(entries, start=1):
            place = f"{document.place}, entry {number}"
            request = entry.get("request") if isinstance(entry, dict) else None
            if isinstance(request, dict) and request.get("method") == "DELETE":
                yield from self._deleted(place, request.get("url"))
                continue
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if not isinstance(resource, dict):
                self._problems.add(place, "not-a-resource")
                continue
            url = entry.get("fullUrl")
            if too_deep(resource):
                self._problems.add(place, "unread-consent" if _may_be_consent(resource) else "too-deep")
                continue
            if names:
                resource = _renamed(resource, names)
            if label:
                resource = _labelled(resource, label)
            yield from self._one(place, resource, None, url if isinstance(url, str) else None)

    def _deleted(self, place: str, url: object) -> Iterator[Found]:
        kind, _, name = str(url).rstrip("/").rpartition("/")
        kind = kind.rsplit("/", 1)[-1]
        if known_type(kind) == "unknown" or not FHIR_ID.match(name):
            self._problems.add(place, "not-a-resource")
        else:
            yield Found(place=place, type=kind, id=name, patient=None, gone=True)

    def _one(self, place: str, resource: Resource, raw: bytes | None, url: str | None) -> Iterator[Found]:
        name = resource.get("resourceType")
        if name == "Bundle":
            yield from self._of_bundle(Document(place=place, value=resource))
            return
        reason = _fault(resource)
        kind = known_type(name)
        if reason is None and kind not in KEPT:
            self.passed_over[kind] = self.passed_over.get(kind, 0) + 1
            return
        named = None if reason else _id_of(resource, url)
        owner = None if named is None else _owner(resource, named)
        if reason is None and named is None:
            reason = "bad-id"
        if reason is None and owner is None and kind not in SHARED:
            reason = "no-patient"
        if _is_consent(resource) and (reason or owner != patient_of(resource)):
            reason = "unread-consent"
        if reason is not None or named is None:
            self._problems.add(place, reason or "bad-id")
            return
        if resource.get("id") != named or raw is None:
            raw = json.dumps(resource | {"id": named}, ensure_ascii=False, separators=(",", ":")).encode()
        updated = when(_value(resource.get("meta"), "lastUpdated"))
        yield Found(
            place=place,
            type=kind,
            id=named,
            patient=None if kind in SHARED else owner,
            text=raw,
            updated=_BEGINNING if updated is None else updated.start.astimezone(UTC),
        )


def _fault(resource: Resource) -> str | None:
    name = resource.get("resourceType")
    if not isinstance(name, str):
        return "not-a-resource"
    if name == "OperationOutcome":
        return "server-error"
    if known_type(name) == "unknown":
        return "unknown-type"
    return "too-deep" if too_deep(resource) else None


def _may_be_consent(resource: Resource) -> bool:
    """Also a Bundle within a Bundle: it may hold one."""
    return resource.get("resourceType") in ("Consent", "Bundle")


def _is_consent(resource: Resource) -> bool:
    return resource.get("resourceType") == "Consent"


def _id_of(resource: Resource, url: str | None) -> str | None:
    """The id; without one the end of its full URL, or a name by its content. None for one that FHIR does not allow."""
    named = resource.get("id")
    if named is None:
        content = json.dumps(resource, sort_keys=True, ensure_ascii=True).encode()
        named = bare_id(url) if url else f"no-id-{hashlib.sha256(content).hexdigest()[:32]}"
    return named if isinstance(named, str) and FHIR_ID.match(named) else None


def _owner(resource: Resource, named: str) -> str | None:
    """The id of the patient that the resource is about."""
    if resource["resourceType"] == "Patient":
        return named
    for element in _OWNERS:
        reference = resource.get(element)
        if isinstance(reference, dict) and isinstance(reference.get("reference"), str):
            if target_type(reference) == "Patient" and "?" not in reference["reference"]:
                name = bare_id(reference["reference"])
                return name if FHIR_ID.match(name) else None
            return None
    return None


def _names(entries: list[Any]) -> dict[str, str]:
    """``Type/id`` by full URL, for the full URLs that nothing else explains."""
    names = {}
    for entry in entries:
        url = entry.get("fullUrl") if isinstance(entry, dict) else None
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(url, str) and url.startswith("urn:") and isinstance(resource, dict):
            named = _id_of(resource, url) if "id" in resource else bare_id(url)
            names[url] = f"{resource.get('resourceType')}/{named}"
    return names


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


def _labelled(resource: Resource, label: list[Any]) -> Resource:
    """`resource` with the labels of its Bundle, which restrict every part of it."""
    meta = resource.get("meta")
    kept = meta if isinstance(meta, dict) else {}
    return resource | {"meta": {**kept, "security": [*_list(kept, "security"), *label]}}


def _list(holder: object, name: str) -> list[Any]:
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, list) else []


def _value(holder: object, name: str) -> object:
    return holder.get(name) if isinstance(holder, dict) else None
