"""The facts of one request as they are read, one reader per resource type (`READERS`).

A reader takes a validated resource of the patient, keeps its facts in the `Chart` and returns when they are from. It
raises Unused when the resource states nothing that counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fhir_mappers import (
    allergies,
    conditions,
    dates,
    documents,
    encounter,
    immunizations,
    medications,
    observations,
    procedures,
    questionnaire,
    vitals,
)
from fhir_mappers.case import (
    Allergy,
    CodedResult,
    Complaint,
    ComplaintOrigin,
    Document,
    Immunization,
    IntakeAnswer,
    Measurement,
    Medication,
    Procedure,
    When,
)
from fhir_mappers.errors import Unused
from fhir_mappers.limits import Limits
from fhir_mappers.received import Received
from fhir_mappers.references import Index


@dataclass(kw_only=True)
class Chart:
    """What has been read so far. The second part of a pair is the resource's `encounter` reference."""

    now: datetime
    limits: Limits
    index: Index
    diagnoses: list[conditions.Diagnosis] = field(default_factory=list)
    encounters: list[Received] = field(default_factory=list)
    complaints: list[tuple[Complaint, object]] = field(default_factory=list)
    vitals: list[vitals.Value] = field(default_factory=list)
    labs: list[Measurement] = field(default_factory=list)
    coded: list[CodedResult] = field(default_factory=list)
    medications: list[Medication] = field(default_factory=list)
    allergies: list[Allergy] = field(default_factory=list)
    no_known_allergies: bool = False
    documents: list[Document] = field(default_factory=list)
    procedures: list[Procedure] = field(default_factory=list)
    immunizations: list[Immunization] = field(default_factory=list)
    intake: list[tuple[tuple[IntakeAnswer, ...], object]] = field(default_factory=list)
    unit_spellings: set[str] = field(default_factory=set)
    parts: list[tuple[Received, Unused]] = field(default_factory=list)
    """Parts of used resources that were not read."""


def _encounter(chart: Chart, entry: Received) -> When | None:
    encounter.check(entry.resource)
    when = encounter.start(entry.resource)
    if dates.is_future(when, chart.now) and entry.resource.get("status") != "planned":
        raise Unused("future")
    chart.encounters.append(entry)
    return when


def _condition(chart: Chart, entry: Received) -> When | None:
    diagnosis = conditions.read(entry.resource, entry.handle, chart.now, chart.limits)
    chart.diagnoses.append(diagnosis)
    return diagnosis.when


def _observation(chart: Chart, entry: Received) -> When | None:
    found = observations.read(entry.resource, entry.handle, chart.now, chart.limits, chart.unit_spellings)
    chart.vitals += found.vitals
    chart.labs += found.labs
    for result in found.coded:
        (chart.vitals if result.kind in observations.ROUND_KINDS else chart.coded).append(result)
    if found.complaint is not None:
        complaint = Complaint(
            concept=found.complaint, origin=ComplaintOrigin.OBSERVATION, when=found.when, source=entry.handle
        )
        chart.complaints.append((complaint, entry.resource.get("encounter")))
    chart.parts += [(entry, unused) for unused in found.unused]
    return found.when


def _request(chart: Chart, entry: Received) -> When | None:
    medication = medications.read_request(entry.resource, entry.handle, chart.now, chart.index)
    chart.medications.append(medication)
    return medication.when


def _statement(chart: Chart, entry: Received) -> When | None:
    medication = medications.read_statement(entry.resource, entry.handle, chart.now, chart.index)
    chart.medications.append(medication)
    return medication.when


def _allergy(chart: Chart, entry: Received) -> When | None:
    allergy = allergies.read(entry.resource, entry.handle, chart.now)
    if allergy is None:
        chart.no_known_allergies = True
        return None
    chart.allergies.append(allergy)
    return allergy.when


def _document(chart: Chart, entry: Received) -> When | None:
    return _keep(chart, [documents.read_document(entry.resource, entry.handle, chart.index, chart.limits)])


def _report(chart: Chart, entry: Received) -> When | None:
    return _keep(chart, list(documents.read_report(entry.resource, entry.handle, chart.index, chart.limits)))


def _keep(chart: Chart, found: Sequence[Document]) -> When | None:
    """Keep documents whose text is not in the chart yet (one note often comes as document and as report)."""
    if any(dates.is_future(d.when, chart.now) for d in found):
        raise Unused("future")
    known = {d.text for d in chart.documents}
    fresh = [d for d in found if d.text not in known]
    if not fresh:
        raise Unused("duplicate")
    chart.documents += fresh
    return fresh[0].when


def _response(chart: Chart, entry: Received) -> When | None:
    answers = questionnaire.read(entry.resource, entry.handle, chart.limits)
    when = questionnaire.authored(answers)
    if dates.is_future(when, chart.now):
        raise Unused("future")
    if len(answers) > questionnaire.MAX_ANSWERS:
        chart.parts.append((entry, Unused("too-many", "QuestionnaireResponse.item")))
        answers = answers[: questionnaire.MAX_ANSWERS]
    chart.intake.append((answers, entry.resource.get("encounter")))
    return when


def _procedure(chart: Chart, entry: Received) -> When | None:
    procedure = procedures.read(entry.resource, entry.handle, chart.now)
    chart.procedures.append(procedure)
    return procedure.when


def _immunization(chart: Chart, entry: Received) -> When | None:
    immunization = immunizations.read(entry.resource, entry.handle, chart.now)
    chart.immunizations.append(immunization)
    return immunization.when


READERS: Mapping[str, Callable[[Chart, Received], When | None]] = {
    "Encounter": _encounter,
    "Condition": _condition,
    "Observation": _observation,
    "MedicationRequest": _request,
    "MedicationStatement": _statement,
    "AllergyIntolerance": _allergy,
    "DocumentReference": _document,
    "DiagnosticReport": _report,
    "QuestionnaireResponse": _response,
    "Procedure": _procedure,
    "Immunization": _immunization,
}
