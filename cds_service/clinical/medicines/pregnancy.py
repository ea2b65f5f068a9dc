"""Medicines in a pregnancy that the chart names as current (`pregnancy.toml`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cds_service.clinical.medicines.chart import Taken
from cds_service.clinical.medicines.findings import Concern, concern, names, sentence
from cds_service.clinical.medicines.tables import Row, common, distinct, members, table
from cds_service.clinical.population import pregnant
from fhir_mappers.case import Case


@dataclass(frozen=True, kw_only=True)
class PregnancyRow(Row):
    """Medicines, and the week that the sentence is about (the chart's week is not read)."""

    medicines: frozenset[str]
    weeks_from: int


def _row(row: Mapping[str, Any]) -> PregnancyRow:
    return PregnancyRow(
        **common(row, "medicines", "except_medicines", "weeks_from"),
        medicines=members(row, "medicines") - members(row, "except_medicines"),
        weeks_from=row.get("weeks_from", 0),
    )


PREGNANCY: tuple[PregnancyRow, ...] = distinct(map(_row, table("pregnancy.toml")["rule"]))


def pregnancy_concerns(case: Case, taken: Taken) -> Iterator[Concern]:
    """One concern a row; each medicine is said once, by the most severe row."""
    if not pregnant(case.demographics):
        return
    source = case.demographics.pregnancy_source
    said: set[str] = set()
    for row in sorted(PREGNANCY, key=lambda r: -r.severity):
        medicines = tuple(i for i in taken.of(row.medicines) if i not in said)
        if medicines:
            said |= set(medicines)
            sources = (*taken.sources(medicines), *((source,) if source else ()))
            yield concern(row, sentence(f"{names(medicines)} in pregnancy"), medicines, sources)
