"""Canary charts: a synthetic patient's request in which identifiers stand wherever an EHR or a person may put them.

In the fields of the Patient and those around; as displays of references; as mentions in every free text that the
service reads; and in notes of the generator that the name model was never trained on, in its spellings and typings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from random import Random
from typing import Any

from cds_service.sample import resources as fhir
from cds_service.settings import Setting
from cds_service.training.canaries.coined import coin, coined
from cds_service.training.canaries.marks import Mark, is_coined, marks
from cds_service.training.notes import Family, templates
from cds_service.training.notes.bundle import bundle_of
from cds_service.training.notes.cast import Cast, draw_cast
from cds_service.training.notes.note import Piece, assemble
from cds_service.training.notes.numbers import draw_phone, full_date, written_phone
from cds_service.training.notes.people import FORMS
from cds_service.training.notes.styles import style_for
from cds_service.training.notes.writer import Writer
from cds_service.training.synth.case import SyntheticCase
from cds_service.training.synth.generate import cases
from cds_service.training.synth.requests import request

EMPLOYER = "http://clinic.example/fhir/StructureDefinition/patient-employer"
_FAMILY: Family = "held-out"
_NOTES = (0, 1, 1, 2)
_NAMED = ("full", "rev", "mr", "init", "first", "last")
_SENTENCES = (
    ("Seen before for the same:", "called back"), ("Worse since Tuesday, as told by", "on the telephone"),
    ("Spoke with", "about the results"), ("Lives alone;", "knows of it"), ("Please tell", "before noon"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class CanaryChart:
    """The body of a hook call at `at`, and what of it may be found nowhere behind the gate."""

    number: int
    body: dict[str, Any]
    at: datetime
    marks: tuple[Mark, ...]
    said: tuple[str, ...] = ()
    """What a clinician may write of it: every sentence names somebody or something of the fields."""
    said_marks: tuple[Mark, ...] = ()
    """Those of `said`."""


def canary_charts(seed: int) -> Iterator[CanaryChart]:
    """Chart after chart without end. Equal seeds give equal charts."""
    settings = [cases(seed, setting) for setting in Setting]
    for number in count(1):
        yield _Chart(Random(f"canary/{seed}/{number}"), next(settings[number % len(settings)]), number).made()  # noqa: S311 - fiction, no secret


class _Chart:
    def __init__(self, rng: Random, case: SyntheticCase, number: int) -> None:
        self._rng = rng
        self._case = case
        self._number = number
        self._employer = f"{coin(rng)} Logistics"
        self._work_phone = draw_phone(rng)
        drawn, words = coined(rng, draw_cast(rng, _FAMILY, in_bundle=True))
        self._cast: Cast = replace(drawn, born=case.person.born)
        self._words = words | {self._employer.split()[0]}
        self._pieces: list[Piece] = []

    def made(self) -> CanaryChart:
        """The chart."""
        key = f"pid-{self._rng.randint(10**7, 10**8 - 1)}"
        body = json.loads(json.dumps(request(self._case)).replace(self._case.id, key))
        chart = body["prefetch"]
        self._people(chart)
        self._mentions(chart)
        self._notes(chart)
        found = [*marks(self._fields(), self._words), *self._written(), Mark("ID", key, True)]
        said = tuple(f"{begin} {self._mention()} {end}." for begin, end in _SENTENCES)
        return CanaryChart(
            number=self._number, body=body, at=self._case.at, marks=tuple(dict.fromkeys(found)),
            said=said, said_marks=tuple(dict.fromkeys(self._written())),
        )  # fmt: skip

    def _written(self) -> list[Mark]:
        """The marks of what was written since the last call."""
        pieces, self._pieces = self._pieces, []
        return [self._as_known(mark) for mark in marks(pieces, self._words)]

    def _as_known(self, mark: Mark) -> Mark:
        """The physician's middle name stands in no field, though the rest of the name does."""
        return mark._replace(known=mark.known and not is_coined(mark.text, {self._cast.people["dr"].middle}))

    # -- fields -----------------------------------------------------------------------------------------------------
    def _people(self, chart: dict[str, Any]) -> None:
        """The patient, and who and what stands around them, as resources and as displays of references."""
        patient, spouse, doctor, place, *_ = (e["resource"] for e in bundle_of(self._cast, self._rng)["entry"])
        mine = {key: patient[key] for key in ("identifier", "name", "telecom", "address")}
        physician = {"display": f"Dr. {doctor['name'][0]['given'][0]} {doctor['name'][0]['family']}"}
        where = {"display": place["name"]}
        chart["patient"] |= mine | {
            "birthDate": self._cast.born.isoformat(),
            "contact": [{"name": spouse["name"][0], "telecom": [{"system": "phone", "value": self._phone()}]}],
            "generalPractitioner": [physician],
            "managingOrganization": where,
        }
        chart["patient"]["extension"].append({"url": EMPLOYER, "valueString": self._employer})
        chart["encounter"] |= {"participant": [{"individual": physician}], "serviceProvider": where}

    def _phone(self) -> str:
        return written_phone(self._rng, self._work_phone)

    def _fields(self) -> Iterator[Piece]:
        """The identifiers of the fields, as they stand there."""
        cast = self._cast
        for role in ("pt", "sp", "dr"):
            person = cast.people[role]
            yield from (Piece(name, "NAME", known=True) for name in (person.given, person.family))
        yield Piece(cast.people["pt"].middle, "NAME", known=True)
        for label, value in (
            ("ID", cast.mrn), ("PHONE", cast.phone), ("PHONE", self._work_phone), ("EMAIL", cast.email),
            ("DATE", cast.born.isoformat()), ("LOC", cast.town), ("ADDRESS", cast.street), ("FACILITY", cast.facility),
            ("FACILITY", self._employer),
        ):  # fmt: skip
            yield Piece(value, label, known=True)

    # -- free text --------------------------------------------------------------------------------------------------
    def _mention(self) -> str:
        """Somebody or something of the fields, in one of its spellings."""
        rng, cast = self._rng, self._cast
        role = rng.choice(("pt", "sp", "dr"))
        person = FORMS[rng.choice(_NAMED)](rng, cast.people[role])
        number = Piece(written_phone(rng, rng.choice((cast.phone, self._work_phone))), "PHONE", known=True)
        pieces = rng.choice(
            (
                person,
                [*person, Piece(" "), number],
                [Piece("DOB "), Piece(full_date(rng, cast.born), "DATE", known=True)],
                [Piece("MRN "), Piece(cast.mrn, "ID", known=True)],
                [Piece("mail to "), Piece(cast.email, "EMAIL", known=True)],
                [
                    Piece("lives at "),
                    Piece(cast.street, "ADDRESS", known=True),
                    Piece(", " + cast.town, "LOC", known=True),
                ],
                [Piece("sent by "), Piece(cast.facility, "FACILITY", known=True)],
                [Piece("works at "), Piece(self._employer, "FACILITY", known=True)],
            )
        )
        typed = style_for("query", rng)([replace(p, known=True) for p in pieces], rng)
        self._pieces += typed
        return "".join(piece.text for piece in typed)

    def _mentions(self, chart: dict[str, Any]) -> None:
        """A mention in every free text that the chart has, and texts of its own where it has none."""
        subject = {"reference": f"Patient/{chart['patient']['id']}"}
        for reason in chart["encounter"].get("reasonCode", ()):
            reason["text"] += f". {self._mention()}"
        for key in ("conditions", "medicationRequests", "allergies", "observations", "labs"):
            for entry in chart[key].get("entry", ()):
                self._annotate(entry["resource"])
        asked = {"linkId": "c-1", "text": "Anything else that we should know?"}
        said = f"{self._mention()} and {self._mention()}"
        answers = {
            "resourceType": "QuestionnaireResponse", "id": "intake-canary", "status": "completed", "subject": subject,
            "authored": self._case.at.isoformat(), "item": [asked | {"answer": [{"valueString": said}]}],
        }  # fmt: skip
        _add(chart["intake"], answers)

    def _annotate(self, resource: dict[str, Any]) -> None:
        kind = resource["resourceType"]
        if kind == "Condition":
            resource["code"]["text"] = f"{resource['code'].get('text', 'Problem')} ({self._mention()})"
        elif kind == "MedicationRequest":
            resource["dosageInstruction"] = [{"text": f"once daily, {self._mention()}"}]
        elif kind == "AllergyIntolerance":
            resource["reaction"] = [{"manifestation": [{"text": f"rash, {self._mention()}"}]}]
        elif self._rng.random() < 0.3:
            resource["note"] = [{"text": self._mention()}]
            resource["performer"] = [{"display": self._mention()}]

    def _notes(self, chart: dict[str, Any]) -> None:
        known = templates(_FAMILY)
        for number in range(self._rng.choice(_NOTES)):
            _, template = self._rng.choice(known.by_kind["note"])
            pieces = Writer(self._rng, _FAMILY, self._cast, known.groups).write(template)
            typed = style_for("note", self._rng)(pieces, self._rng)
            self._pieces += typed
            text, _ = assemble(typed)
            title = f"Letter {self._mention()}.pdf"
            document = fhir.note(text, self._case.at) | {
                "id": f"documents-canary-{number}", "subject": {"reference": f"Patient/{chart['patient']['id']}"},
                "description": title, "author": [{"display": self._mention()}],
            }  # fmt: skip
            document["content"][0]["attachment"]["title"] = title
            _add(chart["documents"], document)


def _add(bundle: dict[str, Any], resource: dict[str, Any]) -> None:
    bundle.setdefault("entry", []).append({"resource": resource})
    bundle["total"] = len(bundle["entry"])
