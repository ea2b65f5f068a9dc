"""Who stands in a Bundle: its identifying strings and its patient, for a text that is kept beside it.

Unlike `mapping.map_case` this reads no clinical fact, needs no patient and refuses no resource: whatever carries a name
is read, wherever it stands, a broken resource too, because the text may name anybody in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from fhir_mappers import dates, everywhere, identifiers, patient, questionnaire
from fhir_mappers.case import Demographics, IntakeAnswer, KnownIdentifier
from fhir_mappers.errors import NoPatient, Unused
from fhir_mappers.fields import Json
from fhir_mappers.inspection import inspect, labelled_sensitive
from fhir_mappers.limits import Limits
from fhir_mappers.received import Received

_LIMITS = Limits()
_IN_PLAIN_WORDS = {"name": "name", "identifier": "identifier", "address": "address-line", "telecom": "phone"}
"""Elements that FHIR makes objects -> what a string there is."""


_PEOPLE = frozenset({"patient", "relative", "practitioner"})
_LONGEST = 300


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

    The first Patient is the patient, all others count as relatives. Raises Unused when `bundle` holds something in
    which no resource can be read, because it may be a name.
    """
    entries = everywhere.resources(bundle)
    patients = [e for e in entries if e.resource_type == "Patient"]
    nobody = Received(handle="nobody", resource={}, resource_type="Patient", key="bundle")
    person = patients[0] if patients else nobody
    name = person.resource.get("id") or person.full_url
    collected = identifiers.collect(entries, person, tuple(_answers(entries)))
    return People(
        patient_id=name if isinstance(name, str) else None,
        identifiers=tuple(dict.fromkeys([*collected, *_in_plain_words(entries, person)])),
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


def _in_plain_words(entries: list[Received], person: Received) -> Iterator[KnownIdentifier]:
    """What people's resources hold as plain strings or numbers where FHIR has objects."""
    for entry in entries:
        role = "patient" if entry is person else identifiers.ROLES.get(entry.resource_type)
        if role not in _PEOPLE:
            continue
        for key, kind in _IN_PLAIN_WORDS.items():
            value = entry.resource.get(key)
            for word in value if isinstance(value, list) else [value]:
                if isinstance(word, str | int) and not isinstance(word, bool) and len(str(word).strip()) > 1:
                    yield KnownIdentifier(kind=kind, value=str(word).strip()[:_LONGEST], role=role)


def _answers(entries: list[Received]) -> Iterator[IntakeAnswer]:
    """What intake forms say; a form that cannot be read has no answers."""
    for entry in entries:
        if entry.resource_type == "QuestionnaireResponse":
            try:
                yield from questionnaire.read(entry.resource, entry.handle, _LIMITS)
            except Unused:
                continue
