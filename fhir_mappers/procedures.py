"""Procedures that were done: operations, examinations, screening. Only completed ones count."""

from __future__ import annotations

from datetime import datetime

from fhir_mappers import dates
from fhir_mappers.case import Procedure
from fhir_mappers.errors import Unused
from fhir_mappers.fields import Json, concept, obj

_NOT_COMPLETED = frozenset({"preparation", "in-progress", "on-hold", "stopped", "unknown"})


def read(resource: Json, handle: str, now: datetime) -> Procedure:
    """A completed Procedure; without a believable date it counts as done at an unknown time.

    Raises Unused when it was not done, is not completed, entered in error, dated in the future or says nothing.
    """
    status = resource.get("status")
    if status == "entered-in-error":
        raise Unused("entered-in-error")
    if status == "not-done":
        raise Unused("refuted")
    if status in _NOT_COMPLETED:
        raise Unused("inactive", "Procedure.status")
    if status != "completed":
        raise Unused("invalid", "Procedure.status")
    meaning = concept(obj(resource, "code"))
    if not meaning.label:
        raise Unused("no-value")
    when = dates.first(resource, "performedDateTime", "performedPeriod.end", "performedPeriod.start")
    if dates.is_future(when, now):
        raise Unused("future")
    return Procedure(concept=meaning, when=when, source=handle)
