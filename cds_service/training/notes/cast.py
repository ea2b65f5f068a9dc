"""Who and what a note is about: fictional people, places, dates and numbers that stay the same through the note."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from cds_service.training.notes import numbers, places
from cds_service.training.notes.note import Family
from cds_service.training.notes.people import Person, draw_person

_RELATIVES = ("mom", "dad", "sp", "kid", "sib", "nok")
_STRANGERS = ("friend", "room", "teach", "dr", "dr2", "dr3", "rn", "rn2", "staff", "contact")
_IN_BUNDLE = frozenset({"pt", "sp", "dr"})
ROLES = ("pt", *_RELATIVES, *_STRANGERS)


@dataclass(frozen=True, kw_only=True)
class Cast:
    """The fictional facts of one note.

    With `in_bundle`, the patient, spouse, first doctor and what belongs to the visit stand in the note's bundle.
    """

    people: dict[str, Person]
    facility: str
    town: str
    street: str
    state: str
    zip_code: str
    phone: str
    email: str
    mrn: str
    born: date
    admitted: date
    discharged: date
    in_bundle: bool


def draw_cast(rng: Random, family: Family, *, in_bundle: bool = False) -> Cast:
    """A cast for one note."""
    patient = draw_person(rng, family, known=in_bundle)
    people = {"pt": patient}
    for role in (*_RELATIVES, *_STRANGERS):
        kin = role in _RELATIVES and not in_bundle and rng.random() < 0.65  # else the bundle would hold half a name
        people[role] = draw_person(
            rng, family, family_name=patient.family if kin else None, known=in_bundle and role in _IN_BUNDLE
        )
    admitted = numbers.draw_date(rng, 2012, 2025)
    return Cast(
        people=people,
        facility=places.facility(rng, family, rng.choice(("hospitals", "hospitals", "clinics"))),
        town=places.town(rng, family),
        street=places.street(rng, family),
        state=places.pick(rng, "neutral", "abbreviations"),
        zip_code=places.zip_code(rng),
        phone=numbers.draw_phone(rng),
        email=numbers.email_of(rng, patient),
        mrn=numbers.mrn(rng),
        born=numbers.draw_date(rng, 1925, 2022),
        admitted=admitted,
        discharged=admitted + timedelta(days=rng.randint(1, 12)),
        in_bundle=in_bundle,
    )
