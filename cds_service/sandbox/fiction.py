"""The fictional patient that is used where no other is given, with something for every hook of the library."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cds_service.sample.chart import ENCOUNTER_ID, PATIENT_ID, request_body
from cds_service.sandbox.fhir_files import FhirFiles

USER = "Practitioner/example"
_RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
_SNOMED = "http://snomed.info/sct"


def fictional_files(now: datetime) -> FhirFiles:
    """The sample chart of `PATIENT_ID`, with draft and active orders and a proposed appointment."""
    chart = list(request_body(now)["prefetch"].values())
    day = now.date().isoformat()
    return FhirFiles([*chart, *_orders(day), _appointment(day)])


def _orders(day: str) -> list[dict[str, Any]]:
    ibuprofen = {"medicationCodeableConcept": _coded(_RXNORM, "5640", "ibuprofen")}
    ecg = {"code": _coded(_SNOMED, "268400002", "12 lead ECG")}
    return [
        _order("MedicationRequest", "fiction-draft-medication", "draft", day) | ibuprofen,
        _order("MedicationRequest", "fiction-active-medication", "active", day) | ibuprofen,
        _order("ServiceRequest", "fiction-draft-ecg", "draft", day) | ecg,
        _order("ServiceRequest", "fiction-active-ecg", "active", day) | ecg,
    ]


def _order(resource_type: str, name: str, status: str, day: str) -> dict[str, Any]:
    return {
        "resourceType": resource_type,
        "id": name,
        "status": status,
        "intent": "order",
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
        "encounter": {"reference": f"Encounter/{ENCOUNTER_ID}"},
        "requester": {"reference": USER},
        "authoredOn": day,
    }


def _appointment(day: str) -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        "id": "fiction-appointment",
        "status": "proposed",
        "reasonCode": [{"text": "Follow-up"}],
        "start": f"{day}T14:00:00Z",
        "end": f"{day}T14:15:00Z",
        "participant": [{"actor": {"reference": f"Patient/{PATIENT_ID}"}, "status": "needs-action"}],
    }


def _coded(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}
