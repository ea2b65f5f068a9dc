"""From what the EHR sent to the `Case`.

Nothing but an unusable or foreign Patient stops the mapping: any other resource or part that cannot be used costs only
itself and is reported in `Case.refused`; a prefetch key that is absent, failed or partly unusable is in `Case.missing`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import TypeVar

from fhir_mappers import dates, identifiers, labels, labs, patient, r4, units, visit, vitals
from fhir_mappers.case import (
    Case,
    Complaint,
    Document,
    IntakeAnswer,
    KnownIdentifier,
    LabSeries,
    Missing,
    Problem,
    Refused,
    Source,
    When,
)
from fhir_mappers.chart import READERS, Chart
from fhir_mappers.errors import NoPatient, Unused
from fhir_mappers.fields import Json
from fhir_mappers.inspection import Inspection, inspect
from fhir_mappers.limits import Limits
from fhir_mappers.received import PARTLY_REFUSED, SUPPORTING_TYPES, TOO_MANY, Received, Request, receive
from fhir_mappers.references import Index, Owner, bare_id

__all__ = ["Limits", "map_case", "warm_up"]

SUBJECTS: Mapping[str, str] = {
    # The element that says whose a resource is, where it is not `subject`.
    "AllergyIntolerance": "patient",
    "Immunization": "patient",
}

_Said = TypeVar("_Said", Complaint, IntakeAnswer)
_Named = TypeVar("_Named", Complaint, Problem)

MAX_NAME = 300
"""Most characters of the name of a problem."""

UNREADABLE = frozenset({"invalid", "wrong-version", "wrong-patient", "no-subject", "modifier-extension", "too-large"})
"""Reasons that make a prefetch key incomplete. The others are data that say by themselves that they do not count."""


def map_case(
    prefetch: Mapping[str, object],
    *,
    patient_id: str,
    encounter_id: str | None,
    now: datetime,
    limits: Limits | None = None,
    declared: tuple[str, ...] = (),
    absent: Mapping[str, str] = MappingProxyType({}),
    server: str | None = None,
) -> Case:
    """The chart of one patient.

    `prefetch`: values by key, each a resource, Bundle, list of them, OperationOutcome (failed) or None (empty).
    `patient_id`, `encounter_id`: as the hook context gives them, with or without ``Patient/``. `now`: the clock, with a
    time zone. `declared`: the keys whose names reports may repeat (all, where there are none). `absent`: the keys that
    were asked for and did not come, each with the reason (`received.NOT_SENT` where nothing else is known). `server`:
    base URL of the call's FHIR server.

    Raises NoPatient and ForeignPatient, and nothing else whatever the prefetch holds.
    """
    limits = limits or Limits()
    request = receive(prefetch, declared, absent, limits)
    person = patient.find([e for e in request.entries if e.resource_type == "Patient"], patient_id)
    resource, partly = _person(person, limits)
    index = Index(request.entries, person, server)
    mapper = _Mapper(request=request, chart=Chart(now=now, limits=limits, index=index))
    mapper.survey()
    mapper.seen.add(person.reference)
    mapper.use(person, None)
    if partly is not None:
        mapper.refuse(person, partly)
    for entry in mapper.reading_order():
        if entry is not person:
            mapper.read(entry)
    return _read_in_part(_assemble(mapper, person, resource, bare_id(patient_id), encounter_id), limits)


def warm_up() -> None:
    """Build validators and unit registry (about two seconds, once per process) so that no hook call waits for them."""
    r4.warm_up()
    units.warm_up()


def _person(person: Received, limits: Limits) -> tuple[Json, Unused | None]:
    """The validated Patient, and why a part of it is not used. Raises NoPatient."""
    try:
        inspection = inspect(person.resource, limits)
    except Unused:
        raise NoPatient from None
    if inspection.modified:
        raise NoPatient
    return patient.parse(person.resource)


@dataclass(kw_only=True)
class _Mapper:
    """State of one call of `map_case`."""

    request: Request
    chart: Chart
    sources: dict[str, Source] = field(default_factory=dict)
    sensitive: frozenset[str] = frozenset()
    seen: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    inspected: dict[str, Inspection | Unused] = field(default_factory=dict)
    nodes: int = 0

    def refuse(self, entry: Received, reason: Unused) -> None:
        """Report a resource or part that is not used."""
        where = reason.where if reason.where != entry.resource_type else ""
        self.request.refused.append(Refused(resource_type=entry.resource_type, reason=reason.reason, where=where))
        if reason.reason in UNREADABLE:
            self.request.miss(entry.key, PARTLY_REFUSED)

    def drop(self, handle: str, reason: str) -> None:
        """Report facts that were read and are not kept."""
        self.dropped.add(handle)
        self.request.refused.append(Refused(resource_type=self.sources[handle].resource_type, reason=reason))

    def survey(self) -> None:
        """Find out, before anything is read, which resources a label restricts and which are not understood."""
        entries = self.request.entries
        self.sensitive = labels.restricted(entries, self.chart.index, self._inspect)
        self.chart.index.unusable = frozenset(
            h for h, i in self.inspected.items() if isinstance(i, Inspection) and i.modified
        )

    def reading_order(self) -> list[Received]:
        """The restricted resources first, so that of two copies of one text the restricted one is kept."""
        return sorted(self.request.entries, key=lambda e: e.handle not in self.sensitive)

    def use(self, entry: Received, when: When | None) -> None:
        """Make a resource citable."""
        as_of = when.start if when else None
        self.sources[entry.handle] = Source(
            handle=entry.handle, reference=entry.reference, resource_type=entry.resource_type, as_of=as_of
        )

    def read(self, entry: Received) -> None:
        """Read one resource; whatever goes wrong costs this resource alone and is reported."""
        try:
            self._read(entry)
        except Unused as reason:
            self.refuse(entry, reason)
        except Exception:  # noqa: BLE001 - one hostile resource must not cost the chart; the text may quote a value
            self.refuse(entry, Unused("invalid"))

    def _read(self, entry: Received) -> None:
        if entry.resource_type in SUPPORTING_TYPES:
            return
        index = self.chart.index
        if entry.resource_type == "Patient":
            raise Unused("duplicate" if entry.resource.get("id") in index.patient_ids else "wrong-patient")
        inspection = self._inspect(entry)
        resource = r4.parse(entry.resource)
        if inspection.modified:
            raise Unused("modifier-extension")
        if entry.resource_type == "Medication":
            return
        _check_owner(resource, entry.resource_type, index)
        if isinstance(resource.get("id"), str):
            if entry.reference in self.seen:
                raise Unused("duplicate")
            self.seen.add(entry.reference)
        self._check_medicine(resource)
        when = READERS[entry.resource_type](self.chart, replace(entry, resource=resource))
        self.use(entry, when)

    def _check_medicine(self, resource: Json) -> None:
        """Raises Unused when the Medication that an order points to is not understood, or cannot be looked through."""
        target = self.chart.index.resolve_entry(resource.get("medicationReference"))
        if target is not None and self._inspect(target).modified:
            raise Unused("modifier-extension", "Medication")

    def _inspect(self, entry: Received) -> Inspection:
        """The inspection of a resource, made once: many orders may point to one medicine. Raises Unused."""
        limits = self.chart.limits
        found = self.inspected.get(entry.handle)
        if found is None:
            if self.nodes > limits.max_total_nodes:
                self.request.miss(entry.key, TOO_MANY)
                raise Unused("too-many")
            try:
                found = inspect(entry.resource, limits)
                self.nodes += found.nodes
            except Unused as reason:
                found = reason
            self.inspected[entry.handle] = found
        if isinstance(found, Unused):
            raise Unused(found.reason, found.where)
        return found


def _check_owner(resource: Json, resource_type: str, index: Index) -> None:
    """Raises Unused unless the resource is about the patient."""
    owner = index.owner(resource.get(SUBJECTS.get(resource_type, "subject")))
    if owner is Owner.UNSAID:
        raise Unused("no-subject")
    if owner is Owner.OTHER:
        raise Unused("wrong-patient")
    focus = resource.get("focus") if resource_type == "Observation" else None
    if isinstance(focus, list) and any(index.owner(f) is not Owner.PATIENT for f in focus):
        raise Unused("wrong-patient", "Observation.focus")  # of a fetus, a donor, a relative


def _assemble(mapper: _Mapper, person: Received, resource: Json, patient_id: str, encounter_id: str | None) -> Case:
    """The case; `resource` is the validated part of the patient's resource, `person` holds it as it was sent."""
    chart, request = mapper.chart, mapper.request
    for entry, unused in chart.parts:
        mapper.refuse(entry, unused)
    as_of = _data_as_of(mapper)
    now_here = visit.read(chart, encounter_id, as_of)
    for handle in now_here.past:
        mapper.drop(handle, "past-visit")
    pregnant, pregnancy_source = patient.pregnancy(chart.diagnoses, chart.coded, chart.now)
    demographics = patient.demographics(resource, chart.now)
    case = Case(
        patient_id=str(resource.get("id") or patient_id),
        now=chart.now,
        demographics=replace(demographics, pregnant=pregnant, pregnancy_source=pregnancy_source),
        encounter_class=now_here.encounter_class,
        problems=now_here.problems,
        complaints=now_here.complaints,
        vitals=vitals.rounds(chart.vitals),
        labs=_labs(mapper),
        coded_results=tuple(chart.coded),
        medications=tuple(chart.medications),
        allergies=tuple(chart.allergies),
        no_known_allergies=chart.no_known_allergies and not chart.allergies,
        documents=_documents(mapper),
        procedures=tuple(chart.procedures),
        immunizations=tuple(chart.immunizations),
        intake=now_here.intake,
        identifiers=_identifiers(mapper, person),
        missing=tuple(request.missing),
        first_pages=frozenset(request.first_pages),
        read=MappingProxyType(dict(Counter(e.resource_type for e in request.entries))),
        data_as_of=as_of,
    )
    kept = {h: s for h, s in mapper.sources.items() if h not in mapper.dropped or h in _cited(case)}
    return replace(
        case,
        refused=tuple(request.refused),
        sources=MappingProxyType(kept),
        sensitive=frozenset(mapper.sensitive & kept.keys()),
    )


