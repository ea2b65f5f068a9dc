"""What each hook of the CDS Hooks library asks for in its context, and a context built from a patient's data.

Source: HL7 CDS Hooks library, package 1.0.1 (checklist section H).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from cds_service.sandbox.errors import NothingForHook
from cds_service.sandbox.source import FhirSource, found_by

ORDERS = ("MedicationRequest", "ServiceRequest", "DeviceRequest", "NutritionOrder", "VisionPrescription")


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Who looks at whose chart, and where the chart is."""

    user_id: str
    patient_id: str
    encounter_id: str | None
    source: FhirSource


Field = Callable[[Visit], Any]
"""Makes the value of one context field. Raises NothingForHook when the data hold nothing for it."""


@dataclass(frozen=True, kw_only=True)
class Hook:
    """One hook of the library.

    `version`: as published. `required`: its required fields and what makes their values. `optional`: fields that the
    sandbox adds when it can. `tokens`: fields that prefetch tokens may name.
    """

    version: str
    required: Mapping[str, Field]
    optional: tuple[str, ...] = ("encounterId",)
    tokens: tuple[str, ...] = ("userId", "patientId", "encounterId")


def context_for(hook: str, visit: Visit) -> dict[str, Any]:
    """The context of `hook`; a hook that is not in the library gets the fields of ``patient-view``.

    Raises NothingForHook.
    """
    known = HOOKS.get(hook, HOOKS["patient-view"])
    context = {name: make(visit) for name, make in known.required.items()}
    more = {"userId": visit.user_id, "encounterId": visit.encounter_id}
    return context | {name: more[name] for name in known.optional if more[name] is not None}


def _encounter(visit: Visit) -> str:
    if visit.encounter_id is None:
        raise NothingForHook("The data hold no Encounter of this patient (name one with --encounter).")
    return visit.encounter_id


def _bundle_of(what: str, *types: str, **parameters: str) -> Field:
    """Makes a Bundle of the patient's resources of these types with these search parameters."""

    def make(visit: Visit) -> dict[str, Any]:
        resources = _some(visit, what, types, parameters)
        return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]}

    return make


def _first_of(what: str, resource_type: str) -> Field:
    return lambda visit: _some(visit, what, (resource_type,), {})[0]


def _names_of(what: str, *types: str, **parameters: str) -> Field:
    return lambda visit: [f"{r['resourceType']}/{r.get('id')}" for r in _some(visit, what, types, parameters)]


def _some(visit: Visit, what: str, types: tuple[str, ...], parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    found = [
        resource
        for resource_type in types
        for resource in found_by(visit.source, resource_type, patient=visit.patient_id, **parameters)
    ]
    if not found:
        raise NothingForHook(f"The data hold no {what} of this patient, so this hook cannot fire.")
    return found


_USER: Mapping[str, Field] = {"userId": lambda visit: visit.user_id}
_PATIENT: Mapping[str, Field] = {"patientId": lambda visit: visit.patient_id}
_BOTH = {**_USER, **_PATIENT}
_PERFORMER: Mapping[str, Field] = {"performer": lambda _: "Organization/example-performer"}
_DRAFTS = _bundle_of("draft order", *ORDERS, status="draft")
_DRAFT_NAMES = _names_of("draft order", *ORDERS, status="draft")

HOOKS: Mapping[str, Hook] = MappingProxyType(
    {
        "patient-view": Hook(version="1.0", required=_BOTH),
        "order-sign": Hook(version="1.0", required={**_BOTH, "draftOrders": _DRAFTS}),
        "order-select": Hook(version="1.0", required={**_BOTH, "selections": _DRAFT_NAMES, "draftOrders": _DRAFTS}),
        "order-dispatch": Hook(
            version="1.1",
            required={
                **_PATIENT,
                "dispatchedOrders": _names_of("active service request", "ServiceRequest", status="active"),
                **_PERFORMER,
            },
            optional=(),
            tokens=("patientId", "dispatchedOrders", "performer"),
        ),
        "appointment-book": Hook(
            version="1.0",
            required={**_BOTH, "appointments": _bundle_of("proposed appointment", "Appointment", status="proposed")},
        ),
        "encounter-start": Hook(version="1.0", required={**_BOTH, "encounterId": _encounter}, optional=()),
        "encounter-discharge": Hook(version="1.0", required={**_BOTH, "encounterId": _encounter}, optional=()),
        "allergyintolerance-create": Hook(
            version="0.1.0", required={**_BOTH, "allergyIntolerance": _first_of("allergy", "AllergyIntolerance")}
        ),
        "problem-list-item-create": Hook(
            version="0.1.0", required={**_BOTH, "conditions": _bundle_of("condition", "Condition")}
        ),
        "medication-refill": Hook(
            version="0.1.0",
            required={**_PATIENT, "medications": _bundle_of("active medication", "MedicationRequest", status="active")},
            optional=("userId", "encounterId"),
        ),
        "medication-verify": Hook(
            version="0.1.0", required={**_BOTH, "medication": _first_of("medication request", "MedicationRequest")}
        ),
        "medication-prescribe": Hook(
            version="1.0",
            required={**_BOTH, "medications": _bundle_of("draft medication", "MedicationRequest", status="draft")},
        ),
        "order-review": Hook(version="1.0", required={**_BOTH, "orders": _DRAFTS}),
    }
)
"""Every hook of the library, the deprecated ones too (medication-prescribe, order-review)."""
