"""Every identifying string of a request: names, addresses, numbers, dates of people and places.

Read from the raw JSON of *all* resources sent, those that are refused included: a name of a refused resource may stand
in the note of another. The gate builds its matcher from these.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fhir_mappers.asked import identifying
from fhir_mappers.case import IntakeAnswer, KnownIdentifier
from fhir_mappers.fields import LOINC, Json, obj, objs, system, text, texts
from fhir_mappers.received import Received
from fhir_mappers.references import target_type

ROLES: Mapping[str, str] = {
    # Whose names stand in a resource of this type.
    "Patient": "patient", "RelatedPerson": "relative", "Person": "relative", "Practitioner": "practitioner",
    "PractitionerRole": "practitioner", "CareTeam": "practitioner", "Organization": "organization",
    "HealthcareService": "organization", "Location": "location", "Encounter": "encounter", "EpisodeOfCare": "encounter",
    "Appointment": "encounter", "Account": "patient", "Coverage": "patient", "Device": "patient",
    "InsurancePlan": "organization",
}  # fmt: skip

REFERENCE_ROLES: Mapping[str, str] = {
    # Whose name the display of a reference is when the reference does not tell its target's type.
    "subject": "patient", "patient": "patient", "performer": "practitioner", "author": "practitioner",
    "recorder": "practitioner", "asserter": "practitioner", "requester": "practitioner", "individual": "practitioner",
    "generalPractitioner": "practitioner", "authenticator": "practitioner", "informationSource": "relative",
    "resultsInterpreter": "practitioner", "actor": "practitioner", "member": "practitioner", "party": "practitioner",
    "onBehalfOf": "organization", "managingOrganization": "organization", "serviceProvider": "organization",
    "custodian": "organization", "organization": "organization", "assigner": "organization", "origin": "location",
    "destination": "location", "location": "location", "source": "relative", "sender": "practitioner",
    "recipient": "practitioner", "provider": "practitioner", "who": "practitioner", "agent": "practitioner",
    "valueReference": "practitioner", "authorReference": "practitioner", "practitioner": "practitioner",
    "enterer": "practitioner", "dataEnterer": "practitioner", "verifier": "practitioner", "collector": "practitioner",
    "careManager": "practitioner", "legalAuthenticator": "practitioner", "orderer": "practitioner",
    "beneficiary": "patient", "policyHolder": "patient", "subscriber": "patient", "sourcePatientInfo": "patient",
    "owner": "organization", "insurer": "organization", "payor": "organization", "insurance": "organization",
    "issuer": "organization", "healthcareService": "organization", "partOf": "organization", "facility": "location",
    "other": "relative", "relatedPerson": "relative", "account": "organization",
}  # fmt: skip

_DATE = re.compile(r"(\d{4}-\d{2}(?:-\d{2})?)(?:T[\d:.+Z-]*)?")

EXTENSION_KINDS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    # A word in the last part of an extension's URL -> kind and role of its text value.
    (re.compile(r"maiden", re.I), "family", "relative"),
    (re.compile(r"birth-?place|place-?of-?birth", re.I), "city", "patient"),
    (re.compile(r"employer|workplace|congregation|school", re.I), "organization", "organization"),
    (re.compile(r"preferred-?name|nick-?name|alias|(?:own|partner)-name|thers-family", re.I), "name", "patient"),
)  # fmt: skip

NUMBER_KEYS = frozenset({
    "subscriberId", "serialNumber", "deviceIdentifier", "carrierHRF", "policyNumber", "distinctIdentifier",
    "carrierAIDC", "dependent", "lotNumber",
})  # fmt: skip
_IDENTIFIER_KEYS = frozenset({
    "identifier", "masterIdentifier", "valueIdentifier", "groupIdentifier", "requisition", "preAdmissionIdentifier",
    "accessionIdentifier",
})  # fmt: skip
_OBJECT_KEYS = _IDENTIFIER_KEYS | {"name", "valueHumanName", "telecom", "valueContactPoint", "address", "valueAddress"}
_MEMBER_KEYS = NUMBER_KEYS | {"birthDate", "authorString", "resourceType", "url"}
_ROLE_KEYS = frozenset({"contact", "contained"})
_NAME_TYPES = frozenset({"Organization", "HealthcareService", "Location", "CareTeam", "InsurancePlan", "Account"})
_POINT_KINDS: Mapping[str | None, str] = {"email": "email", "url": "url"}
_FEWEST_PHONE_DIGITS = 7
_BARCODE_PART = re.compile(r"\((\d{2,4})\)([^(]+)|(?:^|[=~^])[=,/$]?([A-Z0-9-]{5,})")
_BARCODE_PRIVATE = frozenset({"10", "21", "250", "251", "8004"})  # GS1: batch or lot, serial numbers
_ADDRESS_PARTS: Mapping[str, str] = {
    # ISO 21090 parts of an address line, by the end of the extension's URL.
    "streetName": "address-line", "streetNameBase": "address-line", "postBox": "address-line",
    "additionalLocator": "address-line", "deliveryAddressLine": "address-line", "careOf": "name", "precinct": "county",
}  # fmt: skip
_MAX_VALUE = 300
_UUID = re.compile(r"(urn:uuid:)?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_RECORD_NUMBER = re.compile(r"(?=(?:\D*\d){5})[A-Za-z0-9.-]{5,64}")

QUESTION_CODES: Mapping[str, str] = {
    # LOINC questions whose answer identifies the person.
    "56799-0": "address-line", "54125-0": "name", "45392-8": "given", "45394-4": "family",
}  # fmt: skip
Found = dict[KnownIdentifier, None]


def collect(
    entries: list[Received], patient: Received, intake: tuple[IntakeAnswer, ...] = ()
) -> tuple[KnownIdentifier, ...]:
    """All identifiers, the patient's first, each once."""
    found: Found = {}
    _collect_resource(patient.resource, "patient", found)
    for entry in entries:
        if entry is not patient:
            role = "relative" if entry.resource_type == "Patient" else ROLES.get(entry.resource_type, "practitioner")
            _collect_resource(entry.resource, role, found)
    for answer in intake:
        asked = identifying(answer)
        if asked is not None:
            _add(found, asked[0], answer.answer, asked[1])
    return tuple(found)