def _read_in_part(case: Case, limits: Limits) -> Case:
    """Cap the words of complaints, intake answers and problems, and say what was read only in part."""
    complaints, complaints_cut = _fitting(case.complaints, _named_within, limits)
    answers, answers_cut = _fitting(case.intake, _answer_within, limits)
    problems = tuple(_named_within(p, MAX_NAME) for p in case.problems)
    cut = {
        "notes": sum(d.truncated for d in case.documents),
        "complaints": complaints_cut,
        "intake answers": answers_cut,
        "problem names": sum(after is not before for after, before in zip(problems, case.problems, strict=True)),
    }
    reason = "{} of them exceed what this service reads and were not read whole"
    told = tuple(Missing(what=what, reason=reason.format(count)) for what, count in cut.items() if count)
    return replace(case, complaints=complaints, intake=answers, problems=problems, missing=(*case.missing, *told))


def _fitting(
    facts: tuple[_Said, ...], within: Callable[[_Said, int], _Said], limits: Limits
) -> tuple[tuple[_Said, ...], int]:
    """The first facts whose words fit into the text cap together, each cut to a note's length; how many lost words."""
    kept: list[_Said] = []
    cut, room = 0, limits.max_text_chars
    for fact in facts:
        short = within(fact, limits.max_note_chars)
        room -= len(_words(short))
        if room < 0:
            break
        kept.append(short)
        cut += short is not fact
    return tuple(kept), cut + len(facts) - len(kept)


