"""Which resources of a whole record a security label restricts, before any of them is left out of a chart.

A label reaches copies, what points to it and what it holds (`fhir_mappers.labels`). The chart of one visit holds less
than the record, so the reach is found in the record, and what is reached is labelled there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fhir_mappers import labels
from fhir_mappers.inspection import Inspection, inspect
from fhir_mappers.limits import Limits
from fhir_mappers.received import Received, receive
from fhir_mappers.references import Index

Resource = dict[str, Any]

_WHOLE = Limits(max_entries=1_000_000)
_LABEL = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}


def with_reach(resources: Sequence[Resource], person: Resource) -> tuple[list[Resource], frozenset[str]]:
    """`resources` with a label on each that one reaches, and their references (``Type/id``)."""
    entries = receive({"record": list(resources)}, (), {}, _WHOLE).entries
    me = next(e for e in entries if e.resource is person)
    inspected: dict[str, Inspection] = {}

    def look(entry: Received) -> Inspection:
        if entry.handle not in inspected:
            inspected[entry.handle] = inspect(entry.resource, _WHOLE)
        return inspected[entry.handle]

    handles = labels.restricted(entries, Index(entries, me), look)
    if not handles:
        return list(resources), frozenset()
    reached = {id(e.resource): e.reference for e in entries if e.handle in handles}
    return [_labelled(r) if id(r) in reached else r for r in resources], frozenset(reached.values())


def _labelled(resource: Resource) -> Resource:
    meta = resource.get("meta")
    kept = meta if isinstance(meta, dict) else {}
    security = kept.get("security")
    return resource | {"meta": {**kept, "security": [*(security if isinstance(security, list) else []), _LABEL]}}
