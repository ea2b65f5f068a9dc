"""The table of vital-sign limits (`vital_limits.toml`), read and checked once at import."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from cds_service.clinical.bounds import Bound
from cds_service.clinical.consciousness import Acvpu
from cds_service.clinical.population import ADULT_MONTHS, AgeSpan
from cds_service.domain import Citation, Priority

POPULATIONS = ("any", "adult", "child", "pregnant", "unknown")


@dataclass(frozen=True, kw_only=True)
class VitalLimit:
    """One row: a bound on a vital sign, or levels of consciousness, for one population. Fields: see the table."""

    id: str
    population: str
    kind: str
    priority: Priority
    title: str
    citation: Citation
    bound: Bound | None = None
    states: tuple[Acvpu, ...] = ()
    with_flags: tuple[str, ...] = ()
    with_fever: bool = False
    scale_2: bool | None = None
    from_months: int = 0
    below_months: int = 200 * 12

    @property
    def banded(self) -> bool:
        """Whether the limit holds for a band of ages only."""
        return self.from_months > 0 or self.below_months < ADULT_MONTHS

    def is_for(self, population: str, span: AgeSpan | None) -> bool:
        """Whether the limit holds for the population (None of the age bands when the age is not known)."""
        if self.population not in ("any", population):
            return False
        return not self.banded or (span is not None and span.within(self.from_months, self.below_months))

    def __str__(self) -> str:
        return str(self.bound) if self.bound else " or ".join(self.states)


def _limit(row: Mapping[str, Any], citations: Mapping[str, Citation]) -> VitalLimit:
    states = tuple(Acvpu(s) for s in row.get("states", ()))
    if row["population"] not in POPULATIONS:
        raise ValueError("population must be one of " + ", ".join(POPULATIONS))
    return VitalLimit(
        id=row["id"],
        population=row["population"],
        kind=row["kind"],
        priority=Priority.parse(row["priority"]),
        title=row["title"],
        citation=citations[row["cites"]],
        bound=None if states else Bound.parse(row),
        states=states,
        with_flags=tuple(row.get("with_flags", ())),
        with_fever=row.get("with_fever", False),
        scale_2=row.get("scale_2"),
        from_months=row.get("from_months", 0),
        below_months=row.get("below_months", 200 * 12),
    )


def _child_rows(bands: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    names = {"heart_rate": "heart rate", "respiratory_rate": "breathing rate"}
    for band in bands["centiles"]:
        months = {k: band[k] for k in ("from_months", "below_months")}
        common = {**months, "population": "child", "priority": "Medium", "cites": bands["centile_cites"]}
        for kind, name in names.items():
            low, high = band[kind]
            suffix = f"{kind}-{band['from_months']}"
            yield {
                **common,
                "id": f"child-low-{suffix}",
                "kind": kind,
                "below": low,
                "title": f"Low {name} for the age",
            }
            yield {
                **common,
                "id": f"child-high-{suffix}",
                "kind": kind,
                "above": high,
                "title": f"High {name} for the age",
            }
    for band in bands["sepsis"]:
        for kind, name in names.items():
            yield {
                "id": f"child-sepsis-{kind}-{band['from_months']}",
                "population": "child",
                "kind": kind,
                **{k: band[k] for k in ("from_months", "below_months")},
                **band[kind],
                "with_fever": True,
                "with_flags": ["breathing-difficulty"],
                "priority": "High",
                "title": f"High {name} for the age with fever or breathing difficulty",
                "cites": bands["sepsis_cites"],
            }
    for band in bands["systolic"]:
        row = {"population": "child", "kind": "systolic", "priority": "Critical", "cites": bands["systolic_cites"]}
        yield {**row, **band, "id": f"child-systolic-{band['from_months']}", "title": "Low blood pressure for the age"}


def _load() -> tuple[str, tuple[VitalLimit, ...]]:
    table = tomllib.loads(files("cds_service.clinical").joinpath("vital_limits.toml").read_text(encoding="utf-8"))
    citations = {key: Citation(**fields) for key, fields in table["citations"].items()}
    rows = [*table["limit"], *_child_rows(table["child_bands"])]
    limits = tuple(_limit(row, citations) for row in rows)
    if len({limit.id for limit in limits}) != len(limits):
        raise ValueError("vital_limits.toml: two limits share an id")
    return table["version"], limits


VERSION, LIMITS = _load()
