"""A FHIR R4 Consent, read for one question: whether de-identified data of the patient may go into training sets.

Pure and total. It reads towards less use: what may deny this use denies it, what cannot be understood is unreadable,
and only a plain permission lifts an earlier denial (docs/how-to/patient-rights.md tells the rules one by one).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from fhir_mappers.case import Precision, When
from fhir_mappers.dates import when
from fhir_mappers.fields import Json, obj, objs
from fhir_mappers.references import bare_id, target_type


class Says(StrEnum):
    """What a Consent says of this use."""

    DENIES = "denies"
    PERMITS = "permits"
    NOTHING = "nothing"
    VOID = "void"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, kw_only=True)
class ConsentReading:
    """One Consent. `why`: a code. `patient`, `consent`: ids within the EHR, None where they cannot be told.

    `said_at`: the latest moment that a denial, the earliest that a permission may have been given; None: not said.
    `ends_at`: when a denial ends by its own words, or a permission does. `version_at`: when this version was written.
    """

    says: Says
    why: str
    patient: str | None = field(default=None, repr=False)
    consent: str | None = field(default=None, repr=False)
    said_at: datetime | None = None
    ends_at: datetime | None = None
    version_at: datetime | None = None


_OTHER_PURPOSES = frozenset({
    "BTG", "CAREMGT", "CLMATTCH", "COC", "COVAUTH", "COVERAGE", "DISASTER", "ELIGDTRM", "ELIGVER", "ENROLLM", "ERTREAT",
    "ETREAT", "FAMRQT", "HLEGAL", "HMARKT", "HPAYMT", "PATRQT", "PUBHLTH", "PWATRNY", "REMITADV", "SUPNWK", "THREAT",
    "TREAT", "TREATDS",
})  # fmt: skip
"""Purposes (HL7 v3 ActReason) of care, payment and others that a training set does not serve. Any other may be ours."""

_PERMITTED_PURPOSES = frozenset({"HRESCH", "SYSDEV", "TRAIN"})
"""Purposes that cover a training set when they are permitted: research, development of systems, training."""

_NOT_ABOUT_DATA = frozenset({"adr", "treatment"})
"""Scopes (HL7 consentscope) of advance directives and of consent to a treatment."""

_DENYING_POLICIES = frozenset({"OPTOUT", "OPTOUTE"})
_PERMITTING_POLICIES = frozenset({"OPTIN"})
_NOT_YET = frozenset({"draft", "proposed"})
_STATUSES = _NOT_YET | {"active", "rejected", "inactive", "entered-in-error"}
_CONDITIONS = ("actor", "class", "code", "data", "dataPeriod", "securityLabel")
"""What narrows a provision to a part of the data or to somebody."""

_OF_OTHER_VERSIONS = ("decision", "subject", "except", "purpose", "action", "actor", "period", "data")
"""Elements of a Consent in STU3 or R5 that it does not have in R4: what R4 does not read may deny."""

_FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_DEEPEST = 10
_MOST_PROVISIONS = 1000
_SPAN = {Precision.YEAR: 366, Precision.MONTH: 31, Precision.DAY: 1}


class _Unclear(Exception):
    """The Consent cannot be understood: `why`, a code."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def read_consent(resource: Json, *, now: datetime, patient: str | None = None) -> ConsentReading:
    """What `resource` says. `patient`: its patient, where only the Bundle that it came in says whom it means."""
    known = ConsentReading(
        says=Says.UNREADABLE,
        why="",
        consent=_id(resource.get("id")),
        patient=patient or patient_of(resource),
        version_at=_start(when(obj(resource, "meta").get("lastUpdated"))),
    )
    try:
        says, why, ends_at = _read(resource, now)
    except _Unclear as unclear:
        return replace(known, why=unclear.why)
    said = when(resource.get("dateTime"))
    said_at = _start(said) if says is Says.PERMITS else _end(said)
    return replace(known, says=says, why=why, said_at=said_at, ends_at=ends_at)


