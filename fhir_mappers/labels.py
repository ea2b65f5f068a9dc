"""Which resources of a request a security label restricts: those that carry it, and those that it reaches.

A label reaches, one step at a time:
copies      every copy of the same resource in the request, labelled or not
upwards     whatever points to a labelled resource: the diagnosis of a labelled visit, the order of a labelled medicine,
            the visit whose reason is a labelled diagnosis
downwards   whatever a labelled resource holds: the entries of a List or Composition, the diagnoses of a visit, the
            results of a report (not the visit in which it was made, nor people and places)
visits      visits within a labelled visit or episode, with all that was written in them

A resource without a label, and without a link to one that has it, cannot be told from any other: whether a note is of a
substance use programme (42 CFR Part 2) is for the EHR to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fhir_mappers.errors import Unused
from fhir_mappers.inspection import Inspection
from fhir_mappers.received import SUPPORTING_TYPES, Received
from fhir_mappers.references import Index

_VISITS = frozenset({"Encounter", "EpisodeOfCare"})
_PEOPLE_AND_PLACES = SUPPORTING_TYPES - {"Binary"} | {"Patient", "Device", "Group"}
_OUTER = frozenset({"encounter", "context", "partOf", "episodeOfCare"})
"""Elements that name what a resource is a part of, not what it holds."""
_MAX_REFERENCES = 50_000


def restricted(
    entries: Iterable[Received], index: Index, inspected: Callable[[Received], Inspection]
) -> frozenset[str]:
    """The handles of all restricted resources. What cannot be inspected to its end counts as labelled.

    `inspected` gives the inspection of a resource, or raises Unused.
    """
    everything = list(entries)
    labelled = {e.handle for e in everything if _may_carry(e) and _has_label(e, inspected)}
    if not labelled:
        return frozenset()
    links = {e.handle: list(_links(e, index)) for e in everything if e.resource_type not in _PEOPLE_AND_PLACES}
    labelled |= _copies(everything, labelled)
    labelled |= _inner_visits(everything, labelled, links)
    upwards = {handle for handle, targets in links.items() if any(t.handle in labelled for _, t in targets)}
    downwards = {t.handle for handle in labelled for outer, t in links.get(handle, ()) if not outer}
    reached = labelled | upwards | downwards
    return frozenset(reached | _copies(everything, reached))


def _may_carry(entry: Received) -> bool:
    """Whether a label on the resource says anything about facts: those of clinicians and places do not."""
    return entry.resource_type == "Patient" or entry.resource_type not in _PEOPLE_AND_PLACES


def _has_label(entry: Received, inspected: Callable[[Received], Inspection]) -> bool:
    if entry.labelled:
        return True
    try:
        return inspected(entry).sensitive
    except Unused:
        return True


def _copies(entries: list[Received], handles: set[str]) -> set[str]:
    names = {e.reference for e in entries if e.handle in handles and "/" in e.reference}
    return {e.handle for e in entries if e.reference in names}


def _inner_visits(
    entries: list[Received], labelled: set[str], links: dict[str, list[tuple[bool, Received]]]
) -> set[str]:
    """The visits that are part of a labelled visit, however deep."""
    visits = [e.handle for e in entries if e.resource_type in _VISITS]
    inner = labelled & set(visits)
    while True:
        found = {v for v in visits if v not in inner and any(o and t.handle in inner for o, t in links.get(v, ()))}
        if not found:
            return inner
        inner |= found


def _links(entry: Received, index: Index) -> Iterator[tuple[bool, Received]]:
    """(whether it names an outer thing, resource) for every reference to a resource that is no person or place."""
    stack: list[tuple[str, Any]] = [("", entry.resource)]
    budget = _MAX_REFERENCES
    while stack and budget:
        budget -= 1
        key, value = stack.pop()
        if isinstance(value, list):
            stack += [(key, item) for item in value]
        elif isinstance(value, dict):
            target = index.resolve_entry(value) if isinstance(value.get("reference"), str) else None
            if target is not None and target.resource_type not in _PEOPLE_AND_PLACES and target.handle != entry.handle:
                yield key in _OUTER, target
            stack += [(k, v) for k, v in value.items() if isinstance(v, dict | list)]
