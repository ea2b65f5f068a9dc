"""Whom a guideline is for, and whether one person belongs to them.

A passage is shown only to a person who is known to belong: an unknown age or sex admits guidelines without that
limit alone. An unstated pregnancy counts as none, since charts seldom state it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Self

from anonymization.deidentified import DeidentifiedCase

PopulationSex = Literal["any", "female", "male"]
Pregnancy = Literal["any", "only", "exclude"]

OLDEST = 200.0
_AGE = re.compile(r"(?P<count>\d{1,3})(?:\+| (?P<unit>months?))?")


@dataclass(frozen=True, kw_only=True)
class Person:
    """What the filter knows of a patient. `age_years` is completed years, below two in twelfths."""

    age_years: float | None = None
    sex: str | None = None
    pregnant: bool | None = None

    @classmethod
    def of(cls, case: DeidentifiedCase) -> Self:
        """The person of a de-identified case."""
        return cls(age_years=parse_age(case.age), sex=case.sex, pregnant=case.pregnant)


def parse_age(text: str | None) -> float | None:
    """Years of an age as the gate writes it: ``67``, ``90+`` (90), ``7 months`` (7/12). None for anything else."""
    match = _AGE.fullmatch(text.strip()) if text else None
    if match is None:
        return None
    count = int(match["count"])
    return count / 12 if match["unit"] else float(count)


@dataclass(frozen=True, kw_only=True)
class Population:
    """Limits in completed years, both inclusive; `conditions` are plain words for what the guideline covers.

    `max_months`: the oldest age in completed months, for infants; it goes before `max_age`.
    """

    min_age: float = 0.0
    max_age: float = OLDEST
    max_months: int | None = None
    sex: PopulationSex = "any"
    pregnancy: Pregnancy = "any"
    conditions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        oldest = self.max_age if self.max_months is None else self.max_months / 12
        if not 0 <= self.min_age <= oldest:
            raise ValueError("min_age must not exceed max_age")

    def admits(self, person: Person) -> bool:
        """Whether the person is known to belong to this population."""
        return self._of_age(person) and self.sex in sexes_for(person) and self.pregnancy in pregnancies_for(person)

    def _of_age(self, person: Person) -> bool:
        age = person.age_years
        if age is None:
            return self.min_age == 0 and self.max_age == OLDEST and self.max_months is None
        if self.max_months is not None and round(age * 12) > self.max_months:
            return False
        return self.min_age <= age and int(age) <= self.max_age


def sexes_for(person: Person) -> tuple[PopulationSex, ...]:
    """The `Population.sex` values that admit the person."""
    if person.sex == "female":
        return ("any", "female")
    if person.sex == "male":
        return ("any", "male")
    return ("any",)


def pregnancies_for(person: Person) -> tuple[Pregnancy, ...]:
    """The `Population.pregnancy` values that admit the person."""
    return ("any", "only") if person.pregnant else ("any", "exclude")
