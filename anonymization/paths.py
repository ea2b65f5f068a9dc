"""The FHIR paths that a policy may name, and what it may say about each.

A path is ``<FHIR type>.<element>`` (``Condition.code.coding.display``); ``Any`` stands for every type. Choice elements
are written without their type (``onset`` for ``onsetDateTime``). A path that is in neither list does not exist for the
gate: its values are always dropped, and a policy line for it is refused as a slip of the pen.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Action(StrEnum):
    """What becomes of a value."""

    KEEP = "keep"
    GENERALISE = "generalise"
    REPLACE = "replace"
    SCRUB = "scrub"
    DROP = "drop"


_CODE = frozenset({Action.KEEP, Action.DROP})
_COARSER = frozenset({Action.GENERALISE, Action.DROP})
_TEXT = frozenset({Action.SCRUB, Action.REPLACE, Action.DROP})

LABELS = "Any.meta.security"
"""The line that says what becomes of resources with a restricting security label."""


def _concept(element: str) -> dict[str, frozenset[Action]]:
    return {f"{element}.coding.code": _CODE, f"{element}.coding.display": _TEXT, f"{element}.text": _TEXT}


def _medication(resource: str) -> dict[str, frozenset[Action]]:
    return _concept(f"{resource}.medication") | {f"{resource}.dosage.text": _TEXT, f"{resource}.authoredOn": _COARSER}


# Every path that the gate builds a field from. The kind of the value decides what may be said about it, so that no
# line can let a name or a date through as it is.
ALLOWED: Mapping[str, frozenset[Action]] = MappingProxyType(
    {
        "Patient.birthDate": _COARSER,
        "Patient.gender": _CODE,
        "Patient.address.postalCode": _COARSER,
        **_concept("Encounter.reasonCode"),
        "Encounter.period": _COARSER,
        **_concept("Condition.code"),
        "Condition.onset": _COARSER,
        "Condition.recordedDate": _COARSER,
        "Observation.code.coding.code": _CODE,
        "Observation.code.coding.display": _TEXT,
        "Observation.kind": _CODE,
        "Observation.value.quantity": _CODE,
        "Observation.value.unit": _CODE,
        **_concept("Observation.value"),
        "Observation.effective": _COARSER,
        "Observation.pregnancy": _CODE,
        **_medication("MedicationRequest"),
        **_medication("MedicationStatement"),
        **_concept("AllergyIntolerance.code"),
        "AllergyIntolerance.reaction.manifestation": _TEXT,
        "AllergyIntolerance.criticality": _CODE,
        "AllergyIntolerance.recordedDate": _COARSER,
        "QuestionnaireResponse.item.text": _TEXT,
        "QuestionnaireResponse.item.answer": _TEXT,
        "QuestionnaireResponse.authored": _COARSER,
        "DocumentReference.content.attachment": _TEXT,
        "DocumentReference.content.attachment.title": _TEXT,
        "DocumentReference.date": _COARSER,
        "DiagnosticReport.conclusion": _TEXT,
        "DiagnosticReport.code.text": _TEXT,
        "DiagnosticReport.effective": _COARSER,
        LABELS: _CODE,
    }
)

_PEOPLE = "name telecom address birthDate gender identifier photo"

# Paths that a policy may name to say why they are left out. Nothing reads them, so no other action is possible.
_NAMED: Mapping[str, str] = {
    "Patient": "name address telecom identifier id photo contact deceased multipleBirth race ethnicity communication"
    " maritalStatus generalPractitioner managingOrganization link extension text",
    "RelatedPerson": f"{_PEOPLE} relationship",
    "Person": f"{_PEOPLE} link",
    "Practitioner": f"{_PEOPLE} qualification",
    "PractitionerRole": "practitioner organization location telecom identifier",
    "CareTeam": "name participant identifier telecom",
    "Organization": "name alias telecom address identifier contact",
    "HealthcareService": "name location telecom identifier",
    "Location": "name alias description address telecom position identifier",
    "Encounter": "identifier class type serviceType participant location serviceProvider hospitalization account",
    "Account": "name description servicePeriod identifier",
    "Coverage": "subscriberId identifier policyHolder payor class",
    "Condition": "abatement note recorder asserter identifier evidence stage bodySite",
    "Observation": "performer device specimen note identifier referenceRange",
    "MedicationRequest": "requester recorder performer note identifier dispenseRequest",
    "MedicationStatement": "informationSource note identifier",
    "AllergyIntolerance": "recorder asserter note identifier",
    "QuestionnaireResponse": "author source item.linkId identifier questionnaire",
    "DocumentReference": "author authenticator custodian content.attachment.url description identifier",
    "DiagnosticReport": "performer resultsInterpreter identifier specimen imagingStudy media",
    "Procedure": "code performed performer recorder asserter location note identifier",
    "Immunization": "vaccineCode occurrence performer location lotNumber manufacturer note identifier",
    "Device": "udiCarrier serialNumber distinctIdentifier deviceName identifier owner",
    "Specimen": "identifier accessionIdentifier collection",
    "Media": "content subject identifier",
    "Any": "coding.local text contained extension modifierExtension implicitRules identifier reference note meta",
}

NAMED: frozenset[str] = frozenset(f"{kind}.{path}" for kind, paths in _NAMED.items() for path in paths.split())


def possible(path: str) -> frozenset[Action] | None:
    """What a line about `path` may say; None for a path that no policy may name."""
    if path in ALLOWED:
        return ALLOWED[path]
    return frozenset({Action.DROP}) if path in NAMED else None
