"""One event of the audit trail as a FHIR R4 AuditEvent. Pure: `audit_codes` is the table, this puts it together.

It names nobody: patients by the subject id that the vault minted, people by their account, clients as they are
registered. It holds number and hashes of the event, so that it can be found in the chain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fhir_mappers import audit_codes, r4
from fhir_mappers.audit_codes import Code
from fhir_mappers.fields import Json

_OBJECTS = (
    "answer", "card", "case", "export", "erasure", "hold", "entry", "form", "item", "job", "adapter", "account", "seal",
    "key", "setting", "part", "import",
)  # fmt: skip
"""Details that say what was dealt with, the most telling first."""


def audit_event(fields: Mapping[str, Any], *, base: str, check: bool = True) -> Json:
    """The AuditEvent of one record. `fields`: of `cds_service.ledger.trail.Record`. `base`: URL of this service.

    `check` validates what was made, which takes most of the time. Raises ValueError when it is not valid.
    """
    kind, detail = str(fields["kind"]), fields["detail"]
    coding = _coding(kind, detail)
    resource: Json = {
        "resourceType": "AuditEvent",
        "id": f"audit-{fields['seq']}",
        "type": _coded(coding.type),
        **({"subtype": [_coded(code) for code in coding.subtypes]} if coding.subtypes else {}),
        "action": coding.action,
        "recorded": fields["time"],
        "outcome": audit_codes.OUTCOMES.get(str(fields["outcome"]), "8"),
        "agent": [_agent(str(fields["actor"]), base)],
        "source": {
            "site": base,
            "observer": {"identifier": {"system": f"{base}/audit", "value": "cds-service"}, "type": "Device"},
            "type": [_coded(audit_codes.SERVER)],
        },
        "entity": [*_patient(fields["subject"], base), _object(kind, detail, base), _chain(fields, base)],
    }
    purpose = audit_codes.PURPOSES.get(str(detail.get("reason")))
    if purpose is not None:
        resource["purposeOfEvent"] = [{"coding": [_coded(purpose)]}]
    if fields["outcome"] != "success" and isinstance(detail.get("reason"), str):
        resource["outcomeDesc"] = detail["reason"]
    if check:
        r4.validate(resource)
    return resource


def _coding(kind: str, detail: Mapping[str, Any]) -> audit_codes.Coding:
    for (of, name, value), special in audit_codes.SPECIAL.items():
        if of == kind and detail.get(name) == value:
            return special
    return audit_codes.CODINGS.get(kind, audit_codes.OTHER)


def _agent(actor: str, base: str) -> Json:
    role = _role(actor)
    return {
        "type": {"coding": [_coded(role)]},
        "who": {"identifier": {"system": f"{base}/audit/actor", "value": actor}},
        "requestor": role is not audit_codes.APPLICATION,
    }


def _role(actor: str) -> Code:
    """A person, a part of this service, or a client that called it."""
    if actor.startswith("user:") or actor in audit_codes.PEOPLE:
        return audit_codes.HUMAN
    ours = actor in audit_codes.PARTS or actor.startswith(audit_codes.WORKER)
    return audit_codes.APPLICATION if ours else audit_codes.SOURCE_ROLE


def _patient(subject: str | None, base: str) -> list[Json]:
    if subject is None:
        return []
    return [
        {
            "what": {"identifier": {"system": f"{base}/audit/subject", "value": subject}, "type": "Patient"},
            "type": _coded(audit_codes.PERSON),
            "role": _coded(audit_codes.PATIENT),
        }
    ]


def _object(kind: str, detail: Mapping[str, Any], base: str) -> Json:
    """What was dealt with, and every detail of the event."""
    made: Json = {"type": _coded(audit_codes.SYSTEM_OBJECT), "role": _coded(audit_codes.DOMAIN_RESOURCE), "name": kind}
    name = next((name for name in _OBJECTS if detail.get(name) not in (None, "")), None)
    if name is not None:
        made["what"] = {"identifier": {"system": f"{base}/audit/{name}", "value": _text(detail[name])}}
    told = [{"type": name, "valueString": _text(value)} for name, value in detail.items() if value not in (None, "")]
    return made | ({"detail": told} if told else {})


def _chain(fields: Mapping[str, Any], base: str) -> Json:
    """Where the event stands in the chain."""
    told = {"seq": str(fields["seq"]), "previous": fields["previous"], "hash": fields["hash"]}
    return {
        "what": {"identifier": {"system": f"{base}/audit/chain", "value": str(fields["seq"])}},
        "type": _coded(audit_codes.SYSTEM_OBJECT),
        "role": _coded(audit_codes.SECURITY_RESOURCE),
        "name": "audit chain",
        "detail": [{"type": name, "valueString": value} for name, value in told.items()],
    }


def _coded(code: Code) -> Json:
    system, value, display = code
    return {"system": system, "code": value, "display": display}


def _text(value: object) -> str:
    """A detail as text; FHIR allows no empty or padded string."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip() or "-"
