"""The one module that imports fhir.resources: R4 resources are validated with its R4B models.

fhir.resources has no plain R4. For the types that are read, R4 (4.0.1) and R4B (4.3.0) define the same elements (all
official R4 examples of these types pass), so no element needs translation. What fails in real R4 data is sloppy
writing; `parse` repairs the harmless kind (empty or padded strings) and refuses the rest, naming an element path and
never a value: the library's own messages quote their input and are dropped.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from fhir.resources.R4B import fhirtypes
from pydantic import ValidationError

from fhir_mappers.errors import Unused
from fhir_mappers.fields import Json

READ_TYPES: tuple[str, ...] = (
    "Patient", "Encounter", "AllergyIntolerance", "Condition", "MedicationRequest", "MedicationStatement", "Medication",
    "QuestionnaireResponse", "Observation", "DiagnosticReport", "DocumentReference", "Procedure", "Immunization",
)  # fmt: skip
"""The types that facts are read from, in the order in which they are read."""

WRITTEN_TYPES: tuple[str, ...] = ("Task", "ServiceRequest", "CommunicationRequest")
"""The types that card suggestions are made of (`fhir_mappers.actions`)."""

OTHER_VERSION_TYPES = frozenset({
    # DSTU2 and STU3 types that R4 renamed or dropped; R5 types that R4 does not have.
    "BodySite", "Conformance", "DataElement", "DeviceComponent", "DeviceUseRequest", "DiagnosticOrder",
    "EligibilityRequest", "EligibilityResponse", "ExpansionProfile", "ImagingObjectSelection", "ImagingManifest",
    "MedicationOrder", "Order", "OrderResponse", "ProcedureRequest", "ProcessRequest", "ProcessResponse",
    "ReferralRequest", "Sequence", "ServiceDefinition", "ActorDefinition", "BiologicallyDerivedProductDispense",
    "ConditionDefinition", "DeviceAssociation", "DeviceDispense", "DeviceUsage", "EncounterHistory",
    "FormularyItem", "GenomicStudy", "ImagingSelection", "InventoryItem", "InventoryReport", "MedicationUsage",
    "NutritionIntake", "Permission", "Requirements", "TestPlan", "Transport",
})  # fmt: skip

OTHER_VERSION_KEYS: Mapping[str, frozenset[str]] = {
    # Elements that the type has in DSTU2, STU3 or R5 and not in R4 (HL7 "R4 diff" pages of each type).
    "Patient": frozenset({"animal", "careProvider"}),
    "Encounter": frozenset({
        "patient", "reason", "indication", "incomingReferral", "actualPeriod", "plannedStartDate", "subjectStatus",
        "admission", "plannedEndDate",
    }),
    "AllergyIntolerance": frozenset({
        "status", "substance", "reporter", "event", "lastOccurence", "assertedDate", "participant",
    }),
    "Condition": frozenset({"patient", "dateRecorded", "assertedDate", "context", "notes", "participant"}),
    "MedicationRequest": frozenset({"context", "definition", "medication", "reason", "informationSource", "device"}),
    "MedicationStatement": frozenset({
        "patient", "taken", "reasonNotTaken", "medication", "wasNotTaken", "adherence", "reason",
    }),
    "Medication": frozenset({
        "isBrand", "isOverTheCounter", "package", "product", "doseForm", "totalVolume", "definition",
    }),
    "QuestionnaireResponse": frozenset({"group", "parent", "context"}),
    "Observation": frozenset({"context", "comment", "comments", "related", "triggeredBy", "bodyStructure"}),
    "DiagnosticReport": frozenset({"context", "codedDiagnosis", "image", "supportingInfo", "composition", "note"}),
    "DocumentReference": frozenset({
        "indexed", "class", "created", "attester", "modality", "bodySite", "version", "event",
    }),
    "Procedure": frozenset({
        "context", "definition", "notDone", "notDoneReason", "notPerformed", "reasonNotPerformed", "request",
        "occurrenceDateTime", "occurrencePeriod", "reportedBoolean", "supportingInfo",
    }),
    "Immunization": frozenset({
        "date", "notGiven", "wasNotGiven", "explanation", "practitioner", "vaccinationProtocol", "reported",
        "requester", "basedOn", "administeredProduct", "informationSource", "supportingInformation",
    }),
}  # fmt: skip

OTHER_VERSION_SHAPES: Mapping[str, Mapping[str, type]] = {
    # JSON types that an element has in DSTU2, STU3 or R5 and never in R4.
    "Encounter": {"class": list, "hospitalization": list, "type": dict},
    "AllergyIntolerance": {"category": str, "clinicalStatus": str, "verificationStatus": str, "type": dict},
    "Condition": {"category": dict, "clinicalStatus": str, "verificationStatus": str},
    "MedicationRequest": {"requester": str, "reasonCode": dict, "dosageInstruction": dict},
    "Observation": {"category": dict, "interpretation": dict},
    "DiagnosticReport": {"category": dict, "performer": dict},
    "DocumentReference": {"context": list, "securityLabel": dict},
    "Procedure": {"category": list},
}

_KEPT_AS_WRITTEN = frozenset({
    # A broken value here is never repaired away: it changes or negates the meaning of the resource.
    "status", "clinicalStatus", "verificationStatus", "doNotPerform", "modifierExtension", "intent", "use",
    "comparator", "subject", "patient", "id", "resourceType",
})  # fmt: skip

_ELEMENT = re.compile(r"[A-Za-z][A-Za-z0-9]*(\[x\])?")


def known_type(name: object) -> str:
    """`name` when it is a FHIR type name, else ``"unknown"``: a report never repeats what a client wrote."""
    if not isinstance(name, str) or not name.isascii() or not name.isalpha():
        return "unknown"
    return name if hasattr(fhirtypes, f"{name}Type") or name in OTHER_VERSION_TYPES else "unknown"


def parse(resource: Json) -> Json:
    """`resource`, validated (and in rare cases repaired).

    Raises Unused: ``invalid`` with the path of the first bad element, ``wrong-version`` for DSTU2, STU3 and R5 shapes,
    ``unsupported-type`` for a type that is not read.
    """
    resource_type = resource.get("resourceType")
    if resource_type not in READ_TYPES:
        raise Unused("wrong-version" if resource_type in OTHER_VERSION_TYPES else "unsupported-type")
    where = _first_error(resource)
    if where is None:
        return resource
    if looks_like_other_version(resource):
        raise Unused("wrong-version", where)
    repaired = _repaired(resource, top=True)
    if repaired == resource or _first_error(repaired) is not None:
        raise Unused("invalid", where)
    return dict(repaired)


def looks_like_other_version(resource: Json) -> bool:
    """Whether a resource that fails R4 has elements or shapes that only another FHIR version gives its type."""
    resource_type = str(resource.get("resourceType"))
    if not OTHER_VERSION_KEYS.get(resource_type, frozenset()).isdisjoint(resource):
        return True
    if resource_type == "Patient":  # DSTU2: family is a list
        names = resource.get("name")
        return isinstance(names, list) and any(isinstance(n, dict) and isinstance(n.get("family"), list) for n in names)
    shapes = OTHER_VERSION_SHAPES.get(resource_type, {})
    return any(isinstance(resource.get(key), shape) for key, shape in shapes.items())


def warm_up() -> None:
    """Build the validators of all types that are read or written (about half a second, once)."""
    for resource_type in (*READ_TYPES, *WRITTEN_TYPES):
        _first_error({"resourceType": resource_type})


def validate(resource: Json) -> None:
    """Check a resource that this project wrote. Raises ValueError with the element path."""
    where = _first_error(resource)
    if where is not None:
        raise ValueError(f"{known_type(resource.get('resourceType'))} is not valid at {where}")


@cache
def _model(resource_type: str) -> Any:
    module = importlib.import_module(f"fhir.resources.R4B.{resource_type.lower()}")
    return getattr(module, resource_type)


def _first_error(resource: Json) -> str | None:
    """The element path of the first validation error, None when valid."""
    resource_type = str(resource.get("resourceType"))
    try:
        _model(resource_type).model_validate(resource)
    except ValidationError as failure:
        first = failure.errors(include_url=False, include_context=False, include_input=False)[0]
        steps = list(first["loc"])
        if first["type"] == "extra_forbidden":
            steps = steps[:-1]  # the last step is a key that the client invented
        names = [s for s in steps if isinstance(s, str) and _ELEMENT.fullmatch(s) and s != "root"]
        return ".".join([resource_type, *names[:6]])
    except (RecursionError, ValueError, TypeError, ArithmeticError, AttributeError, LookupError):
        return resource_type
    return None


def _repaired(value: Any, *, top: bool = False) -> Any:
    """`value` without empty strings, lists, objects and padding around strings, except in modifier elements."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        items = [_repaired(v) for v in value]
        return [i for i in items if i not in ("", [], {})]
    if not isinstance(value, dict):
        return value
    cleaned = {k: v if top and k in _KEPT_AS_WRITTEN else _repaired(v) for k, v in value.items()}
    return {k: v for k, v in cleaned.items() if v not in ("", [], {}) or (top and k in _KEPT_AS_WRITTEN)}
