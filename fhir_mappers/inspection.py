"""One walk over a resource, before it is believed: size, odd strings, modifier extensions, security labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_mappers.errors import Unused
from fhir_mappers.fields import Json, objs
from fhir_mappers.limits import Limits

CONFIDENTIALITY = frozenset({
    "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "http://hl7.org/fhir/v3/Confidentiality",
    "urn:oid:2.16.840.1.113883.5.25",
})  # fmt: skip
UNRESTRICTED = frozenset({"U", "L", "M", "N"})
"""v3-Confidentiality (HL7 Terminology): unrestricted, low, moderate, normal. R and V restrict."""

_V3 = ("http://terminology.hl7.org/CodeSystem/v3-", "http://hl7.org/fhir/v3/")

_PURPOSES = frozenset({
    # v3-ActReason, value set PurposeOfUse: the purposes that the care of the patient and its running belong to, and
    # test data. A purpose that leaves treatment out (research, marketing) restricts.
    "TREAT", "TREATDS", "ETREAT", "ERTREAT", "BTG", "CAREMGT", "COC", "CLINTRCH", "POPHLTH", "HPAYMT", "HOPERAT",
    "PATRQT", "HTEST",
})  # fmt: skip
_INTEGRITY = frozenset({
    # v3-ObservationValue: how data were altered, how far they are to be trusted, who asserted or reported them.
    "ABSTRED", "AGGRED", "ANONYED", "MAPPED", "MASKED", "PSEUDED", "REDACTED", "SUBSETTED", "SYNTAC", "TRSLT",
    "VERSIONED", "CRYTOHASH", "DIGSIG", "HRELIABLE", "RELIABLE", "UNCERTREL", "UNRELIABLE", "CLINAST", "DEVAST",
    "HCPAST", "PACQAST", "PATAST", "PAYAST", "PROAST", "SDMAST", "CLINRPT", "DEVRPT", "HCPRPT", "PACQRPT", "PATRPT",
    "PAYRPT", "PRORPT", "SDMRPT",
})  # fmt: skip
_LIFECYCLE = frozenset({
    # iso-21089-lifecycle: what was done with a record. A hold, an encryption or a destruction is no harmless word.
    "access", "amend", "archive", "attest", "decrypt", "deidentify", "extract", "link", "merge", "originate",
    "pseudonymize", "reactivate", "receive", "report", "restore", "transform", "transmit", "unlink", "unmerge",
    "verify",
})  # fmt: skip

HARMLESS_LABELS: Mapping[str, frozenset[str]] = {
    # The codes in meta.security that say something else than "handle with care", by system. Every other code counts as
    # sensitive, of these systems too: what is not understood stays inside, and 42CFRPart2, ETH, HIV, PSY and their like
    # restrict whatever system they are written under.
    **{f"{base}ActReason": _PURPOSES for base in _V3},
    **{f"{base}ObservationValue": _INTEGRITY for base in _V3},
    "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle": _LIFECYCLE,
}

SENSITIVITY = frozenset({
    # Systems of the codes that say why data are sensitive, by which law, and how to handle them.
    "http://terminology.hl7.org/CodeSystem/v3-ActCode", "http://hl7.org/fhir/v3/ActCode",
    "urn:oid:2.16.840.1.113883.5.4", "http://terminology.hl7.org/CodeSystem/v3-ActUSPrivacyLaw",
})  # fmt: skip

DS4P = "http://hl7.org/fhir/uv/security-label-ds4p/"
"""Extensions of the implementation guide FHIR Data Segmentation for Privacy: labels inside a resource (inline)."""

MODIFIERS = ("modifierExtension", "implicitRules")
"""Elements that change the meaning of a resource; we understand none, and FHIR forbids to ignore them (R4 2.4.0.1)."""

_LABEL_KEYS = ("security", "securityLabel")
_WATCHED = frozenset({*MODIFIERS, *_LABEL_KEYS, "tag", "confidentiality", "url"})


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
                sensitive = sensitive or _restricts(holder)
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
    return code not in HARMLESS_LABELS.get(code_system, ())


def labelled_sensitive(meta_holder: Json) -> bool:
    """Whether `meta` of a resource or Bundle restricts it."""
    meta = meta_holder.get("meta")
    return isinstance(meta, dict) and (_restricts(meta) or any(map(_inline, objs(meta, "extension"))))


def _restricts(holder: Json) -> bool:
    """Whether an object is, or carries, a label that restricts."""
    return any(map(is_sensitive, _labels(holder))) or _inline(holder) or any(map(_is_misplaced, objs(holder, "tag")))


def _labels(holder: Json) -> Iterator[Json]:
    """Codings of `meta.security`, of DocumentReference.securityLabel and of Composition.confidentiality.

    What is written in another shape than FHIR's comes as an empty label, which restricts: its meaning is not known.
    """
    for key in _LABEL_KEYS:
        value = holder.get(key)
        if value in (None, []):
            continue
        for item in value if isinstance(value, list) else [value]:
            codings = item.get("coding") if isinstance(item, dict) else [{}]
            if codings is None:
                yield item
            else:
                yield from (c if isinstance(c, dict) else {} for c in (codings if isinstance(codings, list) else [{}]))
    if "confidentiality" in holder:
        yield {"system": next(iter(CONFIDENTIALITY)), "code": holder["confidentiality"]}


def _inline(holder: Json) -> bool:
    """Whether an extension labels a part of a resource, or says that parts are labelled."""
    url = holder.get("url")
    if not isinstance(url, str) or not url.startswith(DS4P):
        return False
    coding = holder.get("valueCoding")
    return is_sensitive(coding) if isinstance(coding, dict) else holder.get("valueBoolean") is not False


def _is_misplaced(tag: Json) -> bool:
    """Whether a tag is a restricting label that stands in the wrong element of `meta`."""
    return str(tag.get("system")) in CONFIDENTIALITY | SENSITIVITY and is_sensitive(tag)


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
