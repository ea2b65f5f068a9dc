"""Doses of vaccines that were given. A dose that was refused, not given or too weak does not count."""

from __future__ import annotations

from datetime import datetime

from fhir_mappers import dates
from fhir_mappers.case import Immunization
from fhir_mappers.errors import Unused
from fhir_mappers.fields import Json, concept, obj


def read(resource: Json, handle: str, now: datetime) -> Immunization:
    """A completed Immunization; without a believable date the dose counts as given at an unknown time.

    `recorded` is not read: it tells when a dose was written down, which may be years after it was given. Raises Unused
    when the dose was not given, was subpotent, is entered in error, dated in the future or names no vaccine.
    """
    status = resource.get("status")
    if status == "entered-in-error":
        raise Unused("entered-in-error")
    if status == "not-done":
        raise Unused("refuted")
    if status != "completed":
        raise Unused("invalid", "Immunization.status")
    if resource.get("isSubpotent") is True:
        raise Unused("inactive", "Immunization.isSubpotent")
    meaning = concept(obj(resource, "vaccineCode"))
    if not meaning.label:
        raise Unused("no-value")
    when = dates.when(resource.get("occurrenceDateTime"))
    if dates.is_future(when, now):
        raise Unused("future")
    return Immunization(concept=meaning, when=when, source=handle)
