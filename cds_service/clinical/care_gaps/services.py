"""What `services.toml` knows by code or words: procedures, groups of medicines, vaccines."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from cds_service.clinical.medicines.catalog import CATALOG
from cds_service.clinical.medicines.chart import named
from fhir_mappers.case import Concept
from fhir_mappers.fields import CVX, SNOMED

NEVER = re.compile(r"(?!)")


@dataclass(frozen=True, kw_only=True)
class Service:
    """A kind of procedure or vaccine: codes in one system, and the words that name it."""

    system: str
    codes: frozenset[str]
    words: re.Pattern[str]
    unclear: frozenset[str] = frozenset()

    def covers(self, concept: Concept) -> bool:
        """Whether the concept is one of these, by code or by words."""
        return self.has(concept, self.codes) or any(self.words.search(text) for text in written(concept))

    def may_cover(self, concept: Concept) -> bool:
        """Whether it is coded so loosely that it may be one of these."""
        return self.has(concept, self.unclear)

    def has(self, concept: Concept, codes: frozenset[str]) -> bool:
        """Whether a coding in the system is one of `codes`; leading zeros of vaccine codes do not count."""
        return any(c.system == self.system and (c.code or "").lstrip("0") in codes for c in concept.codings)


@dataclass(frozen=True, kw_only=True)
class Medicines:
    """A group of medicines: ingredients of the catalog, further names, and forms that are something else."""

    ingredients: frozenset[str]
    words: re.Pattern[str]
    not_as: re.Pattern[str]

    def covers(self, concept: Concept) -> bool:
        """Whether the concept names one of the group."""
        if any(self.not_as.search(text) for text in written(concept)):
            return False
        return self.names(concept)

    def names(self, concept: Concept) -> bool:
        """The same whatever the form, as for an allergy."""
        return bool(named(concept) & self.ingredients) or any(self.words.search(text) for text in written(concept))


def written(concept: Concept) -> tuple[str, ...]:
    """The text and the displays of a concept, in lower case."""
    return tuple(t.lower() for t in (concept.text, *(c.display for c in concept.codings)) if t)


def _pattern(row: Mapping[str, Any], key: str) -> re.Pattern[str]:
    return re.compile(row[key]) if key in row else NEVER


def _procedure(row: Mapping[str, Any]) -> Service:
    return Service(system=SNOMED, codes=frozenset(row["snomed"]), words=_pattern(row, "words"))


def _vaccine(row: Mapping[str, Any]) -> Service:
    return Service(
        system=CVX,
        codes=frozenset(row["cvx"]),
        words=_pattern(row, "words"),
        unclear=frozenset(row.get("unclear", ())),
    )


def _medicines(row: Mapping[str, Any]) -> Medicines:
    members = [CATALOG.members(name) for name in (*row.get("classes", ()), *row.get("ingredients", ()))]
    return Medicines(
        ingredients=frozenset().union(*members), words=_pattern(row, "words"), not_as=_pattern(row, "not_as")
    )


_TABLE = tomllib.loads(files("cds_service.clinical.care_gaps").joinpath("services.toml").read_text(encoding="utf-8"))
NOT_DONE = re.compile(_TABLE["not_done"])
PROCEDURES: Mapping[str, Service] = MappingProxyType({k: _procedure(r) for k, r in _TABLE["procedure"].items()})
VACCINES: Mapping[str, Service] = MappingProxyType({k: _vaccine(r) for k, r in _TABLE["vaccine"].items()})
MEDICINES: Mapping[str, Medicines] = MappingProxyType({k: _medicines(r) for k, r in _TABLE["medicine"].items()})
