"""A vignette as the ``patient-view`` request that an EHR would send for it: FHIR R4, fictional ids, one fixed day."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from cds_service.evaluation.trials import USER
from cds_service.evaluation.vignettes.reading import Vignette
from cds_service.settings import Setting
from hooks.services import PATIENT_TRIAGE

NOW = datetime(2026, 1, 15, 10, 0, tzinfo=UTC)
"""When every vignette happens. Nothing in them depends on the day."""

MEASURED = NOW - timedelta(minutes=10)
_MONTH = 365.25 / 12
_LOINC, _UCUM, _SNOMED = "http://loinc.org", "http://unitsofmeasure.org", "http://snomed.info/sct"
_HL7 = "http://terminology.hl7.org/CodeSystem"

Resource = dict[str, Any]

READS = ("patient", "encounter")
"""The prefetch keys that hold one resource; the others are searches, and an EHR that finds nothing says so."""

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
        "glucose_mg_dl": ("41653-7", "Glucose [Mass/volume] in Capillary blood by Glucometer", "mg/dL", "laboratory"),
    }
)
_OXYGEN = {
    "air": (_SNOMED, "722742002", "Breathing room air"),
    "supplemental": (_SNOMED, "57485005", "Oxygen therapy"),
}
_WORDS = {
    # name: (LOINC code, its display)
    "consciousness": ("80288-4", "Level of consciousness"),
    "oxygen": ("107117-4", "Oxygen therapy delivery"),
}


def request_for(vignette: Vignette, setting: Setting) -> Resource:
    """The body of the call."""
    patient_id = f"vignette-{vignette.id}"
    subject = {"reference": f"Patient/{patient_id}"}
    visit = {"reference": f"Encounter/{patient_id}-visit"}
    observations = [o | {"subject": subject, "encounter": visit} for o in _observations(vignette)]
    laboratory = [o for o in observations if _category(o) == "laboratory"]
    problems = [{"text": name} for name in vignette.problems]
    if vignette.pregnant:
        problems.append(_coded(_SNOMED, "77386006", "Pregnancy"))
    searched: dict[str, list[Resource]] = {
        "conditions": [_condition(problem) | {"subject": subject} for problem in problems],
        "observations": [o for o in observations if o not in laboratory],
        "labs": laboratory,
        "medicationRequests": [_medication(name) | {"subject": subject} for name in vignette.medicines],
        "allergies": [_allergy(name) | {"patient": subject} for name in vignette.allergies],
        "documents": [_note(vignette.note) | {"subject": subject}] if vignette.note else [],
    }
    return {
        "hook": "patient-view",
        "hookInstance": str(uuid.uuid5(uuid.NAMESPACE_OID, patient_id)),
        "context": {"userId": USER, "patientId": patient_id, "encounterId": f"{patient_id}-visit"},
        "prefetch": {
            "patient": {
                "resourceType": "Patient",
                "id": patient_id,
                "gender": vignette.sex,
                "birthDate": _born(vignette.age_months).isoformat(),
            },
            "encounter": _encounter(vignette.complaint, setting) | {"id": f"{patient_id}-visit", "subject": subject},
            **{key: _found(key, searched.get(key, [])) for key in PATIENT_TRIAGE.prefetch if key not in READS},
        },
    }


def _born(age_months: int) -> date:
    """A birth date in the middle of the month of age, so that the age holds on the day of the visit."""
    return (NOW - timedelta(days=round((age_months + 0.5) * _MONTH))).date()


def _found(key: str, resources: list[Resource]) -> Resource:
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(resources)}
    entries = [{"resource": {"id": f"{key}-{number}", **r}} for number, r in enumerate(resources, start=1)]
    return bundle | ({"entry": entries} if entries else {})


def _coded(system: str, code: str, display: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _category(observation: Resource) -> str:
    return str(observation["category"][0]["coding"][0]["code"])


def _observations(vignette: Vignette) -> Iterator[Resource]:
    for name, value in vignette.vitals.items():
        if name in QUANTITIES:
            code, display, unit, category = QUANTITIES[name]
            quantity = {"value": value, "unit": unit, "system": _UCUM, "code": unit}
            yield _observation(code, display, category) | {"valueQuantity": quantity}
        else:
            words = _coded(*_OXYGEN[str(value)]) if name == "oxygen" else {"text": str(value)}
            yield _observation(*_WORDS[name], "vital-signs") | {"valueCodeableConcept": words}


def _observation(code: str, display: str, category: str) -> Resource:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [_coded(f"{_HL7}/observation-category", category, category)],
        "code": _coded(_LOINC, code, display),
        "effectiveDateTime": MEASURED.isoformat(),
    }


def _encounter(complaint: str, setting: Setting) -> Resource:
    code, display = ("EMER", "emergency") if setting is Setting.ED else ("AMB", "ambulatory")
    return {
        "resourceType": "Encounter",
        "status": "in-progress",
        "class": {"system": f"{_HL7}/v3-ActCode", "code": code, "display": display},
        "period": {"start": MEASURED.isoformat()},
        "reasonCode": [{"text": complaint}],
    }


def _condition(problem: Resource) -> Resource:
    return {
        "resourceType": "Condition",
        "clinicalStatus": _coded(f"{_HL7}/condition-clinical", "active", "Active"),
        "verificationStatus": _coded(f"{_HL7}/condition-ver-status", "confirmed", "Confirmed"),
        "category": [_coded(f"{_HL7}/condition-category", "problem-list-item", "Problem List Item")],
        "code": problem,
        "recordedDate": (NOW - timedelta(days=60)).date().isoformat(),
    }


def _medication(name: str) -> Resource:
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": {"text": name},
        "authoredOn": (NOW - timedelta(days=60)).date().isoformat(),
    }


def _allergy(name: str) -> Resource:
    return {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": _coded(f"{_HL7}/allergyintolerance-clinical", "active", "Active"),
        "verificationStatus": _coded(f"{_HL7}/allergyintolerance-verification", "confirmed", "Confirmed"),
        "code": {"text": name},
    }


def _note(text: str) -> Resource:
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"text": "Triage note"},
        "date": MEASURED.isoformat(),
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
    }
