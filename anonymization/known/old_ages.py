"""The age of a patient who may be over 89, as prose says it: 45 CFR 164.514(b)(2)(i)(C).

The general recognizer needs a form that only ages have ("94-year-old"). Where the request says that its patient is over
89, a person's "is 95", "turned 95" and any "ninety-five" are that age, and the number that its dates give is it too
unless a measurement stands beside it.
"""

# ruff: noqa: E501 - a pattern is read in one piece
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from anonymization.known.kinds import KnownHit
from anonymization.known.text import Text
from fhir_mappers.case import KnownIdentifier

_OLDEST = 125
_OLD = r"(?P<v>9\d|1[01]\d|12[0-5])"
_NO_UNIT = r"(?![\d/%:+-]|[.,]\d|'|\s?(?:%|mm|m?g\b|mcg|ml|cm|kg|lbs?\b|bpm|beats|degrees?|deg\b|f\b|c\b|units?|days?|hours?|hrs?|min|weeks?|months?|meq|mmol|over|on|l\b|ra\b|percent|feet|ft\b|pounds|doses?|tabs?))"
_SAID = re.compile(
    rf"\b(?:(?:she|he|pt|patient|mom|mother|dad|father|wife|husband|grandma|grandpa|lady|gentleman|woman|man)(?: is| was|'s| has)?(?: now| just| already| almost| nearly)?(?: turned| turning)?,?"
    rf"|turn(?:ed|s|ing)|age[ds]?:?|birthday:?|(?:his|her) age is|at age) {_OLD}\b{_NO_UNIT}"
)
_WORDS = re.compile(
    r"\b(?P<v>ninety(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?+|(?:one|a) hundred(?: and)?(?: (?:one|two|three|four|five|six|seven|eight|nine|ten))?+)\b(?! ?(?:percent|%|degrees|m?g\b|mcg|units|ml|feet|days|beats|over|pounds|minutes))"
)
_IS = re.compile(rf"(?:\b(?:is|was|being|now|at|until)|[,(]) ?{_OLD}\b{_NO_UNIT}")
_MEASURED = re.compile(
    r"\b(?:bp|hr|pulse|rate|sats?|spo2|o2|temp|t|tmax|weight|wt|glucose|bg|fsbg|sugar|systolic|diastolic|sbp|dbp|map|pressure|ldl|hdl|na|sodium|ck|mcv|level|score|egfr|gfr|hemoglobin|platelets|cholesterol|sat|rr|ferritin|iron|saturation|cl|chloride)\b"
)


class OldAgeFinder:
    """Finds the patient's age. `identifiers` hold the birth date and the dates of visits, no clock is read."""

    def __init__(self, identifiers: Iterable[KnownIdentifier]) -> None:
        known = tuple(identifiers)
        births = {int(i.value[:4]) for i in known if i.kind == "birth-date" and i.value[:4].isdigit()}
        years = {int(i.value[:4]) for i in known if i.kind == "date" and i.value[:4].isdigit()}
        self._ages = {str(y - b + n) for b in births for y in years for n in (-1, 0, 1) if 89 < y - b + n <= _OLDEST}

    def find(self, text: Text) -> Iterator[KnownHit]:
        """All mentions of an age over 89."""
        for pattern in (_SAID, _WORDS):
            for found in pattern.finditer(text.folded):
                yield KnownHit(*found.span("v"), "AGE")
        for found in _IS.finditer(text.folded):
            if self._is_known(found["v"]) and not _MEASURED.search(
                text.folded[max(0, found.start() - 20) : found.start()]
            ):
                yield KnownHit(*found.span("v"), "AGE")

    def _is_known(self, age: str) -> bool:
        """Whether it can be the patient's; any over 89 where the request has no date to count from."""
        return age in self._ages or not self._ages
