"""The made-up patients: age, sex, race, ethnicity, language, insurance and name, each drawn by itself.

Shares and sources stand in `people.toml`. Names come from the pools of the synthetic notes and tell nothing of the
rest. The name has a random stream of its own, so that a new list of names changes no case.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import resources
from random import Random
from typing import Any

from cds_service.training.notes.people import draw_person
from cds_service.training.synth.schema import Condition

_DATA: Mapping[str, Any] = tomllib.loads(
    resources.files(__package__ or "").joinpath("people.toml").read_text(encoding="utf-8")
)
FERTILE = (15, 50)
"""Ages in years, from and below, at which a woman may be pregnant here."""

_YEAR = 365.25


@dataclass(frozen=True, kw_only=True)
class Coded:
    """A code and its display, both empty where it is not recorded."""

    code: str
    display: str


@dataclass(frozen=True, kw_only=True)
class Person:
    """One made-up patient. `gender`: FHIR administrative gender, ``other`` for nonbinary people."""

    given: str
    family: str
    born: date
    age: float
    gender: str
    pregnant: bool
    race: Coded
    ethnicity: Coded
    language: Coded
    insurance: Coded

    @property
    def nonbinary(self) -> bool:
        """Whether the chart says so."""
        return self.gender == "other"


def draw(rng: Random, names: Random, condition: Condition, at: datetime) -> Person:
    """A patient who may have `condition`, seen `at` some time."""
    age = _age(rng, condition)
    gender = _gender(rng, condition)
    fertile = FERTILE[0] <= age < FERTILE[1]
    pregnant = rng.random() < condition.pregnant and fertile and gender == "female"
    named = draw_person(names, "train")
    return Person(
        given=named.given,
        family=named.family,
        born=(at - timedelta(days=age * _YEAR)).date(),
        age=age,
        gender=gender,
        pregnant=pregnant,
        race=_coded(rng, "race"),
        ethnicity=_coded(rng, "ethnicity"),
        language=_coded(rng, "language"),
        insurance=_coded(rng, "insurance"),
    )


def _age(rng: Random, condition: Condition) -> float:
    bands: Sequence[Sequence[float]] = condition.ages or _DATA["ages"]
    low, high, _ = rng.choices(bands, [band[2] for band in bands])[0]
    return low + rng.random() * (high - low)


def _gender(rng: Random, condition: Condition) -> str:
    """A condition of one sex alone is drawn for people of that sex whose chart names it."""
    share = 0.5 if condition.female is None else condition.female
    one_sex = share in (0, 1) or condition.pregnant == 1
    nonbinary, female = rng.random() < _DATA["nonbinary"], rng.random() < share
    if nonbinary and not one_sex:
        return "other"
    return "female" if female else "male"


def _coded(rng: Random, what: str) -> Coded:
    entries = _DATA[what]
    drawn = rng.choices(entries, [entry["share"] for entry in entries])[0]
    return Coded(code=drawn["code"], display=drawn["display"])
