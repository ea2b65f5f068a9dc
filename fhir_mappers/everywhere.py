"""Every resource that stands anywhere in a Bundle, in whatever wrapping: nobody's name may be overlooked.

`received` reads a Bundle for its facts and leaves out what is not in its place. Here a resource counts wherever it
stands: without its ``resource``, in lists of lists, in a Parameters, in an outcome, inside another resource, or as JSON
in a string. A place that holds something, and in it no resource that can be read, makes the whole unreadable: a name
that was not read would not be looked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fhir_mappers import r4
from fhir_mappers.errors import Unused
from fhir_mappers.fields import Json
from fhir_mappers.inspection import labelled_sensitive
from fhir_mappers.received import Received

MOST_RESOURCES = 100_000
MOST_NODES = 50_000
"""JSON objects and lists in one resource: as many as the collection of names reads (`identifiers`)."""

_DEEPEST = 60
_EMPTY: tuple[object, ...] = (None, {}, [], "")
_BUNDLE = frozenset({
    "resourceType", "id", "meta", "implicitRules", "language", "identifier", "type", "timestamp", "total", "link",
    "signature",
})  # fmt: skip
_ENTRY = frozenset({"id", "fullUrl", "link", "search", "request", "status", "location", "etag", "lastModified"})
_PARAMETER = frozenset({
    "resourceType", "id", "meta", "implicitRules", "language", "name", "valueBoolean", "valueInteger", "valueCode",
    "valueInstant", "valueDate", "valueDateTime", "valueCoding",
})  # fmt: skip
# type -> its own members beside resources, and those of what it holds: none of them is a resource or holds a name
_BESIDE: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "Bundle": (_BUNDLE, _ENTRY),
    "Parameters": (_PARAMETER, _PARAMETER),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """A JSON value, with the address and the label of what it stands in, and what may stand beside resources there."""

    value: Any
    beside: frozenset[str] = frozenset()
    full_url: str | None = None
    labelled: bool = False
    depth: int = 0


def resources(bundle: Json) -> list[Received]:
    """All resources in `bundle` (which may be one itself): the outermost ones in order, then those inside them.

    Raises Unused when a part of it cannot be read, or when it is more than is read.
    """
    outer, inner = [], []
    for place in _wrapped(_Place(value=bundle)):
        outer.append((place.value, place))
        inner += [(resource, place) for resource in _inside(place.value)]
        if len(outer) + len(inner) > MOST_RESOURCES:
            raise Unused("too-many")
    return [
        Received(
            handle=f"any-{number}",
            resource=resource,
            resource_type=r4.known_type(resource.get("resourceType")),
            key="bundle",
            full_url=place.full_url,
            labelled=place.labelled,
        )
        for number, (resource, place) in enumerate([*outer, *inner], start=1)
    ]


def _wrapped(place: _Place) -> Iterator[_Place]:
    """The outermost resources in a value. Raises Unused where something stands that holds none."""
    value = _parsed(place.value)
    if value in _EMPTY:
        return
    if place.depth > _DEEPEST:
        raise Unused("invalid", "nesting")
    if isinstance(value, list):
        for item in value:
            yield from _wrapped(replace(place, value=item, depth=place.depth + 1))
        return
    kind = value.get("resourceType") if isinstance(value, dict) else None
    if isinstance(kind, str) and kind in _BESIDE:
        own, inner = _BESIDE[kind]
        around = {key: value[key] for key in own & value.keys()}
        yield replace(place, value=around)
        yield from _members(
            replace(place, beside=inner, labelled=place.labelled or labelled_sensitive(value)), value, own
        )
    elif isinstance(kind, str):
        yield replace(place, value=value)
    elif isinstance(value, dict) and kind is None:
        yield from _members(place, value, place.beside)
    else:
        raise Unused("not-a-resource")


def _members(place: _Place, holder: Json, beside: frozenset[str]) -> Iterator[_Place]:
    """The resources in the members of a Bundle, an entry, a parameter, or an object that nobody knows."""
    url = holder.get("fullUrl")
    full_url = url.strip()[:500] if isinstance(url, str) and url.strip() else place.full_url
    for key, member in holder.items():
        if key not in beside:
            yield from _wrapped(replace(place, value=member, full_url=full_url, depth=place.depth + 1))


def _inside(resource: Json) -> Iterator[Json]:
    """Every resource inside `resource`, in a string as well."""
    stack: list[Any] = [resource]
    nodes = 0
    while stack:
        value = _parsed(stack.pop())
        if not isinstance(value, dict | list):
            continue
        nodes += 1
        if nodes > MOST_NODES:
            raise Unused("too-large")
        if isinstance(value, dict) and value is not resource and isinstance(value.get("resourceType"), str):
            yield value
        stack += reversed(list(value.values()) if isinstance(value, dict) else value)


def _parsed(value: Any) -> Any:
    """`value`, or what it says where it is JSON in a string."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value
