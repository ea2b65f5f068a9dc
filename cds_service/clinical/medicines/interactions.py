"""Pairs of medicines, classes taken twice, and too many of one effect (`interactions.toml`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from cds_service.clinical.medicines.catalog import CATALOG
from cds_service.clinical.medicines.chart import Taken
from cds_service.clinical.medicines.findings import Concern, concern, listed, name, names, sentence
from cds_service.clinical.medicines.severity import Severity
from cds_service.clinical.medicines.tables import Row, common, distinct, members, strengths, table
from cds_service.clinical.population import AgeSpan

Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Interaction(Row):
    """A row of pairs: one ingredient of each side, in different medicines. Fields: see the table."""

    a: frozenset[str]
    b: frozenset[str]
    and_also: frozenset[str]
    unless: frozenset[str]
    strength_above_mg: Mapping[str, float]
    any_form: bool
    min_age: int

    def pairs(self) -> Iterator[Pair]:
        """Every pair of ingredients that the row is about, each in alphabetical order."""
        yield from {(min(x, y), max(x, y)) for x in self.a for y in self.b if x != y}

    def applies(self, taken: Taken, span: AgeSpan | None, one: str, other: str) -> bool:
        """Whether the two, which are both taken, are what the row warns of in this chart."""
        if not taken.apart(one, other, any_form=self.any_form) or not old_enough(span, self.min_age):
            return False
        if taken.of(self.unless) or (self.and_also and not set(taken.of(self.and_also)) - {one, other}):
            return False
        if self.severity is Severity.MODERATE and (taken.occasional(one) or taken.occasional(other)):
            return False
        return all(taken.above(i, self.strength_above_mg) for i in (one, other))


@dataclass(frozen=True, kw_only=True)
class Several(Row):
    """A row of classes: `at_least` different ingredients of one of them (duplicate) or of them all (count)."""

    classes: tuple[str, ...]
    at_least: int
    min_age: int


def old_enough(span: AgeSpan | None, min_age: int) -> bool:
    """Whether the patient is certainly of that age in years; an unknown age is only enough for no bound."""
    return min_age == 0 or (span is not None and span.low >= min_age * 12)


def _interaction(row: Mapping[str, Any]) -> Interaction:
    fields = common(row, "a", "b", "and_also", "unless_medicines", "strength_above_mg", "forms", "min_age")
    made = Interaction(
        **fields,
        a=members(row, "a"),
        b=members(row, "b"),
        and_also=members(row, "and_also"),
        unless=members(row, "unless_medicines"),
        strength_above_mg=strengths(row),
        any_form=any_form(row),
        min_age=row.get("min_age", 0),
    )
    if not any(made.pairs()):
        raise ValueError(f"{made.id}: no pair")
    return made


def any_form(row: Mapping[str, Any]) -> bool:
    """Whether the row is about local forms too. Raises ValueError for another word than systemic or any."""
    forms = row.get("forms", "systemic")
    if forms not in ("systemic", "any"):
        raise ValueError(f"{row['id']}: forms is systemic or any")
    return bool(forms == "any")


def _several(row: Mapping[str, Any]) -> Several:
    fields = common(row, "classes", "at_least", "min_age")
    if unknown := set(row["classes"]) - CATALOG.classes.keys():
        raise ValueError(f"{row['id']}: unknown classes {sorted(unknown)}")
    return Several(
        **fields, classes=tuple(row["classes"]), at_least=row.get("at_least", 2), min_age=row.get("min_age", 0)
    )


_TABLE = table("interactions.toml")
INTERACTIONS: tuple[Interaction, ...] = distinct(map(_interaction, _TABLE["interaction"]))
DUPLICATES: tuple[Several, ...] = distinct(map(_several, _TABLE["duplicate"]))
COUNTS: tuple[Several, ...] = distinct(map(_several, _TABLE["count"]))


def _index() -> Mapping[Pair, tuple[Interaction, ...]]:
    found: defaultdict[Pair, list[Interaction]] = defaultdict(list)
    for row in sorted(INTERACTIONS, key=lambda r: -r.severity):
        for pair in row.pairs():
            found[pair].append(row)
    return {pair: tuple(rows) for pair, rows in found.items()}


INDEX = _index()


def pairs_of(taken: Taken, span: AgeSpan | None) -> Mapping[Pair, Interaction]:
    """Each pair of taken ingredients with the most severe row that applies to it, gravest first.

    Two medicines of several ingredients are told by one row: other rows on the same two resources are left out.
    """
    found = {}
    for pair in combinations(taken.of(taken.uses, any_form=True), 2):
        row = next((r for r in INDEX.get(pair, ()) if r.applies(taken, span, *pair)), None)
        if row is not None:
            found[pair] = row
    told: dict[frozenset[str], str] = {}
    kept = {}
    for pair, row in sorted(found.items(), key=lambda item: -item[1].severity):
        resources = taken.apart(*pair, any_form=row.any_form)
        if any(told.setdefault(both, row.id) == row.id for both in resources):
            kept[pair] = row
    return kept


def interactions(taken: Taken, span: AgeSpan | None) -> Iterator[Concern]:
    """One concern for each row, with all the pairs that it holds for; then counts of what no pair has told."""
    by_row: defaultdict[str, list[Pair]] = defaultdict(list)
    rows = {}
    for pair, row in pairs_of(taken, span).items():
        by_row[row.id].append(pair)
        rows[row.id] = row
    told: set[str] = set()
    for key, pairs in by_row.items():
        made = _pair_concern(rows[key], pairs, taken)
        if made.severity > Severity.MODERATE:
            told |= set(made.medicines)
        yield made
    for several in COUNTS:
        medicines = taken.of({i for c in several.classes for i in CATALOG.members(c)})
        enough = len(medicines) >= several.at_least and len(taken.sources(medicines)) >= several.at_least
        if enough and old_enough(span, several.min_age) and not set(medicines) <= told:
            yield concern(several, sentence(f"{names(medicines)} together"), medicines, taken.sources(medicines))


def _pair_concern(row: Interaction, pairs: list[Pair], taken: Taken) -> Concern:
    ways = [(x, y) if x in row.a and y in row.b else (y, x) for x, y in pairs]
    left = tuple(dict.fromkeys(x for x, _ in ways))
    right = tuple(y for y in dict.fromkeys(y for _, y in ways) if y not in left) or left[1:]
    medicines = tuple(dict.fromkeys((*left, *right)))
    title = sentence(f"{names(left)} with {names(right)}")
    return concern(row, title, medicines, taken.sources(medicines, any_form=row.any_form))


def duplicates(taken: Taken, span: AgeSpan | None) -> Iterator[Concern]:
    """Two different ingredients of one class in different medicines, unless a row of pairs tells it."""
    told = {frozenset(pair) for pair in pairs_of(taken, span)}
    for row in DUPLICATES:
        for class_name in row.classes:
            medicines = taken.of(CATALOG.members(class_name))
            pairs = [p for p in combinations(medicines, 2) if taken.apart(*p) and frozenset(p) not in told]
            if pairs:
                twice = tuple(dict.fromkeys(i for pair in pairs for i in pair))
                title = sentence(f"{listed(map(name, twice))}: one class, {CATALOG.class_name(class_name)}")
                yield concern(row, title, twice, taken.sources(twice), medicine_class=CATALOG.class_name(class_name))
