"""Who stands in a Bundle: its identifying strings and its patient, for a text that is kept beside it.

Unlike `mapping.map_case` this reads no clinical fact, needs no patient and refuses no resource: whatever carries a name
is read, a broken resource too, because the text may name anybody in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from fhir_mappers import dates, identifiers, patient, questionnaire
from fhir_mappers.case import Demographics, IntakeAnswer, KnownIdentifier
from fhir_mappers.errors import NoPatient, Unused
from fhir_mappers.fields import Json
from fhir_mappers.inspection import inspect, labelled_sensitive
from fhir_mappers.limits import Limits
from fhir_mappers.received import Received, receive

_LIMITS = Limits(max_entries=100_000)


@dataclass(frozen=True, kw_only=True)
class People:
    """`identifiers` of everybody, `demographics` of the patient (of nobody known when there is none).

    `patient_id`: what the patient's resource is called. `restricted`: a patient in the Bundle carries a label that
    restricts the whole record.
    """

    patient_id: str | None
    identifiers: tuple[KnownIdentifier, ...]
    demographics: Demographics
    restricted: bool


def people(bundle: Json, now: datetime) -> People:
    """The people of a FHIR Bundle of any kind, or of a single resource.

    The first Patient is the patient, all others count as relatives. Never raises whatever `bundle` holds.
    """
    entries = receive({"bundle": bundle}, (), {}, _LIMITS).entries
    patients = [e for e in entries if e.resource_type == "Patient"]
    nobody = Received(handle="nobody", resource={}, resource_type="Patient", key="bundle")
    person = patients[0] if patients else nobody
    name = person.resource.get("id") or person.full_url
    return People(
        patient_id=name if isinstance(name, str) else None,
        identifiers=identifiers.collect(entries, person, tuple(_answers(entries))),
        demographics=_demographics(person.resource, now),
        restricted=any(_restricted(p) for p in patients),
    )


def _demographics(resource: Json, now: datetime) -> Demographics:
    """Of a Patient that no profile accepts, the birth date alone still says whether an age may be stated."""
    try:
        return patient.demographics(patient.parse(resource)[0], now)
    except NoPatient:
        return Demographics(birth=dates.when(resource.get("birthDate")))


def _restricted(entry: Received) -> bool:
    """Whether a label restricts the patient; what cannot be walked to its end counts as restricted."""
    if entry.labelled or labelled_sensitive(entry.resource):
        return True
    try:
        return inspect(entry.resource, _LIMITS).sensitive
    except Unused:
        return True


def _answers(entries: list[Received]) -> Iterator[IntakeAnswer]:
    """What intake forms say; a form that cannot be read has no answers."""
    for entry in entries:
        if entry.resource_type == "QuestionnaireResponse":
            try:
                yield from questionnaire.read(entry.resource, entry.handle, _LIMITS)
            except Unused:
                continue
