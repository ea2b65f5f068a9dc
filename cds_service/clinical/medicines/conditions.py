"""Medicines beside a condition, a laboratory value or an age (`conditions.toml`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from cds_service.clinical.medicines.chart import Taken
from cds_service.clinical.medicines.findings import Concern, concern, listed, names, sentence
from cds_service.clinical.medicines.interactions import any_form, old_enough
from cds_service.clinical.medicines.problems import CONDITIONS
from cds_service.clinical.medicines.severity import Severity
from cds_service.clinical.medicines.tables import Row, common, distinct, members, strengths, table
from cds_service.clinical.population import AgeSpan
from cds_service.clinical.scores.inputs import newest_lab
from fhir_mappers.case import Case, Measurement

KEYS = (
    "medicines", "conditions", "except_medicines", "unless_conditions", "unless_medicines", "min_age", "max_age", "sex",
    "forms", "or_lab", "strength_above_mg", "without_egfr",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Lab:
    """A newest result that stands for the condition: at least or below a number, and not older than `max_age`."""

    name: str
    loinc: str
    unit: str
    at_least: Decimal | None
    below: Decimal | None
    max_age: timedelta

    def holds(self, case: Case) -> Measurement | None:
        """The newest result when it is beyond the number."""
        result = newest_lab(case, self.loinc, self.unit, self.max_age)
        if result is None:
            return None
        beyond = result.value >= self.at_least if self.at_least is not None else result.value < (self.below or 0)
        return result if beyond else None


@dataclass(frozen=True, kw_only=True)
class Contraindication(Row):
    """A row of medicines and conditions; without conditions it is about age alone. Fields: see the table."""

    medicines: frozenset[str]
    conditions: tuple[str, ...]
    unless_conditions: tuple[str, ...]
    unless_medicines: frozenset[str]
    min_age: int
    max_age: int | None
    sex: str | None
    any_form: bool
    lab: Lab | None
    strength_above_mg: Mapping[str, float]
    without_egfr: bool

    def concerns(self, case: Case, span: AgeSpan | None) -> bool:
        """Whether the row is for this person: age and sex."""
        if not old_enough(span, self.min_age) or (self.sex and case.demographics.sex != self.sex):
            return False
        return self.max_age is None or (span is not None and span.high < (self.max_age + 1) * 12)

    def applying(self, taken: Taken) -> tuple[str, ...]:
        """The taken ingredients that the row is about."""
        if taken.of(self.unless_medicines, any_form=True):
            return ()
        return tuple(
            i
            for i in taken.of(self.medicines, any_form=self.any_form)
            if taken.above(i, self.strength_above_mg)
            and not (self.severity is Severity.MODERATE and taken.occasional(i))
        )


def _row(row: Mapping[str, Any]) -> Contraindication:
    fields = common(row, *KEYS)
    for condition in (*row["conditions"], *row.get("unless_conditions", ())):
        if condition not in CONDITIONS:
            raise ValueError(f"{row['id']}: unknown condition {condition}")
    made = Contraindication(
        **fields,
        medicines=members(row, "medicines") - members(row, "except_medicines"),
        conditions=tuple(row["conditions"]),
        unless_conditions=tuple(row.get("unless_conditions", ())),
        unless_medicines=members(row, "unless_medicines"),
        min_age=row.get("min_age", 0),
        max_age=row.get("max_age"),
        sex=row.get("sex"),
        any_form=any_form(row),
        lab=_lab(row["or_lab"]) if "or_lab" in row else None,
        strength_above_mg=strengths(row),
        without_egfr=row.get("without_egfr", False),
    )
    if not made.medicines or not (made.conditions or made.min_age or made.max_age is not None):
        raise ValueError(f"{made.id}: no medicine, or neither condition nor age")
    return made


def _lab(row: Mapping[str, Any]) -> Lab:
    bounds = {key: Decimal(str(row[key])) if key in row else None for key in ("at_least", "below")}
    if sum(bound is not None for bound in bounds.values()) != 1:
        raise ValueError("or_lab has one of at_least and below")
    return Lab(
        name=row["name"],
        loinc=row["loinc"],
        unit=row["unit"],
        at_least=bounds["at_least"],
        below=bounds["below"],
        max_age=timedelta(days=row["max_age_days"]),
    )


_ALL: tuple[Contraindication, ...] = distinct(map(_row, table("conditions.toml")["rule"]))
BY_CONDITION = tuple(row for row in _ALL if row.conditions)
BY_AGE = tuple(row for row in _ALL if not row.conditions)


def condition_concerns(
    case: Case, taken: Taken, present: Mapping[str, tuple[str, ...]], span: AgeSpan | None, *, has_egfr: bool
) -> Iterator[Concern]:
    """One concern a row; each medicine beside each condition is said once, by the most severe row.

    A medicine that one condition speaks against gravely is up for review: moderate rows do not tell it again.
    """
    said: set[tuple[str, str]] = set()
    grave: set[str] = set()
    for row in sorted(BY_CONDITION, key=lambda r: -r.severity):
        if not row.concerns(case, span) or (row.without_egfr and has_egfr) or present.keys() & {*row.unless_conditions}:
            continue
        here = [c for c in row.conditions if c in present]
        lab = row.lab.holds(case) if row.lab and not here else None
        if not here and lab is None:
            continue
        moderate = row.severity is Severity.MODERATE
        beside = here or [row.lab.name if row.lab else ""]
        medicines = tuple(
            i for i in row.applying(taken) if any((i, c) not in said for c in beside) and not (moderate and i in grave)
        )
        if medicines:
            said |= {(i, c) for i in medicines for c in beside}
            grave |= set() if moderate else set(medicines)
            yield _made(row, medicines, taken, present, here, lab)


def _made(
    row: Contraindication,
    medicines: tuple[str, ...],
    taken: Taken,
    present: Mapping[str, tuple[str, ...]],
    here: list[str],
    lab: Measurement | None,
) -> Concern:
    sources = taken.sources(medicines, any_form=row.any_form)
    if lab is not None and row.lab is not None:
        shown = f"{row.lab.name} {lab.value.normalize():f} {row.lab.unit}"
        title = sentence(f"{names(medicines)} with {shown}")
        return concern(row, title, medicines, (*sources, lab.source), condition=row.lab.name, value=float(lab.value))
    condition = listed(CONDITIONS[c].name for c in here)
    title = sentence(f"{names(medicines)} with {condition}")
    named = tuple(handle for c in here for handle in present[c])
    return concern(row, title, medicines, (*sources, *named), condition=condition)


def age_concerns(
    case: Case, taken: Taken, present: Mapping[str, tuple[str, ...]], span: AgeSpan | None, told: frozenset[str]
) -> Iterator[Concern]:
    """Rows of age alone; a medicine is said once, and not when it is among those `told` already."""
    said = set(told)
    for row in sorted(BY_AGE, key=lambda r: -r.severity):
        if not row.concerns(case, span) or present.keys() & {*row.unless_conditions}:
            continue
        medicines = tuple(i for i in row.applying(taken) if i not in said)
        if medicines:
            said |= set(medicines)
            age = f"at {row.min_age} and over" if row.min_age else f"under {(row.max_age or 0) + 1} years"
            yield concern(row, sentence(f"{names(medicines)} {age}"), medicines, taken.sources(medicines))