def patient_of(resource: Json) -> str | None:
    """The id of the Patient that the Consent names (``subject`` in R5); None where it cannot be told."""
    for name in ("patient", "subject"):
        reference = obj(resource, name)
        value = reference.get("reference")
        if isinstance(value, str) and target_type(reference) == "Patient" and not value.startswith(("#", "urn:")):
            return _id(bare_id(value))
    return None


def _read(resource: Json, now: datetime) -> tuple[Says, str, datetime | None]:
    status = resource.get("status")
    _check_shape(resource, status)
    if status == "entered-in-error":
        return Says.VOID, "entered-in-error", None
    provisions = tuple(_provisions(resource))
    denials = [p for p in provisions if p.get("type") == "deny" and _concerns(p, resource)]
    policies = _codes(resource, "policyRule")
    if status == "rejected" and _speaks(resource, provisions):
        return Says.DENIES, "rejected", None
    in_force = [p for p in denials if not _is_over(p, now)]
    if policies & _DENYING_POLICIES and _is_about_data(resource):
        return Says.DENIES, "policy-opt-out", None
    if in_force:
        ends = [_period_end(p) for p in in_force]
        return Says.DENIES, "provision-denies", None if None in ends else max(e for e in ends if e)
    return _permission(resource, provisions, policies, now)


def _check_shape(resource: Json, status: object) -> None:
    """Raises _Unclear for what must not be read as if it were understood."""
    if not isinstance(status, str) or status not in _STATUSES:
        raise _Unclear("no-status")
    if any(name in resource for name in _OF_OTHER_VERSIONS) or isinstance(resource.get("provision"), list):
        raise _Unclear("not-r4")
    if resource.get("implicitRules") or _modified(resource):
        raise _Unclear("modifier")
    if "provision" in resource and not isinstance(resource["provision"], dict):
        raise _Unclear("provision")
    for name in ("scope", "policyRule", "patient"):
        if name in resource and not isinstance(resource[name], dict):
            raise _Unclear(name.lower())


def _modified(data: object, depth: int = 0) -> bool:
    """Whether something in `data` changes the meaning of what stands beside it (or nests too deep to be sure)."""
    if depth > 4 * _DEEPEST:
        return True
    if isinstance(data, dict):
        return bool(data.get("modifierExtension")) or any(_modified(v, depth + 1) for v in data.values())
    return isinstance(data, list) and any(_modified(v, depth + 1) for v in data)


def _provisions(resource: Json) -> Iterator[Json]:
    """The provision and all that nest in it. Raises _Unclear for a shape that is not R4's."""
    waiting: list[tuple[Any, int]] = [(resource["provision"], 0)] if "provision" in resource else []
    seen = 0
    while waiting:
        provision, depth = waiting.pop()
        seen += 1
        if not isinstance(provision, dict) or depth > _DEEPEST or seen > _MOST_PROVISIONS:
            raise _Unclear("provision")
        nested = provision.get("provision", [])
        if provision.get("type") not in (None, "permit", "deny") or not isinstance(nested, list):
            raise _Unclear("provision")
        if depth and "type" not in provision:
            raise _Unclear("provision-without-type")
        if any(not isinstance(provision.get(name, []), list) for name in ("purpose", "action")):
            raise _Unclear("provision")
        _period(provision)
        yield provision
        waiting.extend((n, depth + 1) for n in nested)


def _speaks(resource: Json, provisions: tuple[Json, ...]) -> bool:
    """Whether the Consent is about the use of data at all."""
    return _is_about_data(resource) or any(_purposes(p) - _OTHER_PURPOSES for p in provisions)


def _is_about_data(resource: Json) -> bool:
    scopes = _codes(resource, "scope")
    return not scopes or bool(scopes - _NOT_ABOUT_DATA)


