"""Medicines and kidney function (`kidney.toml`), by the eGFR (CKD-EPI 2021) or the creatinine clearance.

Creatinine clearance: Cockcroft and Gault, Nephron 16:31 (1976): (140 - age) * weight / (72 * creatinine), times 0.85
for women; age in years, weight in kg (of the last year), creatinine in mg/dL; in mL/min. Where no weight is known the
eGFR stands in, and the finding says so. Nothing is judged where the eGFR is not computed (under 18, pregnancy,
dialysis, acute kidney injury, no creatinine of the last year).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cds_service.clinical.medicines.chart import Taken
from cds_service.clinical.medicines.findings import Concern, concern, names, sentence
from cds_service.clinical.medicines.problems import CONDITIONS
from cds_service.clinical.medicines.tables import Row, common, distinct, members, strengths, table
from cds_service.clinical.scores import Score
from cds_service.clinical.scores.inputs import YEAR, newest_vital
from fhir_mappers.case import Case

MEASURES = {"egfr": "eGFR", "crcl": "creatinine clearance", "creatinine": "creatinine"}
ACTIONS = ("avoid", "reduce", "monitor")
UNITS = {"egfr": "mL/min/1.73 m2", "crcl": "mL/min", "creatinine": "mg/dL"}
WEIGHT = "weight"
AS_OF = ((31, "the last month"), (92, "the last three months"), (366, "the last year"))
"""How old a creatinine may be in days, in coarse words: exact times stay with the sources of the finding."""


@dataclass(frozen=True, kw_only=True)
class KidneyRow(Row):
    """Medicines and the number below (for creatinine: from) which the row holds. Fields: see the table."""

    medicines: frozenset[str]
    measure: str
    below: float | None
    at_least: float | None
    action: str
    min_age: int
    with_conditions: tuple[str, ...]
    strength_above_mg: Mapping[str, float]

    @property
    def limit(self) -> str:
        """The number in words."""
        shown = f"below {self.below:g}" if self.below is not None else f"at least {self.at_least:g}"
        return f"{MEASURES[self.measure]} {shown} {UNITS[self.measure]}"


@dataclass(frozen=True, kw_only=True)
class Kidney:
    """Kidney function of one chart: numbers by measure, and the sources. `weighed`: the clearance is no stand-in."""

    values: Mapping[str, float]
    sources: tuple[str, ...]
    weighed: bool
    age: int
    as_of: str


def _row(row: Mapping[str, Any]) -> KidneyRow:
    keys = ("medicines", "measure", "below", "creatinine_mg_dl_at_least", "action", "min_age", "with_conditions")
    fields = common(row, *keys, "strength_above_mg")
    measure, below, at_least = row["measure"], row.get("below"), row.get("creatinine_mg_dl_at_least")
    if measure not in MEASURES or row["action"] not in ACTIONS or (below is None) is (at_least is None):
        raise ValueError(f"{row['id']}: bad measure, action or limit")
    if (measure == "creatinine") is (at_least is None) or set(row.get("with_conditions", ())) - CONDITIONS.keys():
        raise ValueError(f"{row['id']}: limit not of its measure, or an unknown condition")
    return KidneyRow(
        **fields,
        medicines=members(row, "medicines"),
        measure=measure,
        below=below,
        at_least=at_least,
        action=row["action"],
        min_age=row.get("min_age", 0),
        with_conditions=tuple(row.get("with_conditions", ())),
        strength_above_mg=strengths(row),
    )


KIDNEY: tuple[KidneyRow, ...] = distinct(map(_row, table("kidney.toml")["rule"]))
MEDICINES = frozenset(i for row in KIDNEY for i in row.medicines)


def kidney_of(case: Case, score: Score) -> Kidney:
    """The numbers of the measures, from a computed eGFR and the newest weight."""
    creatinine, age = float(str(score.inputs["creatinine_mg_dl"])), case.age or 0
    weight = newest_vital(case, WEIGHT, YEAR)
    clearance = score.value
    if weight is not None:
        clearance = cockcroft_gault(age, float(weight.value), creatinine, female=case.demographics.sex == "female")
    sources = (*score.sources, *((weight.source,) if weight else ()))
    values = {"egfr": score.value, "crcl": clearance, "creatinine": creatinine}
    days = int(str(score.inputs["days_old"]))
    as_of = next((words for most, words in AS_OF if days <= most), AS_OF[-1][1])
    return Kidney(values=values, sources=sources, weighed=weight is not None, age=age, as_of=as_of)


def cockcroft_gault(age: int, weight: float, creatinine: float, *, female: bool) -> float:
    """The creatinine clearance in mL/min, rounded to a whole number."""
    return round((140 - age) * weight / (72 * creatinine) * (0.85 if female else 1))


def kidney_concerns(taken: Taken, present: Mapping[str, tuple[str, ...]], kidney: Kidney) -> Iterator[Concern]:
    """One concern a row; each medicine is said once, by the most severe row and of those the lowest limit."""
    said: set[str] = set()
    for row in sorted(KIDNEY, key=lambda r: (-r.severity, r.below or 0)):
        value = kidney.values[row.measure]
        beyond = value < row.below if row.below is not None else value >= (row.at_least or 0)
        if not beyond or kidney.age < row.min_age or not _beside(row, present):
            continue
        medicines = tuple(i for i in taken.of(row.medicines) if i not in said and taken.above(i, row.strength_above_mg))
        if medicines:
            said |= set(medicines)
            yield _made(row, medicines, taken, present, kidney, value)


def _beside(row: KidneyRow, present: Mapping[str, tuple[str, ...]]) -> bool:
    return not row.with_conditions or not present.keys().isdisjoint(row.with_conditions)


def _made(
    row: KidneyRow,
    medicines: tuple[str, ...],
    taken: Taken,
    present: Mapping[str, tuple[str, ...]],
    kidney: Kidney,
    value: float,
) -> Concern:
    stands_in = row.measure == "crcl" and not kidney.weighed
    measure = "egfr" if stands_in else row.measure
    shown = f"{MEASURES[measure]} {value:g} {UNITS[measure]}"
    named = tuple(handle for c in row.with_conditions for handle in present.get(c, ()))
    return concern(
        row,
        sentence(f"{names(medicines)} with {MEASURES[measure]} {value:g}"),
        medicines,
        (*taken.sources(medicines), *kidney.sources, *named),
        f"The newest value, of {kidney.as_of}, is {shown}"
        + (", which stands in for the creatinine clearance since no weight is known." if stands_in else "."),
        measure=measure,
        value=value,
        action=row.action,
    )