def _add(found: Found, kind: str, value: object, role: str) -> None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value:.15g}"  # a number that was written as a number of JSON
    if not isinstance(value, str):
        return
    value = " ".join(value.split())[:_MAX_VALUE]
    if len(value) > 1:
        found.setdefault(KnownIdentifier(kind=kind, value=value, role=role))


def _collect_resource(resource: Json, role: str, found: Found) -> None:
    """Walk one resource; the role changes inside Patient.contact and contained resources."""
    resource_type = resource.get("resourceType")
    own_id = resource.get("id")
    if resource_type == "Patient" or (
        isinstance(own_id, str) and not _UUID.fullmatch(own_id) and _RECORD_NUMBER.fullmatch(own_id)
    ):
        _add(found, "identifier", own_id, role)
    _special(resource, resource_type, role, found)
    stack: list[tuple[str, Json | list[Any], str]] = [("", resource, role)]
    budget = 50_000
    while stack and budget:
        budget -= 1
        key, value, whose = stack.pop()
        if isinstance(value, list):
            stack += [(key, item, whose) for item in value if isinstance(item, dict | list)]
            continue
        if key in _ROLE_KEYS:
            whose = _role_inside(key, value, whose)
        if key in _OBJECT_KEYS:
            _collect_object(key, value, whose, found)
        if not _MEMBER_KEYS.isdisjoint(value):
            _plain_members(value, whose, found)
        if "display" in value and "code" not in value:
            _reference(key, value, found)
        if key != "meta":
            _dates(value, found)
        stack += [(k, v, whose) for k, v in value.items() if isinstance(v, dict | list)]


def _role_inside(key: str, value: Json, role: str) -> str:
    if key == "contact" and role == "patient":
        return "relative"
    if key == "contained":
        return ROLES.get(str(value.get("resourceType")), "practitioner")
    return role


def _special(resource: Json, resource_type: object, role: str, found: Found) -> None:
    """Elements that identify in one type only."""
    if resource_type == "Observation":
        for coding in objs(obj(resource, "code"), "coding"):
            kind = QUESTION_CODES.get(text(coding, "code") or "") if system(coding.get("system")) == LOINC else None
            if kind:
                _add(found, kind, resource.get("valueString"), "patient")
    if resource_type == "Coverage":
        for group in objs(resource, "class"):
            for key in ("value", "name"):
                if any(c.isdigit() for c in text(group, key) or ""):
                    _add(found, "identifier", group[key], role)
    for photo in objs(resource, "photo"):
        for key in ("url", "title"):
            _add(found, "photo", photo.get(key), role)


