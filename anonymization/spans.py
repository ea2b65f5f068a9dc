"""Spans of identifiers on their way to placeholders: one label per place, nothing half masked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from anonymization.known import KnownMatcher
from anonymization.labels import NAME_LABELS
from fhir_mappers.case import KnownIdentifier

UNKNOWN_PEOPLE = frozenset({"PERSON"})  # the others are found everywhere as known identifiers
_ANYBODY = "other"
_SUFFIX = re.compile(
    r",? (?:(?i:jr|sr)\b\.?|(?i:ii|iii)(?![^\W_])|(?i:iv)(?=[.,;)\n\t|\"]|$| \()|IV(?= (?:MD|DO|RN|LPN|NP|PA)\b))"
)
_POSSESSIVE = re.compile(r"'[sS](?![^\W_])")
_PLACES = frozenset({"FACILITY", "LOCATION", "ORGANIZATION"})
_SPREAD_SCORE = 0.5


@dataclass(frozen=True, order=True)
class Found:
    """A span with its label; `score` decides which label an overlap gets."""

    start: int
    end: int
    label: str
    score: float


def marked(length: int, spans: Iterable[tuple[int, int]]) -> bytearray:
    """A byte for each of `length` characters, 1 in the `spans` and 0 elsewhere."""
    marks = bytearray(length)
    for start, end in spans:
        marks[start:end] = b"\x01" * (end - start)
    return marks


def resolve(found: Iterable[Found]) -> list[Found]:
    """Sorted, disjoint spans that cover everything in `found`. Overlaps join under the label with the best score."""
    out: list[Found] = []
    for span in sorted(found):
        if out and span.start < out[-1].end:
            last = out[-1]
            best = max(last, span, key=lambda s: (s.score, s.end - s.start))
            out[-1] = Found(last.start, max(last.end, span.end), best.label, best.score)
        else:
            out.append(span)
    return out


def with_suffixes(text: str, found: Iterable[Found]) -> Iterator[Found]:
    """`found` with the generation behind a name ("Thuku II", "Stone, Jr.") and the possessive behind a place.

    IV is a drip unless the name, the field or the line ends with it.
    """
    for span in found:
        pattern = _SUFFIX if span.label in NAME_LABELS else _POSSESSIVE if span.label in _PLACES else None
        suffix = pattern.match(text, span.end) if pattern else None
        yield Found(span.start, suffix.end(), span.label, span.score) if suffix else span


def spread_names(text: str, found: Sequence[Found]) -> list[Found]:
    """Further mentions of the people in `found`: who is found once is known, like those who stand in the request."""
    names = {text[span.start : span.end] for span in found if span.label in UNKNOWN_PEOPLE}
    if not names:
        return []
    matcher = KnownMatcher(KnownIdentifier(kind="name", value=name, role=_ANYBODY) for name in sorted(names))
    return [Found(hit.start, hit.end, hit.label, _SPREAD_SCORE) for hit in matcher.find(text)]
