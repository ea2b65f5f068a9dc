"""The current encounter: its class, its start, why the patient came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from fhir_mappers import dates
from fhir_mappers.case import Concept, When
from fhir_mappers.errors import Unused
from fhir_mappers.fields import Json, concept, obj, objs, text
from fhir_mappers.limits import Limits
from fhir_mappers.received import Received
from fhir_mappers.references import Index, bare_id

_OPEN = frozenset({"arrived", "triaged", "in-progress", "onleave"})
_USED = _OPEN | {"finished", "unknown", "planned"}
_RECENT = timedelta(hours=24)


def check(resource: Json) -> None:
    """Raises Unused when the encounter did not take place or was entered in error."""
    status = resource.get("status")
    if status == "entered-in-error":
        raise Unused("entered-in-error")
    if status == "cancelled":
        raise Unused("inactive")
    if status not in _USED:
        raise Unused("invalid", "Encounter.status")


def current(encounters: Sequence[Received], encounter_id: str | None, now: datetime) -> Received | None:
    """The encounter of this call: the one named, else the one in prefetch ``encounter``, else an open or recent one."""
    if encounter_id:
        wanted = bare_id(encounter_id)
        return next((e for e in encounters if _id(e) == wanted), None)
    sent = [e for e in encounters if e.key == "encounter"]
    if len(sent) == 1:
        return sent[0]
    candidates = [e for e in encounters if _is_now(e.resource, now)]
    return max(candidates, key=lambda e: (e.resource.get("status") in _OPEN, _started(e.resource)), default=None)


def start(resource: Json) -> When | None:
    """When the encounter began."""
    return dates.first(resource, "period.start")


def class_code(resource: Json) -> str | None:
    """The code of Encounter.class (``AMB``, ``EMER``, ``IMP`` …)."""
    return text(obj(resource, "class"), "code", 20)


def reasons(encounter: Received, index: Index, limits: Limits) -> Iterator[Concept]:
    """Why the patient came: reason codes, then what the reason references say."""
    for code in objs(encounter.resource, "reasonCode"):
        meaning = concept(code, limits.max_string_chars)
        if meaning.label:
            yield meaning
    for reference in objs(encounter.resource, "reasonReference"):
        target = index.resolve(reference, encounter.resource)
        meaning = concept(obj(target or {}, "code"), limits.max_string_chars)
        if target is None or not meaning.label or "refuted" in str(target.get("verificationStatus")):
            meaning = Concept(text=text(reference, "display"))
        if meaning.label:
            yield meaning


def _id(encounter: Received) -> str | None:
    own = encounter.resource.get("id")
    if isinstance(own, str):
        return own
    return bare_id(encounter.full_url) if encounter.full_url else None


def _started(resource: Json) -> float:
    begun = start(resource)
    return begun.start.timestamp() if begun else float("-inf")


def _is_now(resource: Json, now: datetime) -> bool:
    """Whether an encounter is going on, or began within a day before `now`."""
    begun = start(resource)
    if resource.get("status") in _OPEN:
        return not dates.is_future(begun, now)
    if resource.get("status") == "planned" or begun is None or dates.is_future(begun, now):
        return False
    return now - begun.start <= _RECENT
