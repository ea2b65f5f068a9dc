"""What an event of the audit trail is called in FHIR: data, one line a kind.

Sources: FHIR R4 (4.0.1) value sets audit-event-type, audit-event-sub-type, audit-event-action, audit-event-outcome and
security-source-type; DICOM PS3.16 context groups 400 and 401 (codes 1101xx); HL7 code system iso-21089-lifecycle
(events in the life of a health record, ISO 21089); HL7 v3 ActReason for purposes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

DCM = "http://dicom.nema.org/resources/ontology/DCM"
LIFECYCLE = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"
EVENT_TYPE = "http://terminology.hl7.org/CodeSystem/audit-event-type"
INTERACTION = "http://hl7.org/fhir/restful-interaction"
ENTITY_TYPE = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
OBJECT_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
SOURCE_TYPE = "http://terminology.hl7.org/CodeSystem/security-source-type"
SECURITY_ROLE = "http://terminology.hl7.org/CodeSystem/extra-security-role-type"
ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

Code = tuple[str, str, str]
"""System, code, display."""


@dataclass(frozen=True, kw_only=True)
class Coding:
    """What one kind of event is: type, subtypes, and action (C, R, U, D or E)."""

    type: Code
    subtypes: tuple[Code, ...] = ()
    action: str


def _dicom(code: str, display: str) -> Code:
    return (DCM, code, display)


def _life(code: str, display: str) -> Code:
    return (LIFECYCLE, code, f"{display} Record Lifecycle Event")


ACTIVITY = _dicom("110100", "Application Activity")
AUDIT_USED = _dicom("110101", "Audit Log Used")
EXPORT = _dicom("110106", "Export")
IMPORT = _dicom("110107", "Import")
PATIENT_RECORD = _dicom("110110", "Patient Record")
ALERT = _dicom("110113", "Security Alert")
"""DICOM puts every change of a configuration or of rights under this type; the subtype says which."""
AUTHENTICATION = _dicom("110114", "User Authentication")
LOGIN = _dicom("110122", "Login")
LOGOUT = _dicom("110123", "Logout")
SECURITY = _dicom("110129", "Security Configuration")
SOFTWARE = _dicom("110131", "Software Configuration")
OBJECT_RIGHTS = _dicom("110135", "Object Security Attributes Changed")
USER_RIGHTS = _dicom("110137", "User security Attributes Changed")
REST: Code = (EVENT_TYPE, "rest", "RESTful Operation")
OPERATION: Code = (INTERACTION, "operation", "operation")

ACCESS = _life("access", "Access/View")
AMEND = _life("amend", "Amend (Update)")
ATTEST = _life("attest", "Attest")
DEIDENTIFY = _life("deidentify", "De-Identify (Anononymize)")
"""The code system's own spelling."""
DESTROY = _life("destroy", "Destroy/Delete")
HOLD = _life("hold", "Add Legal Hold")
ORIGINATE = _life("originate", "Originate/Retain")
PSEUDONYMIZE = _life("pseudonymize", "Pseudonymize")
RECEIVE = _life("receive", "Receive/Retain")
REPORT = _life("report", "Report (Output)")
TRANSMIT = _life("transmit", "Transmit")
UNHOLD = _life("unhold", "Remove Legal Hold")

_CONFIGURED = Coding(type=ALERT, subtypes=(SOFTWARE,), action="U")
_WORKED = Coding(type=ACTIVITY, action="E")

