"""What resources point to and the data do not hold: medicines of orders, and the texts of notes and reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cds_service.fhir_client.access import Json
from cds_service.fhir_client.links import read_of
from cds_service.outbound import BaseUrl
from fhir_mappers.documents import MARKED_UP, PLAIN, media_type_of
from fhir_mappers.fields import obj, objs
from hooks.prefetch import Query

_NESTING = 5
_ORDERS = ("MedicationRequest", "MedicationStatement")
_NOTES = ("DocumentReference", "DiagnosticReport")


def linked(prefetch: Mapping[str, Any], base: BaseUrl, patient_id: str) -> dict[Query, str]:
    """The reads that complete the patient's data, each with the key that it belongs to: medicines first, then texts."""
    found: dict[Query, str] = {}
    held: set[Query | None] = set()
    for key, value in prefetch.items():
        for resource, url in _resources(value):
            kind = resource.get("resourceType")
            if kind in ("Medication", "Binary"):
                held |= {read_of(base, f"{kind}/{resource.get('id')}"), read_of(base, url)}
            whose = read_of(base, obj(resource, "subject").get("reference"))
            if whose is not None and whose.id != patient_id:
                continue
            target = "Medication" if kind in _ORDERS else "Binary"
            for reference in _references(resource):
                query = read_of(base, reference)
                if query is not None and query.resource_type == target:
                    found.setdefault(query, key)
    missing = (query for query in found if query not in held)
    return {query: found[query] for query in sorted(missing, key=lambda query: query.resource_type == "Binary")}


def _resources(value: object, url: object = None, depth: int = 0) -> Iterator[tuple[Json, object]]:
    """The resources in a prefetch value, each with the full URL that its Bundle gives it."""
    if isinstance(value, list) and depth < _NESTING:
        for item in value:
            yield from _resources(item, None, depth + 1)
    elif isinstance(value, dict) and value.get("resourceType") == "Bundle" and depth < _NESTING:
        for entry in objs(value, "entry"):
            yield from _resources(entry.get("resource"), entry.get("fullUrl"), depth + 1)
    elif isinstance(value, dict):
        yield value, url


def _references(resource: Json) -> Iterator[object]:
    """What a resource points to and is not understood without."""
    kind = resource.get("resourceType")
    if kind in _ORDERS:
        yield obj(resource, "medicationReference").get("reference")
    elif kind in _NOTES:
        forms = [obj(content, "attachment") for content in objs(resource, "content")]
        for form in forms or objs(resource, "presentedForm"):
            if not form.get("data") and media_type_of(form) in PLAIN | MARKED_UP:
                yield form.get("url")
