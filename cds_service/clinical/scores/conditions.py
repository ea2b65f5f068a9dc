"""The groups of coded conditions that scores read (`conditions.toml`), checked once at import.

A condition counts by its code in its own code system, never by its words. What the mapper left out (ended, refuted,
entered in error) does not count; so an absent code never proves that the patient has not got the condition.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from cds_service.clinical.red_flags.lexicon import SYSTEMS
from fhir_mappers.case import Case, Problem

UNCERTAIN = frozenset({"unconfirmed", "provisional", "differential"})
"""Verification states of a suspicion: no score counts it as the disease."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """One group: its plain name and its codes."""

    name: str
    icd10: re.Pattern[str]
    snomed: frozenset[str]

    def covers(self, problem: Problem) -> bool:
        """Whether a coding of `problem` belongs to the group, in its own system."""
        return any(
            (c.system in SYSTEMS["icd10"] and c.code is not None and self.icd10.fullmatch(c.code) is not None)
            or (c.system in SYSTEMS["snomed"] and c.code in self.snomed)
            for c in problem.concept.codings
        )


def covered(case: Case, groups: Iterable[Group]) -> tuple[Problem, ...]:
    """The problems of the chart that belong to one of `groups` and are more than a suspicion."""
    wanted = tuple(groups)
    return tuple(
        p for p in case.problems if p.verification not in UNCERTAIN and any(group.covers(p) for group in wanted)
    )


def coded(case: Case, *groups: str) -> tuple[Problem, ...]:
    """The problems of the chart that belong to one of the named `GROUPS`, as `covered`."""
    return covered(case, (GROUPS[group] for group in groups))


def _group(row: Mapping[str, Any]) -> Group:
    return Group(name=row["name"], icd10=re.compile("|".join(row["icd10"])), snomed=frozenset(row["snomed"]))


def read_groups(package: str) -> tuple[str, Mapping[str, Group]]:
    """The version and the groups of the ``conditions.toml`` of a package."""
    table = tomllib.loads(files(package).joinpath("conditions.toml").read_text(encoding="utf-8"))
    return table.pop("version"), MappingProxyType({key: _group(row) for key, row in table.items()})


VERSION, GROUPS = read_groups("cds_service.clinical.scores")
