"""The table of care gaps (`gaps.toml`): rules, numbers, ranks, proposals and sources; checked at import."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from cds_service.domain import Citation, Proposal, ProposalKind
from fhir_mappers.fields import CVX, LOINC, SNOMED

SYSTEMS = {"loinc": LOINC, "snomed": SNOMED, "cvx": CVX}


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One row. `says` has its numbers filled in; `proposals` are ready to be offered, by name."""

    id: str
    area: str
    title: str
    says: str
    rank: int
    citations: tuple[Citation, ...]
    numbers: Mapping[str, int]
    proposals: Mapping[str, Proposal]


def _proposal(row: Mapping[str, Any], reason: str) -> Proposal:
    coded = [(SYSTEMS[key], row[key]) for key in SYSTEMS if key in row]
    if len(coded) > 1:
        raise ValueError("gaps.toml: a proposal has one code")
    if not coded:
        return Proposal(label=row["label"], reason=reason, kind=ProposalKind.REVIEW)
    system, code = coded[0]
    kind = ProposalKind(row.get("kind", "order"))
    if (kind is ProposalKind.IMMUNIZATION) is not (system == CVX):
        raise ValueError("gaps.toml: vaccines, and nothing else, are proposed by CVX code")
    return Proposal(label=row["label"], reason=reason, kind=kind, system=system, code=code, display=row["display"])


def _gap(key: str, row: Mapping[str, Any], table: Mapping[str, Any]) -> Gap:
    numbers = row.get("numbers", {})
    says = row["says"].format(**numbers)
    return Gap(
        id=key,
        area=row["area"],
        title=row["title"],
        says=says,
        rank=row["rank"],
        citations=tuple(Citation(**table["citation"][name]) for name in row["cites"]),
        numbers=MappingProxyType(numbers),
        proposals=MappingProxyType({name: _proposal(table["proposal"][name], says) for name in row["proposals"]}),
    )


def _load() -> tuple[str, Mapping[str, Gap]]:
    table = tomllib.loads(files("cds_service.clinical.care_gaps").joinpath("gaps.toml").read_text(encoding="utf-8"))
    gaps = {key: _gap(key, row, table) for key, row in table["gap"].items()}
    if len({gap.rank for gap in gaps.values()}) != len(gaps):
        raise ValueError("gaps.toml: two gaps share a rank")
    return table["version"], MappingProxyType(gaps)


VERSION, GAPS = _load()
