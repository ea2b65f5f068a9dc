"""Reading FHIR JSON without trusting its shape: each accessor gives the asked type or an empty value, never raises."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fhir_mappers.case import Coding, Concept

Json = dict[str, Any]

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
UCUM = "http://unitsofmeasure.org"
CVX = "http://hl7.org/fhir/sid/cvx"

SYSTEM_ALIASES: Mapping[str, str] = {
    # OIDs and spellings seen in the field for the systems that codes are matched in (HL7 Terminology, 2024).
    "urn:oid:2.16.840.1.113883.6.1": LOINC,
    "https://loinc.org": LOINC,
    "http://loinc.org/": LOINC,
    "urn:oid:2.16.840.1.113883.6.96": SNOMED,
    "https://snomed.info/sct": SNOMED,
    "http://snomed.info/sct/": SNOMED,
    "urn:oid:2.16.840.1.113883.6.88": RXNORM,
    "urn:oid:2.16.840.1.113883.6.90": ICD10CM,
    "urn:oid:2.16.840.1.113883.6.3": ICD10,
    "urn:oid:2.16.840.1.113883.6.8": UCUM,
    "urn:oid:2.16.840.1.113883.12.292": CVX,
    "urn:oid:2.16.840.1.113883.6.59": CVX,
}

_MAX_WORD = 500
_MAX_CODINGS = 20
_NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,12})?")
_NOTHING: Json = {}


def obj(data: Json, key: str) -> Json:
    """The object at `key`, or an empty one."""
    value = data.get(key)
    return value if isinstance(value, dict) else _NOTHING


def objs(data: Json, key: str) -> list[Json]:
    """The objects of the list at `key` (anything else in the list is left out)."""
    value = data.get(key)
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def texts(data: Json, key: str) -> list[str]:
    """The non-blank strings of the list at `key`."""
    value = data.get(key)
    return [v.strip() for v in value if isinstance(v, str) and v.strip()] if isinstance(value, list) else []


def text(data: Json, key: str, limit: int = _MAX_WORD) -> str | None:
    """The string at `key` without outer white space, cut at `limit` characters; None when blank or no string."""
    value = data.get(key)
    if not isinstance(value, str):
        return None
    return value.strip()[:limit].rstrip() or None


def number(value: object) -> Decimal | None:
    """A finite JSON number of sane size as Decimal (a plain numeric string counts), else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        value = Decimal(repr(value))
    elif isinstance(value, int):
        if abs(value) > 10**12:
            return None
        value = Decimal(value)
    elif isinstance(value, str):
        if not _NUMBER.fullmatch(value.strip()):
            return None
        value = Decimal(value.strip())
    if not isinstance(value, Decimal) or not value.is_finite() or abs(value) > 10**12:
        return None
    return value if value == 0 or abs(value) >= Decimal("1e-12") else None


def system(value: object) -> str | None:
    """A code system URI in its one canonical spelling."""
    if not isinstance(value, str):
        return None
    value = value.strip()
    return SYSTEM_ALIASES.get(value, value) or None


def coding(data: Json) -> Coding:
    """A FHIR Coding."""
    return Coding(system=system(data.get("system")), code=text(data, "code"), display=text(data, "display"))


def concept(data: Json, limit: int = _MAX_WORD) -> Concept:
    """A FHIR CodeableConcept; its text is cut at `limit` characters."""
    codings = tuple(coding(c) for c in objs(data, "coding")[:_MAX_CODINGS])
    return Concept(codings=codings, text=text(data, "text", limit))


def code_of(data: Json, key: str, system_uri: str) -> str | None:
    """The code of the first coding in `system_uri` of the CodeableConcept at `key`."""
    for item in objs(obj(data, key), "coding"):
        if system(item.get("system")) == system_uri and isinstance(item.get("code"), str):
            return str(item["code"])
    return None


def has_category(data: Json, system_uri: str, code: str) -> bool:
    """Whether any `category` CodeableConcept has this code in this system."""
    return any(
        c.get("code") == code and system(c.get("system")) == system_uri
        for category in objs(data, "category")
        for c in objs(category, "coding")
    )
