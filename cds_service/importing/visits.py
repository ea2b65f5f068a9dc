"""Past encounters, and the chart as it stood when each began: nothing that only the visit brought to light.

A request of an EHR shows a chart at one moment. For a past encounter that moment is `ARRIVAL` after its start (or its
end, if that came first). In the chart are what was there before, and of the visit itself what a triage nurse has: the
reason for it, observations, answers, allergies, a triage note. Its diagnoses, orders, procedures, reports and other
notes are what came of it, so they are not. A resource whose time nobody knows is left out, but for a few types that
have none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cds_service.importing.resources import LINKS, SHARED
from fhir_mappers import dates
from fhir_mappers.case import Precision, When
from fhir_mappers.references import bare_id

Resource = dict[str, Any]

ARRIVAL = timedelta(hours=1)
"""How long after its start a visit is looked at: vital signs and triage are there, the outcome is not."""

EMERGENCY = frozenset({"EMER"})
ADMISSIONS = frozenset({"IMP", "ACUTE", "NONAC", "OBSENC", "PRENC", "SS"})
"""Classes of stays in a hospital: nobody is triaged when they begin."""

_TOOK_PLACE = frozenset({"arrived", "triaged", "in-progress", "onleave", "finished", "unknown"})
_OUTCOME = ("diagnosis", "hospitalization", "length", "priority", "statusHistory", "classHistory")
_TIMELESS = SHARED | LINKS | {"RelatedPerson", "CareTeam", "Coverage", "Consent", "AllergyIntolerance"}
_AT_TRIAGE = frozenset({"Observation", "QuestionnaireResponse", "AllergyIntolerance"})
_TRIAGE_NOTE = ("http://loinc.org", "54094-8")  # Emergency department Triage note
_TIMES = (
    "recordedDate", "effectiveDateTime", "effectiveInstant", "effectivePeriod.start", "authoredOn", "authored",
    "dateAsserted", "occurrenceDateTime", "performedDateTime", "performedPeriod.start", "onsetDateTime",
    "onsetPeriod.start", "date", "issued", "period.start", "context.period.start", "effectivePeriod.end",
)  # fmt: skip
_SPANS = {Precision.YEAR: timedelta(days=366), Precision.MONTH: timedelta(days=31), Precision.DAY: timedelta(days=1)}


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One past encounter: when it began, when it is looked at, and all resources that say they are of it."""

    encounter: Resource = field(repr=False)
    start: datetime
    at: datetime
    own: tuple[Resource, ...] = field(default=(), repr=False)

    @property
    def id(self) -> str:
        """Of the Encounter."""
        return str(self.encounter["id"])

    @property
    def emergency(self) -> bool:
        """Whether it was in an emergency department."""
        return self._class in EMERGENCY

    @property
    def admission(self) -> bool:
        """Whether it was a stay in a hospital."""
        return self._class in ADMISSIONS

    @property
    def _class(self) -> object:
        kind = self.encounter.get("class")
        return kind.get("code") if isinstance(kind, dict) else None


def visits_of(resources: Sequence[Resource], since: datetime | None, until: datetime | None) -> list[Visit]:
    """The encounters that took place and began from `since` to before `until`, in the order of time."""
    found = []
    for encounter in (r for r in resources if r["resourceType"] == "Encounter"):
        start = dates.first(encounter, "period.start")
        if start is None or start.precision is not Precision.TIME or encounter.get("status") not in _TOOK_PLACE:
            continue
        if (since and start.start < since) or (until and start.start >= until):
            continue
        end = dates.first(encounter, "period.end")
        at = start.start + ARRIVAL
        if end is not None and end.precision is Precision.TIME and end.start > start.start:
            at = min(at, end.start)
        own = tuple(r for r in resources if _visit_of(r) == encounter["id"])
        found.append(Visit(encounter=encounter, start=start.start, at=at, own=own))
    return sorted(found, key=lambda visit: (visit.start, visit.id))


def chart_at(visit: Visit, resources: Sequence[Resource], left: frozenset[tuple[str, str]]) -> Iterator[Resource]:
    """The chart as `visit` began. `left`: codes (system, code) of Observations that stay out of it."""
    began = {r["id"]: _moment(r) for r in resources if r["resourceType"] == "Encounter"}
    for resource in resources:
        kind = resource["resourceType"]
        if kind == "Patient":
            yield _living(resource, visit.at)
        elif kind == "Encounter" and resource["id"] == visit.id:
            yield _opened(resource)
        elif _known(resource, visit, began) and not left.intersection(codes_of(resource)):
            yield _unended(resource, visit.at) if kind == "Condition" else resource


def codes_of(resource: Resource, element: str = "code") -> frozenset[tuple[str, str]]:
    """(system, code) of each coding of a CodeableConcept."""
    concept = resource.get(element)
    codings = concept.get("coding") if isinstance(concept, dict) else None
    found = codings if isinstance(codings, list) else []
    return frozenset((str(c.get("system")), str(c.get("code"))) for c in found if isinstance(c, dict))


def _known(resource: Resource, visit: Visit, began: dict[Any, When | None]) -> bool:
    kind = resource["resourceType"]
    if kind in _TIMELESS:
        return True
    moment = _moment(resource)
    of = _visit_of(resource)
    if of == visit.id or (of is None and moment is not None and visit.start <= moment.start):
        triage = kind in _AT_TRIAGE or (kind == "DocumentReference" and _TRIAGE_NOTE in codes_of(resource, "type"))
        return triage and moment is not None and moment.start <= visit.at
    moment = moment or began.get(of)
    return moment is not None and moment.start + _SPANS.get(moment.precision, timedelta()) <= visit.start


def _visit_of(resource: Resource) -> str | None:
    context = resource.get("context")
    inner = context.get("encounter") if isinstance(context, dict) else None
    for reference in (resource.get("encounter"), context, *(inner if isinstance(inner, list) else [])):
        value = reference.get("reference") if isinstance(reference, dict) else None
        if isinstance(value, str) and value.split("/_history/")[0].rsplit("/", 2)[-2:-1] == ["Encounter"]:
            return bare_id(value)
    return None


def _moment(resource: Resource) -> When | None:
    return dates.first(resource, *_TIMES)


def _opened(encounter: Resource) -> Resource:
    """The encounter as it was at its beginning."""
    period = {key: value for key, value in encounter["period"].items() if key != "end"}
    kept = {key: value for key, value in encounter.items() if key not in _OUTCOME}
    return kept | {"status": "in-progress", "period": period}


def _living(patient: Resource, at: datetime) -> Resource:
    """The patient before a death that came later, or whose time nobody tells."""
    died = dates.first(patient, "deceasedDateTime")
    if died is not None and died.start + _SPANS.get(died.precision, timedelta()) <= at:
        return patient
    return {key: value for key, value in patient.items() if not key.startswith("deceased")}


def _unended(condition: Resource, at: datetime) -> Resource:
    """A condition that ended later, as it was."""
    end = dates.first(condition, "abatementDateTime", "abatementPeriod.start")
    if end is None or end.start <= at:
        return condition
    status = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]}
    kept = {key: value for key, value in condition.items() if not key.startswith("abatement")}
    return kept | {"clinicalStatus": status}
