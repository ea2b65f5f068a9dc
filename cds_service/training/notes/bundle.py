"""The FHIR R4 bundle that a note's cast stands in."""

from __future__ import annotations

from random import Random
from typing import Any

from cds_service.training.notes.cast import Cast
from cds_service.training.notes.clinical import terms
from cds_service.training.notes.numbers import written_phone
from cds_service.training.notes.people import Person

_MRN = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}


def bundle_of(cast: Cast, rng: Random) -> dict[str, Any]:
    """A collection with the patient, spouse, doctor, facility and visit of `cast`, and one condition."""
    people = cast.people
    subject = {"reference": "Patient/p1"}
    resources: list[dict[str, Any]] = [
        {
            "resourceType": "Patient",
            "id": "p1",
            "identifier": [{"type": _MRN, "value": cast.mrn}],
            "name": [_human_name(people["pt"])],
            "gender": "female" if people["pt"].female else "male",
            "birthDate": cast.born.isoformat(),
            "telecom": [
                {"system": "phone", "value": written_phone(rng, cast.phone)},
                {"system": "email", "value": cast.email},
            ],
            "address": [
                {
                    "line": [cast.street],
                    "city": cast.town,
                    "state": cast.state,
                    "postalCode": cast.zip_code,
                    "country": "US",
                }
            ],
        },
        {"resourceType": "RelatedPerson", "id": "r1", "patient": subject, "name": [_human_name(people["sp"])]},
        {"resourceType": "Practitioner", "id": "d1", "name": [{**_human_name(people["dr"]), "prefix": ["Dr."]}]},
        {"resourceType": "Organization", "id": "o1", "name": cast.facility},
        {"resourceType": "Location", "id": "l1", "name": cast.facility},
        {
            "resourceType": "Encounter",
            "id": "e1",
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
            "subject": subject,
            "participant": [{"individual": {"reference": "Practitioner/d1"}}],
            "period": {"start": cast.admitted.isoformat(), "end": cast.discharged.isoformat()},
            "serviceProvider": {"reference": "Organization/o1"},
        },
        {
            "resourceType": "Condition",
            "id": "c1",
            "subject": subject,
            "code": {"text": rng.choice(terms("conditions"))},
        },
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": resource} for resource in resources]}


def _human_name(person: Person) -> dict[str, Any]:
    name: dict[str, Any] = {"use": "official", "family": person.family, "given": [person.given, person.middle]}
    if person.suffix:
        name["suffix"] = [person.suffix]
    return name
