"""FHIR search over resources in memory, as far as prefetch templates should use it (checklist C5).

What is not understood is refused, never ignored: an ignored parameter would send a service more than it asked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cds_service.sandbox.source import NotFilled
from fhir_mappers.case import Precision
from fhir_mappers.dates import when

Resource = dict[str, Any]
Parameters = Sequence[tuple[str, str]]
Span = tuple[datetime, datetime]
Test = Callable[[Resource], bool]

REFERENCES = {
    "patient": ("subject", "patient", "beneficiary", "for", "participant.actor"),
    "subject": ("subject", "patient", "for"),
    "encounter": ("encounter", "context", "context.encounter"),
}
"""Where each reference parameter looks (http://hl7.org/fhir/R4/searchparameter-registry.html)."""

TOKENS = {
    "_id": ("id",),
    "category": ("category",),
    "clinical-status": ("clinicalStatus",),
    "code": ("code", "medicationCodeableConcept"),
    "intent": ("intent",),
    "status": ("status",),
    "type": ("type",),
}

DATES = {
    "date": (
        "date", "effectiveDateTime", "effectiveInstant", "effectivePeriod", "performedDateTime", "performedPeriod",
        "occurrenceDateTime", "occurrencePeriod", "period", "start", "recordedDate",
    ),
    "authored": ("authored", "authoredOn"),
    "authoredon": ("authoredOn",),
    "_lastUpdated": ("meta.lastUpdated",),
}  # fmt: skip

MAX_DIGITS = 9
_PREFIXED = re.compile(r"(eq|lt|gt|ge|le)?(\d.*)\Z")
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)


def search(resources: Sequence[Resource], parameters: Parameters) -> tuple[list[Resource], int]:
    """The resources that match all `parameters`, sorted and cut by ``_count``, and how many match. Raises NotFilled."""
    tests: list[Test] = []
    keys: list[str] = []
    count = None
    for name, value in parameters:
        if name == "_sort":
            keys = value.split(",")
        elif name == "_count":
            count = _whole_number(value)
        else:
            tests.append(_test(name, value))
    found = [resource for resource in resources if all(test(resource) for test in tests)]
    for key in reversed(keys):
        found = _sorted(found, key)
    return found[:count], len(found)


def _whole_number(value: str) -> int:
    if not value.isdecimal() or len(value) > MAX_DIGITS:
        raise NotFilled("_count is no number of resources")
    return int(value)


def _test(name: str, value: str) -> Test:
    """Whether a resource matches one parameter; commas in its value mean "or"."""
    alternatives = value.split(",")
    if name in REFERENCES:
        return lambda resource: any(
            _points_to(item, w) for item in _all(resource, REFERENCES[name]) for w in alternatives
        )
    if name in TOKENS:
        return lambda resource: any(
            _is_token(system, code, wanted)
            for item in _all(resource, TOKENS[name])
            for system, code in _codings(item)
            for wanted in alternatives
        )
    if name in DATES:
        wanted_dates = [_wanted_date(wanted) for wanted in alternatives]
        return lambda resource: any(_is_date(_span_of(resource, name), prefix, span) for prefix, span in wanted_dates)
    raise NotFilled(f"the search parameter {name} is not supported")


def _sorted(resources: list[Resource], key: str) -> list[Resource]:
    """Sorted by a date parameter, ``-`` for newest first; what has no date stands last."""
    name = key.removeprefix("-")
    if name not in DATES:
        raise NotFilled(f"sorting by {name} is not supported")
    dated = [(span, resource) for resource in resources if (span := _span_of(resource, name)) is not None]
    dated.sort(key=lambda pair: pair[0][0], reverse=key.startswith("-"))
    kept = {id(resource) for _, resource in dated}
    return [resource for _, resource in dated] + [r for r in resources if id(r) not in kept]


def _all(resource: Resource, paths: Sequence[str]) -> Iterator[Any]:
    return (value for path in paths for value in _at(resource, path))


def _at(value: Any, path: str) -> Iterator[Any]:
    """Every value at a dotted path, arrays opened."""
    step, _, rest = path.partition(".")
    for item in value if isinstance(value, list) else [value]:
        inner = item.get(step) if isinstance(item, dict) else None
        if rest:
            yield from _at(inner, rest)
        elif isinstance(inner, list):
            yield from inner
        elif inner is not None:
            yield inner


def _points_to(reference: Any, wanted: str) -> bool:
    """Whether a Reference names `wanted`: an id, ``Type/id`` or a URL."""
    target = reference.get("reference") if isinstance(reference, dict) else None
    if not isinstance(target, str):
        return False
    target = target.partition("/_history/")[0]
    return target == wanted or target.rsplit("/", 1)[-1] == wanted or target.endswith(f"/{wanted}")


def _codings(item: Any) -> Iterator[tuple[str | None, str]]:
    """(system, code) of a code, Coding, CodeableConcept or Identifier."""
    if isinstance(item, str):
        yield None, item
    elif isinstance(item, dict):
        for coding in item["coding"] if isinstance(item.get("coding"), list) else [item]:
            if isinstance(coding, dict) and isinstance(coding.get("code"), str):
                yield coding.get("system") or "", coding["code"]


def _is_token(system: str | None, code: str, wanted: str) -> bool:
    """Whether a coding is `wanted`: ``code``, ``system|code``, ``system|`` or ``|code``.

    The system of a plain code element (`system` None) is implied by the element and not compared.
    """
    wanted_system, bar, wanted_code = wanted.rpartition("|")
    if bar and system is not None and system != wanted_system:
        return False
    return code == wanted_code or bool(bar and not wanted_code)


def _wanted_date(wanted: str) -> tuple[str, Span]:
    match = _PREFIXED.match(wanted)
    span = _span(match[2]) if match else None
    if match is None or span is None:
        raise NotFilled("a date to search for is not understood")
    return match[1] or "eq", span


def _is_date(span: Span | None, prefix: str, wanted: Span) -> bool:
    """The comparison of ranges that FHIR defines (http://hl7.org/fhir/R4/search.html#date)."""
    if span is None:
        return False
    within = wanted[0] <= span[0] and span[1] <= wanted[1]
    before, after = span[0] < wanted[0], span[1] > wanted[1]
    return {"eq": within, "lt": before, "gt": after, "le": before or within, "ge": after or within}[prefix]


def _span_of(resource: Resource, name: str) -> Span | None:
    for path in DATES[name]:
        for value in _at(resource, path):
            span = _period(value) if isinstance(value, dict) else _span(value)
            if span is not None:
                return span
    return None


def _period(value: dict[str, Any]) -> Span | None:
    start, end = _span(value.get("start")), _span(value.get("end"))
    if start is None and end is None:
        return None
    return (start[0] if start else _BEGINNING, end[1] if end else _END)


def _span(value: Any) -> Span | None:
    """The first and the last instant that a FHIR date or dateTime can mean."""
    moment = when(value)
    if moment is None:
        return None
    start = moment.start
    if moment.precision is Precision.YEAR:
        following = start.replace(year=start.year + 1)
    elif moment.precision is Precision.MONTH:
        following = (start + timedelta(days=31)).replace(day=1)
    elif moment.precision is Precision.DAY:
        following = start + timedelta(days=1)
    else:
        return start, start
    return start, following - timedelta(microseconds=1)
