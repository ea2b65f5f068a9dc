"""The rest of the chart: earlier problems with the medicines that fit them, allergies, smoking (`history.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from random import Random
from types import MappingProxyType
from typing import Any

from cds_service.training.synth.people import Coded, Person
from cds_service.training.synth.schema import Condition

_DATA: Mapping[str, Any] = tomllib.loads(
    resources.files(__package__ or "").joinpath("history.toml").read_text(encoding="utf-8")
)
_KNOWN: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {name: entry for entry in _DATA["problem"] for name in (entry["name"], *entry.get("aliases", ()))}
)
MOST = 4
"""Earlier problems of one chart that have nothing to do with the visit."""
_ADULTS_ONLY = 16
_MEDICINE_SHARE = 0.8


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A problem or allergy by its name; `coded` where its SNOMED CT code is known."""

    name: str
    coded: Coded | None = None


@dataclass(frozen=True, kw_only=True)
class History:
    """`no_known_allergies`: the chart says that there are none. `smoking`: None where it does not say."""

    problems: tuple[Entry, ...]
    medicines: tuple[str, ...]
    allergies: tuple[Entry, ...]
    no_known_allergies: bool
    smoking: Coded | None


def draw(rng: Random, condition: Condition, person: Person) -> History:
    """What `condition` brings along and what people of that age have anyway."""
    names = _problems(rng, condition, person)
    allergies = _allergies(rng, condition)
    return History(
        problems=tuple(_entry(name) for name in names),
        medicines=_medicines(rng, condition, person, names),
        allergies=allergies,
        no_known_allergies=not allergies and rng.random() < 0.3,
        smoking=_smoking(rng, person),
    )


def _problems(rng: Random, condition: Condition, person: Person) -> tuple[str, ...]:
    own = [name for name, share in condition.history if rng.random() < share and _may_have(name, person)]
    others = [
        entry["name"]
        for entry in _DATA["problem"]
        if rng.random() < _share(entry, person.age) and not _mentioned(entry, own)
    ]
    distractors = [name for name in condition.distractors if rng.random() < 0.15 and _may_have(name, person)]
    return tuple(dict.fromkeys([*own, *distractors[:2], *others[:MOST]]))


def _may_have(name: str, person: Person) -> bool:
    """Whether the age fits a problem that the table knows; what it does not know is the author's word."""
    entry = _KNOWN.get(name)
    return entry is None or person.age >= entry["earliest"]


def _mentioned(entry: Mapping[str, Any], names: list[str]) -> bool:
    return any(_KNOWN.get(name) is entry for name in names)


def _share(entry: Mapping[str, Any], age: float) -> float:
    return next((float(share) for low, high, share in entry["ages"] if low <= age < high), 0.0)


def _entry(name: str) -> Entry:
    known = _KNOWN.get(name)
    return Entry(name=name, coded=Coded(code=known["code"], display=known["display"]) if known else None)


def _medicines(rng: Random, condition: Condition, person: Person, problems: tuple[str, ...]) -> tuple[str, ...]:
    drawn = [name for name, share in condition.medicines if rng.random() < share]
    for name in problems:
        known = _KNOWN.get(name)
        if known is None or not known["medicines"] or rng.random() >= _MEDICINE_SHARE:
            continue
        chosen = rng.choice(known["medicines"])
        if known.get("pregnancy_safe", False) or not person.pregnant:
            drawn.append(chosen)
    return tuple(dict.fromkeys(drawn))


def _allergies(rng: Random, condition: Condition) -> tuple[Entry, ...]:
    own = [Entry(name=name) for name, share in condition.allergies if rng.random() < share]
    for entry in _DATA["allergy"]:
        if rng.random() < entry["share"]:
            coded = Coded(code=entry["code"], display=entry["display"]) if "code" in entry else None
            own.append(Entry(name=entry["name"], coded=coded))
    return tuple(own)


def _smoking(rng: Random, person: Person) -> Coded | None:
    entries = _DATA["smoking"]
    drawn, recorded = rng.choices(entries, [entry["share"] for entry in entries])[0], rng.random() < 0.35
    if not recorded or person.age < _ADULTS_ONLY:
        return None
    return Coded(code=drawn["code"], display=drawn["display"])
