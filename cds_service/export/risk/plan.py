"""How coarse each person of an export is told, and the doing of it on de-identified cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from anonymization.dates import INTERVALS
from anonymization.deidentified import DeidentifiedCase, DeidentifiedFact
from cds_service.export.risk.ages import AGE_LEVELS, PLACE_LEVELS, age_at, place_at
from cds_service.export.risk.hierarchy import Node, code_id, path
from cds_service.export.risk.subject import OTHERS, PREGNANT, Subject, condition_of, fact_key, year_of

TOO_FEW = "risk-too-few-subjects"
"""Why there is no plan: fewer than k persons, who cannot stand among k however coarse they are told."""

HEIGHTS: Mapping[str, int] = MappingProxyType(
    {"age_band": len(AGE_LEVELS) - 1, "sex": 1, "zip3": len(PLACE_LEVELS) - 1, "year": 1}
)
"""The level at which a field is not told."""

_WITHOUT_TEXT = frozenset({"medication", "allergy"})


@dataclass(frozen=True, kw_only=True)
class Cell:
    """All that an export tells of one person's quasi-identifiers. Equal cells make one class."""

    age_band: str | None
    sex: str | None
    zip3: str | None
    year: str | None
    conditions: frozenset[Node]


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a class of persons is told. `levels`: for age, sex, place and year, 0 is as stated.

    `opened`: the ids of the nodes that may be told; a condition is told as the finest of its way up that is open, or
    not at all.
    """

    levels: Mapping[str, int]
    opened: frozenset[str]

    def told(self, condition: str) -> Node | None:
        """How a condition is told; None when it is not."""
        return next((node for node in path(condition) if node.id in self.opened), None)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The outcome of a search. Every cell of `cells` is shared by at least `k` persons.

    `ways`: how each person who stays is told, by code, and `cells`: as what. `suppressed`: who is left out.
    `names`: the words for a node that are not its own. `shared`: the keys of other facts that at least `k` persons
    have. `refused`: why there is no plan; then everybody is suppressed.
    """

    k: int
    subjects: int
    most_suppressed: float
    ways: Mapping[str, Way]
    cells: Mapping[str, Cell]
    suppressed: frozenset[str]
    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    shared: frozenset[str] = frozenset()
    refused: str | None = None

    def generalised(self, subjects: Iterable[Subject]) -> Iterator[Subject]:
        """Those who stay, as an export tells them."""
        for subject in subjects:
            cell = self.cells.get(subject.code)
            if cell is not None:
                yield replace(
                    subject,
                    age_band=cell.age_band,
                    sex=cell.sex,
                    zip3=cell.zip3,
                    year=cell.year,
                    conditions=frozenset(node.id for node in cell.conditions),
                    words=frozenset((node.id, self.name_of(node)) for node in cell.conditions),
                    others=subject.others & self.shared,
                )

    def apply(self, case: DeidentifiedCase, *, code: str | None = None) -> DeidentifiedCase | None:
        """`case` as coarse as its person is told; None when the person is suppressed or was not in the plan.

        `code`: the person's code among the planned subjects, where it is not the case's `subject`. Problems are told
        once each, in a fixed order. Notes, answers, texts of medicines and allergies, and counts of what the gate took
        out go; so does a medicine, allergy or laboratory test that fewer than k persons have. The complaint stays.
        """
        person = case.subject if code is None else code
        if person not in self.cells:
            return None
        cell = self.cells[person]
        problems = self._problems(case, self.ways[person], cell)
        complaints = (_timed(f, cell) for f in case.of_kind("complaint"))
        others = (_timed(f, cell) for f in case.facts if f.kind in OTHERS and self._passes(f))
        pregnant = case.pregnant and any(node.id == code_id(PREGNANT) for node in cell.conditions)
        return replace(
            case,
            age=cell.age_band,
            sex=cell.sex,
            region=cell.zip3,
            pregnant=True if pregnant else None,
            facts=(*complaints, *problems, *others),
            removed=MappingProxyType({}),
        )

    def name_of(self, node: Node) -> str:
        """The words for a node: those that at least k persons' charts use for it, or its own."""
        return self.names.get(node.id, node.name)

    def _problems(self, case: DeidentifiedCase, way: Way, cell: Cell) -> Iterator[DeidentifiedFact]:
        first: dict[Node, DeidentifiedFact] = {}
        for fact in case.of_kind("problem"):
            node = way.told(condition_of(fact))
            if node is not None and node in cell.conditions:
                first.setdefault(node, fact)
        for node, fact in sorted(first.items(), key=lambda item: item[0]):
            codes = (node.code,) if node.code else ()
            yield _timed(replace(fact, name=self.name_of(node), codes=codes, text=None), cell)

    def _passes(self, fact: DeidentifiedFact) -> bool:
        return (fact.kind == "vital" and fact.text is None) or fact_key(fact) in self.shared


def field_at(name: str, value: str | None, level: int) -> str | None:
    """The value of a field (not of the conditions) at a level."""
    if name == "age_band":
        return age_at(value, level)
    if name == "zip3":
        return place_at(value, level)
    return value if level == 0 else None


def cell_of(subject: Subject, way: Way) -> Cell:
    """A person told in this way."""
    nodes = (way.told(condition) for condition in subject.conditions) if way.opened else ()
    fields = {name: field_at(name, getattr(subject, name), level) for name, level in way.levels.items()}
    return Cell(**fields, conditions=frozenset(node for node in nodes if node is not None))


def _timed(fact: DeidentifiedFact, cell: Cell) -> DeidentifiedFact:
    """A fact with no more of its time than the class tells: an interval stays, of a date the class's own year.

    Free words of medicines and allergies go on the way.
    """
    year = year_of(fact.interval)
    interval = fact.interval if fact.interval in INTERVALS else cell.year if year and year == cell.year else None
    return replace(fact, interval=interval, text=None if fact.kind in _WITHOUT_TEXT else fact.text)
