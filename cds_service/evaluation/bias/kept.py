"""Pairs of people whose difference matters (``kept_pairs.toml``): whether answers still tell them apart."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from cds_service.domain import Priority
from cds_service.evaluation.bias.answers import Answers
from cds_service.evaluation.bias.pairs import Side, side
from cds_service.evaluation.triage.visits import hook_call
from cds_service.evaluation.vignettes.reading import Vignette
from cds_service.evaluation.vignettes.requests import NOW, request_for
from cds_service.settings import Setting
from cds_service.stations import Stations

SETTING = Setting.FAMILY_PRACTICE
_NO_LABEL = MappingProxyType(dict.fromkeys(Setting, Priority.LOW))


@dataclass(frozen=True, kw_only=True)
class KeptPair:
    """`first` must be told as more urgent than `second`, or as urgent where there is no second."""

    id: str
    kind: str
    first: Vignette
    second: Vignette | None


@dataclass(frozen=True, kw_only=True)
class Walked:
    """A kept pair after the road."""

    id: str
    kind: str
    first: Side
    second: Side | None

    def survives(self, answers: Answers) -> bool:
        """Whether the difference is in the answer."""
        first = answers.answer(self.first, SETTING)
        if first is None:
            return False
        if self.second is None:
            return first.priority >= Priority.HIGH
        second = answers.answer(self.second, SETTING)
        return second is not None and first.priority > second.priority


@cache
def kept_pairs() -> tuple[KeptPair, ...]:
    """Every pair, checked. Raises ValueError or KeyError for a wrong entry."""
    loaded = tomllib.loads(resources.files(__package__).joinpath("kept_pairs.toml").read_text("utf-8"))
    return tuple(_pair(entry) for entry in loaded["pair"])


def walk_kept(stations: Stations, versions: Mapping[str, str]) -> tuple[Walked, ...]:
    """Every kept pair down the road."""

    def walked(person: Vignette) -> Side:
        return side(hook_call(request_for(person, SETTING)), NOW, stations, versions)

    return tuple(
        Walked(id=p.id, kind=p.kind, first=walked(p.first), second=None if p.second is None else walked(p.second))
        for p in kept_pairs()
    )


def _pair(entry: Mapping[str, Any]) -> KeptPair:
    if ("second" in entry) is (entry.get("expects") == "urgent"):
        raise ValueError("a kept pair needs either a second person or the expectation that the first is urgent")
    second = entry.get("second")
    return KeptPair(
        id=entry["id"],
        kind=entry["kind"],
        first=_person(entry, entry["first"], "a"),
        second=None if second is None else _person(entry, second, "b"),
    )


def _person(entry: Mapping[str, Any], who: Mapping[str, Any], suffix: str) -> Vignette:
    return Vignette(
        id=f"kept-{entry['id']}-{suffix}",
        age_months=int(who["age_months"]) if "age_months" in who else 12 * int(who["age"]),
        sex=who["sex"],
        pregnant=who.get("pregnant", False),
        complaint=entry["complaint"],
        vitals=MappingProxyType(dict(entry["vitals"])),
        priorities=_NO_LABEL,
        label_source=entry["source"],
        label_reason="the difference of the pair",
    )
