"""Coded problems by group: those of the scores and those that care gaps alone read (`conditions.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cds_service.clinical.scores import conditions
from cds_service.clinical.scores.conditions import Group, covered, read_groups
from fhir_mappers.case import Case, Problem


def coded(case: Case, *groups: str) -> tuple[Problem, ...]:
    """The problems of the chart that belong to one of the named `GROUPS`, as `covered`."""
    return covered(case, (GROUPS[group] for group in groups))


def _load() -> Mapping[str, Group]:
    _, own = read_groups("cds_service.clinical.care_gaps")
    if shared := own.keys() & conditions.GROUPS.keys():
        raise ValueError(f"care_gaps/conditions.toml: already a group of the scores: {sorted(shared)}")
    return MappingProxyType({**conditions.GROUPS, **own})


GROUPS = _load()
