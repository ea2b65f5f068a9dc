"""`Case` to facts: every field asks the policy by its path; what no line keeps does not come out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from anonymization.dates import stated_age
from anonymization.errors import PolicyError
from anonymization.facts import MAX_ROUNDS, RawFact, Reader
from anonymization.policy import Policy
from anonymization.sieve import Sieve
from fhir_mappers.case import Case, Demographics, KnownIdentifier

__all__ = ["MAX_ROUNDS", "RawFact", "Structured", "structure"]

_SEXES = frozenset({"male", "female", "other", "unknown"})

# kinds of known identifiers that have no place in the output -> what the count calls them
_DROPPED_KINDS = {
    "name": "name", "birth-date": "date", "date": "date", "phone": "phone", "email": "email", "url": "url",
    "address-line": "address", "city": "address", "postal-code": "address", "county": "address",
    "identifier": "identifier", "organization": "facility", "location": "facility", "photo": "photo",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Structured:
    """What the structured fields of a case become: safe demographics, facts with raw words, and what was left out.

    `region` is the first three digits of the ZIP code, ``000`` where few people live; None when the policy drops it.
    """

    age: str | None
    sex: str | None
    pregnant: bool | None
    facts: tuple[RawFact, ...]
    removed: Counter[str]
    region: str | None = None


def structure(
    case: Case,
    policy: Policy,
    is_identifier: Callable[[str], bool] = lambda _: False,
    *,
    shift: timedelta | None = None,
) -> Structured:
    """Apply the policy to every structured field of `case`. A code that `is_identifier` is dropped like a local one.

    `shift`: the person's own offset, for a policy with shifted dates. Raises PolicyError when the policy cannot be
    used, and when the patient as a whole is labelled.
    """
    sieve = Sieve(case=case, policy=policy, is_identifier=is_identifier, shift=shift)
    if any(s.resource_type == "Patient" and not sieve.open(h) for h, s in case.sources.items()):
        raise PolicyError("the whole patient is labelled: nothing of the chart may pass")
    person = case.demographics
    sieve.removed.update(_dropped(person, case.identifiers))
    facts = tuple(Reader(case, sieve).facts())
    return Structured(
        age=stated_age(person, case.now) if sieve.coarsens("Patient.birthDate") else None,
        sex=person.sex if sieve.keeps("Patient.gender") and person.sex in _SEXES else None,
        pregnant=person.pregnant
        if sieve.keeps("Observation.pregnancy") and sieve.open(person.pregnancy_source)
        else None,
        facts=facts,
        removed=sieve.removed,
        region=sieve.place(),
    )


def _dropped(person: Demographics, identifiers: Iterable[KnownIdentifier]) -> Iterator[str]:
    """What stands in the person's data and has no place in the output, by kind."""
    values = {"race": person.race, "ethnicity": person.ethnicity, "language": person.language,
              "address": person.postal_code}  # fmt: skip
    yield from (kind for kind, value in values.items() if value)
    yield from (_DROPPED_KINDS[i.kind] for i in identifiers if i.kind in _DROPPED_KINDS)
