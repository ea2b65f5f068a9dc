"""What slots other than people and clinical terms become."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from cds_service.training.notes import numbers, places
from cds_service.training.notes.cast import Cast
from cds_service.training.notes.note import Family, Piece

_SHORT = {
    "Street": "St",
    "Avenue": "Ave",
    "Road": "Rd",
    "Lane": "Ln",
    "Drive": "Dr",
    "Boulevard": "Blvd",
    "Court": "Ct",
}


def fill(slot: str, rng: Random, family: Family, cast: Cast) -> list[Piece]:
    """The pieces of a slot. Raises KeyError for an unknown one."""
    if slot in _OF_PATIENT:
        kind, known = _OF_PATIENT[slot]
        return [Piece(known(rng, cast), kind, cast.in_bundle)]
    if slot == "age":
        return _age(rng)
    if slot in {"addr", "addr2"}:
        return _address(rng, family, cast if slot == "addr" else None)
    label, make = _FRESH[slot]
    return [Piece(make(rng, family), label)]


def _age(rng: Random) -> list[Piece]:
    years = rng.randint(1, 89) if rng.random() < 0.95 else rng.randint(90, 104)
    return [Piece(str(years), "AGE" if years > 89 else None)]


def _address(rng: Random, family: Family, cast: Cast | None) -> list[Piece]:
    """Street, town, state and ZIP code: the patient's, or another without `cast`. The state identifies nobody."""
    known = cast is not None and cast.in_bundle
    line = cast.street if cast else places.street(rng, family)
    town = cast.town if cast else places.town(rng, family)
    state = cast.state if cast else places.pick(rng, "neutral", "abbreviations")
    code = cast.zip_code if cast else places.zip_code(rng)
    if known and rng.random() < 0.3:
        line = " ".join(_SHORT.get(word, word) for word in line.split())
    parts = [Piece(line, "ADDRESS", known), Piece(rng.choice((", ", ", ", "\n"))), Piece(town, "LOC", known)]
    return parts if rng.random() < 0.2 else [*parts, Piece(f", {state} "), Piece(code, "ADDRESS", known)]


_OF_PATIENT: dict[str, tuple[str, Callable[[Random, Cast], str]]] = {
    "fac": ("FACILITY", lambda _, cast: cast.facility),
    "home": ("LOC", lambda _, cast: cast.town),
    "mrn": ("ID", lambda _, cast: cast.mrn),
    "email": ("EMAIL", lambda _, cast: cast.email),
    "phone": ("PHONE", lambda rng, cast: numbers.written_phone(rng, cast.phone)),
    "dob": ("DATE", lambda rng, cast: numbers.full_date(rng, cast.born)),
    "adm": ("DATE", lambda rng, cast: numbers.written_date(rng, cast.admitted)),
    "dis": ("DATE", lambda rng, cast: numbers.written_date(rng, cast.discharged)),
}

Make = Callable[[Random, Family], str]
_FRESH: dict[str, tuple[str | None, Make]] = {
    "date": ("DATE", lambda rng, _: numbers.written_date(rng, numbers.draw_date(rng, 2005, 2026))),
    "month": ("DATE", lambda rng, _: numbers.month_of(rng, numbers.draw_date(rng, 2005, 2026))),
    "tel": ("PHONE", lambda rng, _: numbers.written_phone(rng, numbers.draw_phone(rng))),
    "intl": ("PHONE", lambda rng, _: numbers.foreign_phone(rng)),
    "id": ("ID", lambda rng, _: numbers.identifier(rng)),
    "ssn": ("ID", lambda rng, _: numbers.ssn(rng)),
    "url": ("URL", lambda rng, _: numbers.url(rng)),
    "town": ("LOC", places.town),
    "road": ("ADDRESS", places.road),
    "street": ("ADDRESS", places.street),
    "hosp": ("FACILITY", lambda rng, fam: places.facility(rng, fam, "hospitals")),
    "clinic": ("FACILITY", lambda rng, fam: places.facility(rng, fam, "clinics")),
    "snf": ("FACILITY", lambda rng, fam: places.facility(rng, fam, "homes")),
    "pharm": ("FACILITY", lambda rng, fam: places.facility(rng, fam, "pharmacies")),
    "job": ("FACILITY", places.employer),
    "school": ("FACILITY", places.school),
    "church": ("FACILITY", places.congregation),
    "payer": ("ORG", lambda rng, _: places.pick(rng, "neutral", "insurers")),
    "state": (None, lambda rng, _: places.pick(rng, "neutral", "states")),
    "country": (None, lambda rng, _: places.pick(rng, "neutral", "countries")),
    "ward": (None, lambda rng, _: places.pick(rng, "neutral", "wards")),
}
"""Slots that are drawn anew each time."""
