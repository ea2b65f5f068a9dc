"""Which parts of the chart came, and how far back: what was not sent cannot be overdue.

A request holds what the EHR sent: the newest hundred results, perhaps no procedures at all. A gap that rests on
something absent is told only where its absence would show; else it is said that it was not evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cds_service.clinical.care_gaps.services import written
from cds_service.clinical.medicines.chart import named
from cds_service.domain import NotEvaluated
from fhir_mappers.case import Case, When
from fhir_mappers.fields import SNOMED
from fhir_mappers.received import PARTLY_REFUSED

PAGE = 100
"""How many of the newest results, vital signs and procedures are asked for: so many, and there may be more."""

ONLY_NEWEST = "the EHR sent only the newest ones, which do not reach back far enough"
WITHOUT_WORDS = "some came with codes alone that are not known here"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the chart: its prefetch key, and what notes call it."""

    key: str
    name: str


PROBLEMS = Part(key="conditions", name="problems")
LABS = Part(key="labs", name="laboratory results")
VITALS = Part(key="observations", name="vital signs")
PROCEDURES = Part(key="procedures", name="procedures (screening, examinations, operations)")
VACCINATIONS = Part(key="immunizations", name="vaccinations")
MEDICINES = Part(key="medicationRequests", name="medicines")


def absent(case: Case, part: Part) -> NotEvaluated | None:
    """Why nothing of `part` can be missed, None when it came."""
    reason = next((m.reason for m in case.missing if m.what == part.key and m.reason != PARTLY_REFUSED), None)
    if reason is None and part is PROCEDURES and any(_unreadable_procedures(case)):
        reason = WITHOUT_WORDS
    if reason is None and part is MEDICINES and any(_unreadable_medicines(case)):
        reason = WITHOUT_WORDS
    return None if reason is None else _note(part, reason)


def reaches_back(case: Case, part: Part, to: When | None) -> NotEvaluated | None:
    """Why an absence since the start of `to` proves nothing, None when it does. `to` None: since ever."""
    times = [when for when in _times(case, part) if when is not None]
    cut = part.key in case.first_pages or len(times) >= PAGE
    if not cut or (to is not None and times and min(times).start <= to.start):
        return None
    return _note(part, ONLY_NEWEST)


def _note(part: Part, reason: str) -> NotEvaluated:
    return NotEvaluated(what=f"care gaps that need {part.name}", reason=reason)


def _times(case: Case, part: Part) -> Iterator[When | None]:
    if part is LABS:
        yield from (r.when for series in case.labs for r in series.results)
    elif part is VITALS:
        yield from (When(start=vitals.when) for vitals in case.vitals)
    elif part is PROCEDURES:
        yield from (p.when for p in case.procedures)


def _unreadable_procedures(case: Case) -> Iterator[bool]:
    for procedure in case.procedures:
        known = any(c.system == SNOMED for c in procedure.concept.codings)
        yield not known and not written(procedure.concept)


def _unreadable_medicines(case: Case) -> Iterator[bool]:
    for medication in case.medications:
        yield not written(medication.concept) and not named(medication.concept)
