"""Coded problems by group: those of the scores and those that care gaps alone read (`conditions.toml`)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

from cds_service.clinical.scores import conditions
from cds_service.clinical.scores.conditions import UNCERTAIN, Group
from fhir_mappers.case import Case, Problem


def coded(case: Case, *groups: str) -> tuple[Problem, ...]:
    """The problems of the chart that belong to one of `groups` and are more than a suspicion."""
    wanted = [GROUPS[group] for group in groups]
    return tuple(
        p for p in case.problems if p.verification not in UNCERTAIN and any(group.covers(p) for group in wanted)
    )


def _load() -> Mapping[str, Group]:
    table = tomllib.loads(
        files("cds_service.clinical.care_gaps").joinpath("conditions.toml").read_text(encoding="utf-8")
    )
    table.pop("version")
    own = {
        key: Group(name=row["name"], icd10=re.compile("|".join(row["icd10"])), snomed=frozenset(row["snomed"]))
        for key, row in table.items()
    }
    if shared := own.keys() & conditions.GROUPS.keys():
        raise ValueError(f"care_gaps/conditions.toml: already a group of the scores: {sorted(shared)}")
    return MappingProxyType({**conditions.GROUPS, **own})


GROUPS = _load()
