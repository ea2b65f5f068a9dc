"""The table of critical laboratory limits (`critical_labs.toml`), read and checked once at import."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from typing import Any

from cds_service.clinical.bounds import Bound
from cds_service.domain import Citation, Priority


@dataclass(frozen=True, kw_only=True)
class LabLimit:
    """One bound of an analyte. Fields: see the table."""

    bound: Bound
    priority: Priority
    citation: Citation
    with_flags: tuple[str, ...] = ()
    with_fever: bool = False


@dataclass(frozen=True, kw_only=True)
class Analyte:
    """One laboratory test: its canonical LOINC code and UCUM unit, how old a result may be, and its limits.

    `haemolysis`: broken red cells in the sample raise it.
    """

    name: str
    loinc: str
    unit: str
    max_age: timedelta
    adults: bool
    limits: tuple[LabLimit, ...]
    haemolysis: bool = False


def _analyte(row: Mapping[str, Any], citations: Mapping[str, Citation]) -> Analyte:
    return Analyte(
        name=row["name"],
        loinc=row["loinc"],
        unit=row["unit"],
        max_age=timedelta(hours=row["max_age_hours"]),
        adults=row.get("adults", False),
        haemolysis=row.get("haemolysis", False),
        limits=tuple(
            LabLimit(
                bound=Bound.parse(limit),
                priority=Priority.parse(limit["priority"]),
                citation=citations[limit["cites"]],
                with_flags=tuple(limit.get("with_flags", ())),
                with_fever=limit.get("with_fever", False),
            )
            for limit in row["limits"]
        ),
    )


def _load() -> tuple[str, tuple[Analyte, ...]]:
    table = tomllib.loads(files("cds_service.clinical").joinpath("critical_labs.toml").read_text(encoding="utf-8"))
    citations = {key: Citation(**fields) for key, fields in table["citations"].items()}
    return table["version"], tuple(_analyte(row, citations) for row in table["analyte"])


VERSION, ANALYTES = _load()
