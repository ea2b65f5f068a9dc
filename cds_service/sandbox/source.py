"""Where the sandbox gets a patient's data from: files or a FHIR server, behind one face."""

from __future__ import annotations

from typing import Any, Protocol

from cds_service.sandbox.errors import SandboxError
from hooks.prefetch import Query


class NotFilled(SandboxError):
    """A query cannot be answered; the message says why. Its prefetch key is left out, which tells the service so."""


class FhirSource(Protocol):
    """Answers FHIR reads and searches as an EHR's server would."""

    def answer(self, query: Query) -> dict[str, Any] | None:
        """The resource of a read (None: there is none) or the searchset Bundle of a search. Raises NotFilled."""
        ...


def newest_encounter(source: FhirSource, patient_id: str) -> str | None:
    """The id of the patient's newest encounter, if there is one."""
    found = found_by(source, "Encounter", patient=patient_id, _sort="-date", _count="1")
    return str(found[0]["id"]) if found and isinstance(found[0].get("id"), str) else None


def found_by(source: FhirSource, resource_type: str, **parameters: str) -> list[dict[str, Any]]:
    """The resources of one search; none where the source cannot answer it."""
    try:
        bundle = source.answer(Query(resource_type=resource_type, parameters=tuple(parameters.items()))) or {}
    except NotFilled:
        return []
    entries = bundle.get("entry")
    resources = (
        [entry.get("resource") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    )
    return [r for r in resources if isinstance(r, dict) and r.get("resourceType") == resource_type]