def _words(fact: Complaint | IntakeAnswer) -> str:
    return fact.text if isinstance(fact, Complaint) else fact.answer


def _answer_within(fact: IntakeAnswer, most: int) -> IntakeAnswer:
    """`fact` itself, or a copy whose answer is cut at `most` characters."""
    return fact if len(fact.answer) <= most else replace(fact, answer=fact.answer[:most])


def _named_within(fact: _Named, most: int) -> _Named:
    """`fact` itself, or a copy whose own name is cut at `most` characters."""
    name = fact.concept.text
    return fact if name is None or len(name) <= most else replace(fact, concept=replace(fact.concept, text=name[:most]))


def _cited(case: Case) -> frozenset[str]:
    """The handles of facts of the kinds that may have been dropped in part."""
    handles = [r.source for s in case.labs for r in s.results]
    handles += [d.source for d in case.documents]
    handles += [c.source for c in case.complaints]
    return frozenset(handles)


def _data_as_of(mapper: _Mapper) -> datetime | None:
    """The newest time in the chart; a little clock skew counts as now."""
    now = mapper.chart.now
    times = [s.as_of for s in mapper.sources.values() if s.as_of is not None and s.as_of - now <= dates.FUTURE]
    return min(max(times), now) if times else None


def _labs(mapper: _Mapper) -> tuple[LabSeries, ...]:
    made, misfits = labs.series(mapper.chart.labs)
    for misfit in misfits:
        mapper.drop(misfit.source, "no-unit")
    return made


def _documents(mapper: _Mapper) -> tuple[Document, ...]:
    """Notes, newest first, until the text cap of the chart is reached; the older ones are reported."""
    dated = sorted(
        mapper.chart.documents, key=lambda d: d.when.start.timestamp() if d.when else float("-inf"), reverse=True
    )
    kept: list[Document] = []
    room = mapper.chart.limits.max_text_chars
    for document in dated:
        if room <= 0:
            mapper.drop(document.source, "text-cap")
            continue
        fitting = document
        if len(document.text) > room:
            fitting = replace(document, text=document.text[:room], truncated=True)
        kept.append(fitting)
        room -= len(fitting.text)
    return tuple(kept)


def _identifiers(mapper: _Mapper, person: Received) -> tuple[KnownIdentifier, ...]:
    answers = tuple(a for group, _ in mapper.chart.intake for a in group)
    return identifiers.collect([*mapper.request.entries, *mapper.request.unread], person, answers)
