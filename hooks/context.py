"""Contexts of the hooks we serve, one dataclass a hook (HL7 CDS Hooks library, version 1.0.1).

Unknown context fields are ignored: a minor version of a hook may add some.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hooks.errors import MalformedContext

FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z")
"""FHIR R4 `id` (http://hl7.org/fhir/R4/datatypes.html#id)."""

USER_TYPES = ("Practitioner", "PractitionerRole", "Patient", "RelatedPerson")
CLINICIAN_TYPES = ("Practitioner", "PractitionerRole")


@dataclass(frozen=True, kw_only=True)
class PatientView:
    """Context of ``patient-view`` 1.0: who looks at whose chart."""

    user_type: str
    user_id: str
    patient_id: str
    encounter_id: str | None = None

    @property
    def by_clinician(self) -> bool:
        """Whether the user is a clinician: this service speaks to no one else."""
        return self.user_type in CLINICIAN_TYPES

    def bare(self) -> dict[str, str | None]:
        """The fields that hold an id, without their type, whatever the client wrote (E12)."""
        return {"patientId": self.patient_id, "encounterId": self.encounter_id}


def bare_id(value: Any, resource_type: str, element: str) -> str:
    """The FHIR id in ``value``, which may be bare or ``Type/id`` (E12). Raises MalformedContext."""
    if not isinstance(value, str):
        raise MalformedContext(f"context.{element} must be a string")
    text = value.removeprefix(f"{resource_type}/")
    if not FHIR_ID.match(text):
        raise MalformedContext(f"context.{element} must be a FHIR id")
    return text


def patient_view(context: Mapping[str, Any]) -> PatientView:
    """The ``patient-view`` context. Raises MalformedContext naming the element at fault."""
    user = context.get("userId")
    if not isinstance(user, str) or "/" not in user:
        raise MalformedContext("context.userId must be [ResourceType]/[id]")
    user_type, _, user_id = user.partition("/")
    if user_type not in USER_TYPES or not FHIR_ID.match(user_id):
        raise MalformedContext("context.userId must name a Practitioner, PractitionerRole, Patient or RelatedPerson")
    encounter = context.get("encounterId")
    return PatientView(
        user_type=user_type,
        user_id=user_id,
        patient_id=bare_id(context.get("patientId"), "Patient", "patientId"),
        encounter_id=None if encounter in (None, "") else bare_id(encounter, "Encounter", "encounterId"),
    )


def check_same_patient(context: Mapping[str, Any], patient: str | None) -> None:
    """Raises MalformedContext unless `patient`, whom an access token is for, is the one that the context names (E11).

    Holds for every hook: all name their patient `patientId`. A token that names nobody is not judged here.
    """
    if patient is None:
        return
    named = bare_id(context.get("patientId"), "Patient", "patientId")
    if patient.removeprefix("Patient/") != named:
        raise MalformedContext("fhirAuthorization.patient must be the patient of context.patientId")
