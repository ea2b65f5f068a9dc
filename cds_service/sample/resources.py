"""FHIR R4 resources of made-up people, as an EHR sends them: vignettes and synthetic cases are written with it."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

LOINC, UCUM, SNOMED = "http://loinc.org", "http://unitsofmeasure.org", "http://snomed.info/sct"
HL7 = "http://terminology.hl7.org/CodeSystem"
USER = "Practitioner/fictional-nurse"

Resource = dict[str, Any]

QUANTITIES: Mapping[str, tuple[str, str, str, str]] = MappingProxyType(
    {
        # name: (LOINC code, its display, UCUM unit, category)
        "heart_rate": ("8867-4", "Heart rate", "/min", "vital-signs"),
        "respiratory_rate": ("9279-1", "Respiratory rate", "/min", "vital-signs"),
        "systolic": ("8480-6", "Systolic blood pressure", "mm[Hg]", "vital-signs"),
        "diastolic": ("8462-4", "Diastolic blood pressure", "mm[Hg]", "vital-signs"),
        "temperature_c": ("8310-5", "Body temperature", "Cel", "vital-signs"),
        "spo2": ("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry", "%", "vital-signs"),
        "pain_0_10": (
            "72514-3",
            "Pain severity - 0-10 verbal numeric rating [Score] - Reported",
            "{score}",
            "vital-signs",
        ),
        "gcs": ("9269-2", "Glasgow coma score total", "{score}", "vital-signs"),
        "weight_kg": ("29463-7", "Body weight", "kg", "vital-signs"),
        "glucose_mg_dl": ("41653-7", "Glucose [Mass/volume] in Capillary blood by Glucometer", "mg/dL", "laboratory"),
    }
)
OXYGEN: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "air": (SNOMED, "722742002", "Breathing room air"),
        "supplemental": (SNOMED, "57485005", "Oxygen therapy"),
    }
)
_WORDS = {
    # name: (LOINC code, its display)
    "consciousness": ("80288-4", "Level of consciousness"),
    "oxygen": ("107117-4", "Oxygen therapy delivery"),
}


def coded(system: str, code: str, display: str) -> Resource:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code, "display": display}]}


def found(key: str, resources: Sequence[Resource]) -> Resource:
    """What a search under the prefetch key `key` gives; each resource gets an id of its own."""
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(resources)}
    entries = [{"resource": {"id": f"{key}-{number}", **r}} for number, r in enumerate(resources, start=1)]
    return bundle | ({"entry": entries} if entries else {})


def patient_view(patient_id: str, prefetch: Resource) -> Resource:
    """The body of a call on opening the chart of `patient_id`, whose visit is ``<patient_id>-visit``."""
    return {
        "hook": "patient-view",
        "hookInstance": str(uuid.uuid5(uuid.NAMESPACE_OID, patient_id)),
        "context": {"userId": USER, "patientId": patient_id, "encounterId": f"{patient_id}-visit"},
        "prefetch": prefetch,
    }


def vital(name: str, value: float | str, at: datetime) -> Resource:
    """A vital sign or bedside test by its name in `QUANTITIES`, or the words for ``oxygen`` and ``consciousness``."""
    if name in QUANTITIES:
        code, display, unit, category = QUANTITIES[name]
        return observation(coded(LOINC, code, display), category, at) | quantity(value, unit)
    words = coded(*OXYGEN[str(value)]) if name == "oxygen" else {"text": str(value)}
    return observation(coded(LOINC, *_WORDS[name]), "vital-signs", at) | {"valueCodeableConcept": words}


def quantity(value: float | str, unit: str) -> Resource:
    """The value of an Observation; `unit` is UCUM."""
    return {"valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit}}


def observation(code: Resource, category: str, at: datetime) -> Resource:
    """A final Observation without its value."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [coded(f"{HL7}/observation-category", category, category)],
        "code": code,
        "effectiveDateTime": at.isoformat(),
    }


def encounter(complaint: str | None, started: datetime, *, emergency: bool) -> Resource:
    """The visit in progress, with the complaint as its reason where it was written there."""
    code, display = ("EMER", "emergency") if emergency else ("AMB", "ambulatory")
    return {
        "resourceType": "Encounter",
        "status": "in-progress",
        "class": {"system": f"{HL7}/v3-ActCode", "code": code, "display": display},
        "period": {"start": started.isoformat()},
    } | ({"reasonCode": [{"text": complaint}]} if complaint else {})


def condition(problem: Resource, recorded: date) -> Resource:
    """An active, confirmed entry of the problem list."""
    return {
        "resourceType": "Condition",
        "clinicalStatus": coded(f"{HL7}/condition-clinical", "active", "Active"),
        "verificationStatus": coded(f"{HL7}/condition-ver-status", "confirmed", "Confirmed"),
        "category": [coded(f"{HL7}/condition-category", "problem-list-item", "Problem List Item")],
        "code": problem,
        "recordedDate": recorded.isoformat(),
    }


def medication(name: str, authored: date) -> Resource:
    """An active prescription."""
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": name},
        "authoredOn": authored.isoformat(),
    }


def allergy(substance: Resource) -> Resource:
    """An active, confirmed allergy."""
    return {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": coded(f"{HL7}/allergyintolerance-clinical", "active", "Active"),
        "verificationStatus": coded(f"{HL7}/allergyintolerance-verification", "confirmed", "Confirmed"),
        "code": substance,
    }


def note(text: str, at: datetime) -> Resource:
    """A triage note."""
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"text": "Triage note"},
        "date": at.isoformat(),
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
    }
