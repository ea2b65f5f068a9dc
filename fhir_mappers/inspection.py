"""One walk over a resource, before it is believed: size, odd strings, modifier extensions, security labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_mappers.errors import Unused
from fhir_mappers.fields import Json
from fhir_mappers.limits import Limits

CONFIDENTIALITY = frozenset({
    "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "http://hl7.org/fhir/v3/Confidentiality",
    "urn:oid:2.16.840.1.113883.5.25",
})  # fmt: skip
UNRESTRICTED = frozenset({"U", "L", "M", "N"})
"""v3-Confidentiality (HL7 Terminology): unrestricted, low, moderate, normal. R and V restrict."""

HARMLESS_LABELS = frozenset({
    # Systems whose codes in meta.security say something else than "handle with care": purpose of use and test data,
    # data integrity and completeness, lifecycle. Every other system counts as sensitive: what is not understood stays
    # inside. (v3-ActCode holds ETH, HIV, PSY, SDV, SUD …; v3-ActUSPrivacyLaw and v3-ActCode hold 42CFRPart2.)
    "http://terminology.hl7.org/CodeSystem/v3-ActReason", "http://hl7.org/fhir/v3/ActReason",
    "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "http://hl7.org/fhir/v3/ObservationValue",
    "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle",
})  # fmt: skip

MODIFIERS = ("modifierExtension", "implicitRules")
"""Elements that change the meaning of a resource; we understand none, and FHIR forbids to ignore them (R4 2.4.0.1)."""

_WATCHED = frozenset({*MODIFIERS, "security", "securityLabel"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """What a walk found: an element that changes the meaning, a label that restricts, how many JSON values."""

    modified: bool
    sensitive: bool
    nodes: int


def inspect(resource: Json, limits: Limits) -> Inspection:
    """Walk all JSON values. Raises Unused ``too-large`` or ``invalid`` (lone surrogates, NUL, too deep)."""
    modified = sensitive = False
    stack: list[tuple[Any, int]] = [(resource, 0)]
    seen = 0
    while stack:
        holder, depth = stack.pop()
        if depth >= limits.max_depth:
            raise Unused("invalid", "nesting")
        children, attached = holder, None
        if isinstance(holder, dict):
            children, attached = holder.values(), holder.get("data")
            if not _WATCHED.isdisjoint(holder):
                modified = modified or any(holder.get(m) for m in MODIFIERS)
                sensitive = sensitive or any(map(is_sensitive, _labels(holder)))
        seen += len(children)
        if seen > limits.max_nodes:
            raise Unused("too-large")
        for child in children:
            if isinstance(child, str):
                if len(child) > limits.max_string_chars and child is not attached:
                    raise Unused("too-large")
                _check_unicode(child)
            elif isinstance(child, dict | list):
                stack.append((child, depth + 1))
    return Inspection(modified=modified, sensitive=sensitive, nodes=seen)


def is_sensitive(label: Mapping[str, Any]) -> bool:
    """Whether a security label restricts the resource: anything but a known harmless one does."""
    code_system, code = str(label.get("system")), str(label.get("code"))
    if code_system in CONFIDENTIALITY:
        return code not in UNRESTRICTED
    return code_system not in HARMLESS_LABELS


def labelled_sensitive(meta_holder: Json) -> bool:
    """Whether `meta.security` of a resource or Bundle restricts it."""
    meta = meta_holder.get("meta")
    return isinstance(meta, dict) and any(map(is_sensitive, _labels(meta)))


def _labels(holder: Json) -> Iterator[Json]:
    """Codings of `meta.security` and of DocumentReference.securityLabel."""
    for key in ("security", "securityLabel"):
        value = holder.get(key)
        for item in value if isinstance(value, list) else ():
            if not isinstance(item, dict):
                continue
            codings = item.get("coding")
            yield from (c for c in codings if isinstance(c, dict)) if isinstance(codings, list) else (item,)


def _check_unicode(value: str) -> None:
    """Raises Unused for what no database takes as text: a lone surrogate, and NUL, which FHIR forbids too."""
    if "\0" in value:
        raise Unused("invalid", "text encoding")
    if value.isascii():
        return
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise Unused("invalid", "text encoding") from None