CODINGS: Mapping[str, Coding] = {
    "hook-call": Coding(type=REST, subtypes=(OPERATION,), action="E"),
    "gate-decision": Coding(type=DEIDENTIFY, action="E"),
    "model-call": _WORKED,
    "card-shown": Coding(type=REPORT, action="R"),
    "feedback": Coding(type=RECEIVE, action="C"),
    "vault-mint": Coding(type=PSEUDONYMIZE, action="C"),
    "vault-write": Coding(type=PATIENT_RECORD, subtypes=(ORIGINATE,), action="C"),
    "vault-read": Coding(type=PATIENT_RECORD, subtypes=(ACCESS,), action="R"),
    "vault-purge": Coding(type=PATIENT_RECORD, subtypes=(DESTROY,), action="D"),
    "job": _WORKED,
    "shed": _WORKED,
    "setting": _CONFIGURED,
    "model-add": _CONFIGURED,
    "model-promote": _CONFIGURED,
    "model-rollback": _CONFIGURED,
    "account": Coding(type=ALERT, subtypes=(USER_RIGHTS,), action="U"),
    "sign-in": Coding(type=AUTHENTICATION, subtypes=(LOGIN,), action="E"),
    "review": Coding(type=PATIENT_RECORD, subtypes=(AMEND,), action="U"),
    "notification": Coding(type=TRANSMIT, action="E"),
    "intake": Coding(type=PATIENT_RECORD, subtypes=(RECEIVE,), action="C"),
    "roll-out": _CONFIGURED,
    "sign-off": Coding(type=ATTEST, action="E"),
    "report": Coding(type=REPORT, action="E"),
    "export": Coding(type=EXPORT, subtypes=(DEIDENTIFY,), action="R"),
    "approval": Coding(type=ATTEST, action="E"),
    "opt-out": Coding(type=ALERT, subtypes=(OBJECT_RIGHTS,), action="U"),
    "legal-hold": Coding(type=HOLD, action="U"),
    "shred": Coding(type=DESTROY, action="D"),
    "key": Coding(type=ALERT, subtypes=(SECURITY,), action="U"),
    "seal": Coding(type=ATTEST, action="E"),
    "import": Coding(type=IMPORT, action="C"),
    "audit-read": Coding(type=AUDIT_USED, action="R"),
}
"""By kind. A kind that is not here is an application's activity."""

SPECIAL: Mapping[tuple[str, str, str], Coding] = {
    ("sign-in", "act", "sign-out"): Coding(type=AUTHENTICATION, subtypes=(LOGOUT,), action="E"),
    ("review", "why", "looked-at"): Coding(type=PATIENT_RECORD, subtypes=(ACCESS,), action="R"),
    ("legal-hold", "act", "released"): Coding(type=UNHOLD, action="U"),
}
"""By kind and one detail of it, where the detail makes another act of it."""

OTHER = _WORKED

OUTCOMES: Mapping[str, str] = {"success": "0", "refused": "4", "failed": "8"}
"""audit-event-outcome: success, minor failure (the act was not allowed or not acceptable), serious failure."""

PURPOSES: Mapping[str, Code] = {
    "review": (ACT_REASON, "TREAT", "treatment"),
    "queue": (ACT_REASON, "TREAT", "treatment"),
    "intake": (ACT_REASON, "TREAT", "treatment"),
    "intake-choice": (ACT_REASON, "TREAT", "treatment"),
    "intake-write": (ACT_REASON, "TREAT", "treatment"),
    "hook-call": (ACT_REASON, "TREAT", "treatment"),
    "local-validation": (ACT_REASON, "HQUALIMP", "health quality improvement"),
    "export": (ACT_REASON, "HOPERAT", "healthcare operations"),
    "erasure": (ACT_REASON, "PATRQT", "patient requested"),
    "patient-request": (ACT_REASON, "PATRQT", "patient requested"),
    "representative-request": (ACT_REASON, "PWATRNY", "power of attorney"),
    "legal-request": (ACT_REASON, "HLEGAL", "legal"),
    "complaint": (ACT_REASON, "HCOMPL", "health compliance"),
    "compliance-review": (ACT_REASON, "HCOMPL", "health compliance"),
}
"""The purposes of look-ups in the vault."""

APPLICATION = _dicom("110150", "Application")
SOURCE_ROLE = _dicom("110153", "Source Role ID")
HUMAN: Code = (SECURITY_ROLE, "humanuser", "human user")
SERVER: Code = (SOURCE_TYPE, "4", "Application Server")
PERSON: Code = (ENTITY_TYPE, "1", "Person")
SYSTEM_OBJECT: Code = (ENTITY_TYPE, "2", "System Object")
PATIENT: Code = (OBJECT_ROLE, "1", "Patient")
DOMAIN_RESOURCE: Code = (OBJECT_ROLE, "4", "Domain Resource")
SECURITY_RESOURCE: Code = (OBJECT_ROLE, "13", "Security Resource")

PEOPLE = frozenset({"operator", "anyone"})
"""Actors that stand for a person whom the service does not know by an account."""

PARTS = frozenset({"gate", "notifier", "oversight", "pipeline", "prepare", "purge", "seal", "warm-up", "worker"})
"""Actors that are parts of the service itself."""

WORKER = "worker-"
"""How the actors begin that are model workers."""
