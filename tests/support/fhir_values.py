"""FHIR R4 resources for tests, as small as they may be. All people and numbers are made up."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
NOW = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)
ME = {"reference": "Patient/p1"}
TODAY = "2031-05-06T11:30:00Z"


def patient(**more):
    return {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1960-02-03", **more}


def coded(system, code, display=None):
    return {"coding": [{"system": system, "code": code, **({"display": display} if display else {})}]}


def quantity(value, unit, code=None):
    return {"value": value, "unit": unit, **({"system": UCUM, "code": code} if code else {})}


def observation(code, value=None, unit=None, *, ucum=None, at=TODAY, category=None, **more):
    resource = {"resourceType": "Observation", "status": "final", "code": coded(LOINC, code), "subject": ME}
    if at:
        resource["effectiveDateTime"] = at
    if value is not None:
        resource["valueQuantity"] = {k: v for k, v in quantity(value, unit, ucum).items() if v is not None}
    if category:
        system = "http://terminology.hl7.org/CodeSystem/observation-category"
        resource["category"] = [coded(system, category)]
    return resource | more


def condition(
    text="Made-up disease", *, clinical="active", verification="confirmed", category="problem-list-item", **more
):
    base = "http://terminology.hl7.org/CodeSystem/condition-"
    resource = {"resourceType": "Condition", "code": {"text": text}, "subject": ME}
    if clinical:
        resource["clinicalStatus"] = coded(base + "clinical", clinical)
    if verification:
        resource["verificationStatus"] = coded(base + "ver-status", verification)
    if category:
        resource["category"] = [coded(base + "category", category)]
    return resource | more


def medication_request(text="Inventedol 5 mg", **more):
    return {
        "resourceType": "MedicationRequest", "status": "active", "intent": "order", "subject": ME,
        "medicationCodeableConcept": {"text": text}, "authoredOn": "2031-05-01",
    } | more  # fmt: skip


def allergy(text="Imaginary pollen", *, clinical="active", verification="confirmed", **more):
    base = "http://terminology.hl7.org/CodeSystem/allergyintolerance-"
    return {
        "resourceType": "AllergyIntolerance", "code": {"text": text}, "patient": ME,
        "clinicalStatus": coded(base + "clinical", clinical),
        "verificationStatus": coded(base + "verification", verification),
    } | more  # fmt: skip


def document(text, *, content_type="text/plain", at=TODAY, raw=None, **more):
    data = base64.b64encode(raw if raw is not None else text.encode()).decode()
    return {
        "resourceType": "DocumentReference", "status": "current", "subject": ME, "date": at,
        "type": {"text": "Progress note"}, "content": [{"attachment": {"contentType": content_type, "data": data}}],
    } | more  # fmt: skip


def encounter(encounter_id="e1", *, status="in-progress", start="2031-05-06T11:00:00Z", **more):
    return {
        "resourceType": "Encounter", "id": encounter_id, "status": status, "subject": ME, "period": {"start": start},
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    } | more  # fmt: skip


def intake(*items, at=TODAY, **more):
    return {
        "resourceType": "QuestionnaireResponse", "status": "completed", "subject": ME, "authored": at,
        "item": list(items),
    } | more  # fmt: skip


def bundle(*resources, kind="searchset", **more):
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": r} for r in resources], **more}