def _collect_object(key: str, value: Json, role: str, found: Found) -> None:
    if key in ("name", "valueHumanName"):
        _name(value, role, found)
    elif key in ("telecom", "valueContactPoint"):
        _contact(value, role, found)
    elif key in ("address", "valueAddress"):
        _address(value, role, found)
    elif key in _IDENTIFIER_KEYS:
        _add(found, "identifier", value.get("value"), role)


def _plain_members(value: Json, role: str, found: Found) -> None:
    """Identifying strings that any object may hold."""
    _add(found, "birth-date", value.get("birthDate"), role)
    _add(found, "name", value.get("authorString"), "practitioner")
    resource_type = text(value, "resourceType")
    if resource_type in _NAME_TYPES:
        kind = "location" if resource_type == "Location" else "organization"
        _add(found, kind, value.get("name"), ROLES.get(resource_type or "", role))
        for alias in texts(value, "alias"):
            _add(found, kind, alias, role)
    _extension(value, found)
    for number_key in NUMBER_KEYS & value.keys():
        _add(found, "identifier", value[number_key], role)
        if number_key.startswith("carrier"):
            _barcode(value[number_key], role, found)


def _contact(value: Json, role: str, found: Found) -> None:
    """A telephone number, mail or web address; what has too few digits for a number is the name of a user."""
    kind = _POINT_KINDS.get(text(value, "system"), "phone")
    said = str(value.get("value") or "")
    if kind == "phone" and sum(c.isdigit() for c in said) < _FEWEST_PHONE_DIGITS and any(c.isalpha() for c in said):
        kind = "email" if "@" in said else "url"
    _add(found, kind, value.get("value"), role)


def _barcode(value: object, role: str, found: Found) -> None:
    """The lot and serial numbers inside a device's barcode, "(21)" before the latter."""
    for part in _BARCODE_PART.finditer(value) if isinstance(value, str) else ():
        if part[3] or part[1] in _BARCODE_PRIVATE:
            _add(found, "identifier", part[3] or part[2], role)


def _extension(value: Json, found: Found) -> None:
    """An extension that names a person, an employer or a place in text or by a reference."""
    url = text(value, "url")
    address_kind = _ADDRESS_PARTS.get((url or "").rpartition("iso21090-ADXP-")[2])
    if address_kind:
        _add(found, address_kind, value.get("valueString"), "patient")
    named = [(k, r) for p, k, r in EXTENSION_KINDS if p.search(url.rstrip("/").rpartition("/")[2])] if url else []
    for kind, role in named[:1]:
        said = (value.get("valueString"), obj(value, "valueReference").get("display"),
                obj(value, "valueCodeableConcept").get("text"))  # fmt: skip
        for word in said:
            parts = word.split() if isinstance(word, str) and kind == "family" else [word]
            for part in parts:
                _add(found, kind, part, role)


def _dates(value: Json, found: Found) -> None:
    """Days and months in an object: all tell when something happened to the person; 45 CFR 164.514(b)(2)(i)(C)."""
    for key, item in value.items():
        if isinstance(item, str) and item[:2] in ("19", "20") and key != "birthDate":
            day = _DATE.fullmatch(item)
            if day:
                _add(found, "date", day[1], "encounter")


def _name(name: Json, role: str, found: Found) -> None:
    given, family = texts(name, "given"), text(name, "family")
    families = [family] if family else texts(name, "family")  # DSTU2 wrote a list
    whole = " ".join([*given, *families])
    for full in (text(name, "text"), whole if given and families else None):
        _add(found, "name", full, role)
    for kind, parts in (("given", given), ("family", families)):
        for part in parts:
            _add(found, kind, part, role)
    for part in (*texts(name, "prefix"), *texts(name, "suffix")):
        _add(found, "prefix", part, role)


def _address(address: Json, role: str, found: Found) -> None:
    for line in texts(address, "line"):
        _add(found, "address-line", line, role)
    for key, kind in (
        ("text", "address-line"),
        ("city", "city"),
        ("district", "county"),
        ("postalCode", "postal-code"),
    ):
        _add(found, kind, address.get(key), role)


def _reference(key: str, value: Json, found: Found) -> None:
    """The display of a reference to a person, organisation or place."""
    if "system" in value:
        return  # a Coding
    named = target_type(value)
    role = ROLES.get(named) if named else REFERENCE_ROLES.get(key)
    if role is not None and role != "encounter":
        kind = role if role in ("organization", "location") else "name"
        _add(found, kind, value["display"], role)
