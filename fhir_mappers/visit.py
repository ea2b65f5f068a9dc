"""What belongs to this visit: why the patient is here now, as against problems and earlier visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fhir_mappers import encounter, questionnaire
from fhir_mappers.case import Complaint, ComplaintOrigin, Concept, IntakeAnswer, Problem, When
from fhir_mappers.chart import Chart
from fhir_mappers.received import Received
from fhir_mappers.references import bare_id

SAME_VISIT = timedelta(hours=24)
"""How close to the newest data a statement without a known encounter must be to tell why the patient is here now."""
INTAKE_AHEAD = timedelta(days=7)
"""How long before the newest data an intake form may have been filled in (at home, before the visit)."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """The reading of one visit. `past` are handles of statements about an earlier one."""

    encounter_class: str | None
    complaints: tuple[Complaint, ...]
    problems: tuple[Problem, ...]
    intake: tuple[IntakeAnswer, ...]
    past: tuple[str, ...]


@dataclass(kw_only=True)
class _Reader:
    chart: Chart
    current: Received | None
    encounter_id: str | None
    newest: datetime | None
    complaints: list[Complaint] = field(default_factory=list)
    past: list[str] = field(default_factory=list)

    def covers(self, encounter_reference: object, when: When | None, within: timedelta = SAME_VISIT) -> bool:
        """Whether a statement belongs to this visit: by its encounter, else by lying close to the newest data."""
        if isinstance(encounter_reference, dict):
            target = self.chart.index.resolve_entry(encounter_reference)
            if self.current is not None:
                return target is not None and target.handle == self.current.handle
            if self.encounter_id:  # named by the call, not sent
                return bare_id(str(encounter_reference.get("reference"))) == bare_id(self.encounter_id)
        return when is not None and self.newest is not None and self.newest - when.start <= within


def read(chart: Chart, encounter_id: str | None, newest: datetime | None) -> Visit:
    """The current visit. `newest`: the newest time in the chart."""
    current = encounter.current(chart.encounters, encounter_id, chart.now)
    reader = _Reader(chart=chart, current=current, encounter_id=encounter_id, newest=newest)
    if current is not None:
        when = encounter.start(current.resource)
        reader.complaints += [
            Complaint(concept=reason, origin=ComplaintOrigin.ENCOUNTER, when=when, source=current.handle)
            for reason in encounter.reasons(current, chart.index, chart.limits)
        ]
    for complaint, reference in chart.complaints:
        if reader.covers(reference, complaint.when):
            reader.complaints.append(complaint)
        else:
            reader.past.append(complaint.source)
    problems = _problems(reader)
    intake = _intake(reader)
    return Visit(
        encounter_class=encounter.class_code(current.resource) if current else None,
        complaints=_once(reader.complaints),
        problems=problems,
        intake=intake,
        past=tuple(reader.past),
    )


def _problems(reader: _Reader) -> tuple[Problem, ...]:
    """The active problems; the diagnoses of this visit become complaints."""
    problems: list[Problem] = []
    for diagnosis in reader.chart.diagnoses:
        problem = diagnosis.problem
        if diagnosis.is_encounter_diagnosis and reader.covers(diagnosis.encounter, diagnosis.when):
            origin = ComplaintOrigin.CONDITION
            reader.complaints.append(
                Complaint(concept=problem.concept, origin=origin, when=diagnosis.when, source=problem.source)
            )
        else:
            problems.append(problem)
    return tuple(problems)


def _intake(reader: _Reader) -> tuple[IntakeAnswer, ...]:
    """The answers that belong to this visit; those that say why the patient came are complaints too."""
    kept: list[IntakeAnswer] = []
    for answers, reference in reader.chart.intake:
        if not reader.covers(reference, questionnaire.authored(answers), INTAKE_AHEAD):
            reader.past.append(answers[0].source)
            continue
        kept += answers
        reader.complaints += [
            Complaint(concept=Concept(text=a.answer), origin=ComplaintOrigin.INTAKE, when=a.when, source=a.source)
            for a in answers
            if questionnaire.is_complaint(a)
        ]
    return tuple(kept)


def _once(complaints: Sequence[Complaint]) -> tuple[Complaint, ...]:
    """Each complaint once, in the order of their origins: encounter, observation, condition, intake."""
    first: dict[str, Complaint] = {}
    for complaint in complaints:
        first.setdefault(complaint.text.casefold(), complaint)
    return tuple(first.values())
