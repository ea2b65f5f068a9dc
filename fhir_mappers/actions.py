"""FHIR R4 resources for card suggestions, made of plain values and validated before they leave.

They use only what R4 and R4B share, so they are valid for plain R4 servers too. Everything is a proposal: nothing is
ordered until a clinician accepts it in the EHR.
"""

from __future__ import annotations

from datetime import datetime

from fhir_mappers import r4
from fhir_mappers.fields import Json
from fhir_mappers.references import bare_id

PRIORITIES = ("routine", "urgent", "asap", "stat")
MAX_TEXT = 1000


REVIEWERS = {"nurse": ("106292003", "Nurse"), "physician": ("309343006", "Physician")}
"""SNOMED CT occupation code and name of those who may be asked to review."""


def review_task(
    patient_id: str,
    encounter_id: str | None,
    *,
    description: str,
    priority: str,
    authored_on: datetime,
    by: str = "nurse",
) -> Json:
    """A Task that proposes a review by one of `REVIEWERS`. Raises ValueError on bad values."""
    if by not in REVIEWERS:
        raise ValueError("a reviewer is one of " + ", ".join(REVIEWERS))
    code, name = REVIEWERS[by]
    task: Json = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "proposal",
        "priority": _priority(priority),
        "code": {"text": f"{name} review"},
        "description": _words(description),
        "for": _patient(patient_id),
        "authoredOn": _instant(authored_on),
        "performerType": [{"coding": [{"system": "http://snomed.info/sct", "code": code}], "text": name}],
    }
    return _checked(_at_encounter(task, encounter_id))


def service_request(
    patient_id: str,
    encounter_id: str | None,
    *,
    system: str,
    code: str,
    display: str,
    reason_text: str,
    authored_on: datetime,
    priority: str,
) -> Json:
    """A draft ServiceRequest that proposes a test, referral or visit. Raises ValueError on bad values."""
    request: Json = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "proposal",
        "priority": _priority(priority),
        "code": {"coding": [{"system": system, "code": code, "display": display}], "text": display},
        "subject": _patient(patient_id),
        "authoredOn": _instant(authored_on),
        "reasonCode": [{"text": _words(reason_text)}],
    }
    return _checked(_at_encounter(request, encounter_id))


def communication_request(
    patient_id: str, encounter_id: str | None, *, message: str, authored_on: datetime, priority: str
) -> Json:
    """A draft CommunicationRequest: a message to the care team about the patient. Raises ValueError on bad values."""
    request: Json = {
        "resourceType": "CommunicationRequest",
        "status": "draft",
        "priority": _priority(priority),
        "subject": _patient(patient_id),
        "payload": [{"contentString": _words(message)}],
        "authoredOn": _instant(authored_on),
    }
    return _checked(_at_encounter(request, encounter_id))


def _patient(patient_id: str) -> Json:
    return {"reference": f"Patient/{bare_id(patient_id)}"}


def _at_encounter(resource: Json, encounter_id: str | None) -> Json:
    if encounter_id:
        resource["encounter"] = {"reference": f"Encounter/{bare_id(encounter_id)}"}
    return resource


def _priority(priority: str) -> str:
    if priority not in PRIORITIES:
        raise ValueError("priority must be one of " + ", ".join(PRIORITIES))
    return priority


def _words(text: str) -> str:
    words = text.strip()
    if not words or len(words) > MAX_TEXT:
        raise ValueError(f"text must have 1 to {MAX_TEXT} characters")
    return words


def _instant(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("authored_on needs a time zone")
    return moment.isoformat(timespec="seconds")


def _checked(resource: Json) -> Json:
    r4.validate(resource)
    return resource
