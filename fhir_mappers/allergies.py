"""Allergies and intolerances, and the statement that there are none."""

from __future__ import annotations

import re
from datetime import datetime

from fhir_mappers import dates
from fhir_mappers.case import Allergy, Concept
from fhir_mappers.errors import Unused
from fhir_mappers.fields import SNOMED, Json, code_of, concept, obj, objs

CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
ABSENT = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"

NO_KNOWN = "716186003"  # SNOMED CT, no known allergy
NO_KNOWN_OF_A_KIND = ("409137002", "429625007", "428607008", "428197003")  # drug, food, environmental, insect allergy

_WRITTEN_NONE = re.compile(r"\W*(no known (drug )?allerg(y|ies)|nk(d)?a|no allergies)\W*", re.I)
_ENDED = frozenset({"inactive", "resolved"})
_CRITICALITIES = frozenset({"low", "high", "unable-to-assess"})
_MAX_REACTIONS = 10


def read(resource: Json, handle: str, now: datetime) -> Allergy | None:
    """An active allergy; None for the statement that no allergy at all is known.

    Raises Unused when it is ended, refuted, entered in error, or tells that one kind of allergy is not known.
    """
    verification = code_of(resource, "verificationStatus", VERIFICATION)
    if verification in ("entered-in-error", "refuted"):
        raise Unused(verification)
    clinical = code_of(resource, "clinicalStatus", CLINICAL)
    if clinical in _ENDED:
        raise Unused("inactive")
    if clinical not in ("active", None):
        raise Unused("invalid", "AllergyIntolerance.clinicalStatus")
    meaning = concept(obj(resource, "code"))
    if _is_none_known(meaning):
        return None
    if not meaning.label:
        meaning = next(
            (concept(obj(r, "substance")) for r in objs(resource, "reaction") if r.get("substance")), meaning
        )
    if not meaning.label:
        raise Unused("no-value")
    when = dates.first(resource, "recordedDate", "onsetDateTime", "lastOccurrence")
    if dates.is_future(when, now):
        raise Unused("future")
    kind, criticality = resource.get("type"), resource.get("criticality")
    return Allergy(
        concept=meaning,
        kind="intolerance" if kind == "intolerance" else "allergy",
        criticality=criticality if criticality in _CRITICALITIES else None,
        reactions=_reactions(resource),
        when=when,
        source=handle,
    )


def _is_none_known(meaning: Concept) -> bool:
    """Whether no allergy at all is known. Raises Unused for "not asked" and for one kind only."""
    if meaning.has(ABSENT, "no-allergy-info"):
        raise Unused("absent")
    if meaning.has(SNOMED, *NO_KNOWN_OF_A_KIND) or meaning.has(
        ABSENT, "no-known-medication-allergies", "no-known-food-allergies", "no-known-environmental-allergies"
    ):
        raise Unused("no-value")
    if meaning.has(SNOMED, NO_KNOWN) or meaning.has(ABSENT, "no-known-allergies"):
        return True
    match = _WRITTEN_NONE.fullmatch(meaning.label)
    if match and (match[2] or match[4]):
        raise Unused("no-value")  # of drugs only
    return match is not None


def _reactions(resource: Json) -> tuple[str, ...]:
    labels = [concept(m).label for r in objs(resource, "reaction") for m in objs(r, "manifestation")]
    return tuple(dict.fromkeys(label for label in labels if label))[:_MAX_REACTIONS]
