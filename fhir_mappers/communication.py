"""FHIR R4 resources that call a physician to a case: a Communication or a Task.

They name no patient: who it is stands behind the link, for those who may see it. They use only what R4 and R4B share.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fhir_mappers import r4
from fhir_mappers.actions import MAX_TEXT, PRIORITIES, REVIEWERS
from fhir_mappers.fields import Json

_CATEGORY = "http://terminology.hl7.org/CodeSystem/communication-category"


def communication(
    *, system: str, value: str, text: str, priority: str, sent: datetime, recipients: Sequence[str] = ()
) -> Json:
    """An alert under the identifier `system`|`value`. Raises ValueError on bad values."""
    resource: Json = {
        "resourceType": "Communication",
        "identifier": [{"system": system, "value": value}],
        "status": "in-progress",
        "category": [{"coding": [{"system": _CATEGORY, "code": "alert", "display": "Alert"}]}],
        "priority": _priority(priority),
        "sent": _instant(sent),
        "payload": [{"contentString": _words(text)}],
    }
    if recipients:
        resource["recipient"] = [{"reference": reference} for reference in recipients]
    r4.validate(resource)
    return resource


def review_call(
    *, system: str, value: str, text: str, priority: str, sent: datetime, recipients: Sequence[str] = ()
) -> Json:
    """A Task for a physician, owned by the one of `recipients`, if any. Raises ValueError on bad values."""
    code, name = REVIEWERS["physician"]
    resource: Json = {
        "resourceType": "Task",
        "identifier": [{"system": system, "value": value}],
        "status": "requested",
        "intent": "proposal",
        "priority": _priority(priority),
        "code": {"text": f"{name} review"},
        "description": _words(text),
        "authoredOn": _instant(sent),
        "performerType": [{"coding": [{"system": "http://snomed.info/sct", "code": code}], "text": name}],
    }
    if recipients:
        resource["owner"] = {"reference": recipients[0]}
    r4.validate(resource)
    return resource


def _priority(priority: str) -> str:
    if priority not in PRIORITIES:
        raise ValueError("priority must be one of " + ", ".join(PRIORITIES))
    return priority


def _words(text: str) -> str:
    if not text.strip() or len(text) > MAX_TEXT:
        raise ValueError(f"text must have 1 to {MAX_TEXT} characters")
    return text


def _instant(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("sent needs a time zone")
    return moment.isoformat(timespec="seconds")