def _concerns(denial: Json, resource: Json) -> bool:
    """Whether a denial may be one of this use."""
    purposes, actions = _purposes(denial), _actions(denial)
    if actions == {"correct"}:
        return False
    return bool(purposes - _OTHER_PURPOSES) if purposes else _is_about_data(resource)


def _permission(
    resource: Json, provisions: tuple[Json, ...], policies: frozenset[str], now: datetime
) -> tuple[Says, str, datetime | None]:
    """What a Consent says that denies nothing now."""
    if not _speaks(resource, provisions):
        return Says.NOTHING, "other-subject", None
    root = provisions[0] if provisions else {}
    plain = _is_plain(root) and _covers(root)
    by_policy = root.get("type") is None and bool(policies & _PERMITTING_POLICIES)
    if not provisions and not policies and (resource.get("sourceAttachment") or resource.get("sourceReference")):
        raise _Unclear("words-only")
    if not plain or not (by_policy or root.get("type") == "permit"):
        return Says.NOTHING, "no-plain-permission", None
    if resource["status"] == "inactive":
        return Says.DENIES, "permission-withdrawn", None
    if _is_over(root, now):
        return Says.DENIES, "permission-ended", None
    if not _is_in_force(resource, root, now):
        return Says.NOTHING, "not-in-force", None
    return Says.PERMITS, "permitted", _period_end(root)


def _is_in_force(resource: Json, permission: Json, now: datetime) -> bool:
    """Whether a permission was given, verified as far as anybody looked, has begun, and says when it was given."""
    said, begins = _start(when(resource.get("dateTime"))), _period(permission)[0]
    refuted = any(v.get("verified") is False for v in objs(resource, "verification"))
    begun = said is not None and said <= now and (begins is None or begins <= now)
    return resource["status"] not in _NOT_YET and begun and not refuted


def _is_plain(provision: Json) -> bool:
    """Whether nothing narrows it in a way that this service cannot keep."""
    return not any(provision.get(name) for name in _CONDITIONS)


def _covers(provision: Json) -> bool:
    purposes, actions = _purposes(provision), _actions(provision)
    return (not purposes or bool(purposes & _PERMITTED_PURPOSES)) and (not actions or {"use", "disclose"} <= actions)


def _purposes(provision: Json) -> frozenset[str]:
    """Codes of the purposes; one without a code may be any."""
    found = provision.get("purpose", [])
    return frozenset(str(p["code"]) if isinstance(p, dict) and isinstance(p.get("code"), str) else "?" for p in found)


def _actions(provision: Json) -> frozenset[str]:
    return frozenset(code for action in objs(provision, "action") for code in (_coded(action) or {"?"}))


def _codes(resource: Json, name: str) -> frozenset[str]:
    return _coded(obj(resource, name))


def _coded(concept: Json) -> frozenset[str]:
    return frozenset(c["code"] for c in objs(concept, "coding") if isinstance(c.get("code"), str))


def _period(provision: Json) -> tuple[datetime | None, datetime | None]:
    """Start and end; partial dates are taken as wide as they may be. Raises _Unclear."""
    period = provision.get("period", {})
    if not isinstance(period, dict):
        raise _Unclear("period")
    start, end = when(period.get("start")), when(period.get("end"))
    if (start is None and "start" in period) or (end is None and "end" in period):
        raise _Unclear("period")
    return _start(start), _end(end)


def _period_end(provision: Json) -> datetime | None:
    return _period(provision)[1]


def _is_over(provision: Json, now: datetime) -> bool:
    end = _period_end(provision)
    return end is not None and end <= now


def _start(moment: When | None) -> datetime | None:
    return None if moment is None else moment.start.astimezone(UTC)


def _end(moment: When | None) -> datetime | None:
    if moment is None:
        return None
    return moment.start.astimezone(UTC) + timedelta(days=_SPAN.get(moment.precision, 0))


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and _FHIR_ID.fullmatch(value) else None
