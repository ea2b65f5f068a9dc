"""What is kept of one chart for local validation: counts, codes and groups; no word, id or date of the chart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from cds_service.domain import Finding, Priority
from fhir_mappers.case import Case

UNSTATED = "not stated"
OTHER = "other"
SEVERAL = "more than one"
ATTRIBUTES = ("sex", "age", "language", "race")
EXPECTED = frozenset({"age"})
"""Attributes by which urgency differs for clinical reasons: shown, and not judged."""

AGE_BANDS = ((16, "0 to 15"), (40, "16 to 39"), (65, "40 to 64"), (90, "65 to 89"))
OLDEST = "90 and over"
RACES: Mapping[str, str] = {
    # OMB categories as US Core names and codes them (CDC Race and Ethnicity, urn:oid:2.16.840.1.113883.6.238).
    "1002-5": "American Indian or Alaska Native",
    "2028-9": "Asian",
    "2054-5": "Black or African American",
    "2076-8": "Native Hawaiian or Other Pacific Islander",
    "2106-3": "White",
}
_RACE_OF = {written.lower(): name for code, name in RACES.items() for written in (code, name)}
_NUMBER = re.compile(r"^\d+ |(?<=resource)s$")
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_].*)?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One answer.

    `found`: for each rule that found anything, the highest priority of it. `cards`: how many there were. `refusal`: why
    the gate let the chart not through. `milliseconds`: None where it was not timed. `day`: number of the day, None in a
    replay. `decided`: the priority that a clinician gave in a review. `feedback`: (rule, whether accepted) of each card
    that was answered.
    """

    floor: Priority
    found: Mapping[str, Priority]
    cards: int
    refusal: str | None
    not_evaluated: frozenset[str]
    milliseconds: float | None
    groups: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    day: int | None = None
    decided: Priority | None = None
    feedback: tuple[tuple[str, bool], ...] = ()

    @property
    def urgent(self) -> bool:
        """Whether a clinician is told that it is High or Critical."""
        return self.floor >= Priority.HIGH


def highest(findings: Iterable[Finding]) -> dict[str, Priority]:
    """The highest priority that each rule found."""
    found: dict[str, Priority] = {}
    for finding in findings:
        found[finding.rule] = max(finding.priority, found.get(finding.rule, Priority.LOW))
    return found


def without_numbers(whats: Iterable[str]) -> frozenset[str]:
    """What was not evaluated, without how many resources it was, so that charts count together."""
    return frozenset(_NUMBER.sub("", what) for what in whats)


def groups_of(case: Case) -> dict[str, str]:
    """The groups that the patient belongs to, in fixed words: what is not in our lists is ``other``."""
    person = case.demographics
    return {
        "sex": person.sex or UNSTATED,
        "age": _age(case.age),
        "language": _language(person.language),
        "race": _race(person.race),
    }


def _age(years: int | None) -> str:
    if years is None:
        return UNSTATED
    return next((name for below, name in AGE_BANDS if years < below), OLDEST)


def _language(written: str | None) -> str:
    if not written:
        return UNSTATED
    code = _LANGUAGE.fullmatch(written.strip())
    return code.group(1).lower() if code else OTHER


def _race(written: tuple[str, ...]) -> str:
    if not written:
        return UNSTATED
    known = {_RACE_OF.get(label.strip().lower(), OTHER) for label in written}
    return next(iter(known)) if len(known) == 1 else SEVERAL
