"""What a plan costs: how much coarser everything is told, and who is left out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cds_service.export.risk.hierarchy import LEVELS, TOP, path
from cds_service.export.risk.plan import HEIGHTS, Cell, Plan, field_at
from cds_service.export.risk.steps import LOSS, WEIGHTS
from cds_service.export.risk.subject import Subject

PRIORITY = "priority"
URGENT = frozenset({"Critical", "High"})


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Persons, and how many of them are suppressed."""

    subjects: int
    suppressed: int


@dataclass(frozen=True, kw_only=True)
class Utility:
    """Figures of one plan, over the persons who stay where nothing else is said.

    `fields`: persons by the level at which each field is told. `entries`: conditions of all persons by how they are
    told (`LEVELS`); `problems_merged`: those told by words that another of the person's conditions has too.
    `precision`: 1 less the mean level of generalisation, each field by its height, weighted alike (Sweeney's Prec).
    `kept`: of the worth that the search weighs, the share that is left over all persons. `penalty`: the mean normalised
    certainty penalty over all persons (Xu et al., Utility-based anonymization using local recoding, KDD 2006): of a
    value, the share of the other distinct values of the data that it may stand for; a suppressed person counts as 1.
    """

    fields: Mapping[str, Mapping[int, int]]
    entries: Mapping[str, int]
    problems_merged: int
    precision: float
    kept: float
    penalty: float
    others_removed: int
    others: int
    by_priority: Mapping[str, LeftOut]
    urgent: LeftOut
    not_urgent: LeftOut


def utility(subjects: Sequence[Subject], plan: Plan) -> Utility:
    """What `plan` does to `subjects`, for whom it was made."""
    stay = [s for s in subjects if s.code in plan.cells]
    entries = Counter(_level(condition, plan, s) for s in stay for condition in s.conditions)
    told = sum(len(plan.cells[s.code].conditions) for s in stay)
    whole = entries.total()
    fields = {name: Counter(plan.ways[s.code].levels[name] for s in stay) for name in HEIGHTS}
    losses = {name: _mean(counts, HEIGHTS[name]) for name, counts in fields.items()}
    weighed = sum(WEIGHTS[name] * loss for name, loss in losses.items())
    weighed += WEIGHTS["conditions"] * (sum(LOSS[level] * n for level, n in entries.items()) / whole if whole else 0.0)
    precision = 1 - (sum(losses.values()) + _mean(entries, TOP)) / (len(losses) + 1)
    urgent = [s for s in subjects if _priorities(s) & URGENT]
    return Utility(
        fields=fields,
        entries={LEVELS[level]: entries[level] for level in range(TOP + 1)},
        problems_merged=whole - entries[TOP] - told,
        precision=precision if stay else 0.0,
        kept=(1 - weighed) * len(stay) / len(subjects) if stay else 0.0,
        penalty=_penalty(subjects, plan),
        others_removed=sum(len(s.others - plan.shared) for s in stay),
        others=sum(len(s.others) for s in stay),
        by_priority=_by_priority(subjects, plan),
        urgent=_left_out(urgent, plan),
        not_urgent=_left_out([s for s in subjects if not _priorities(s) & URGENT], plan),
    )


def _mean(counts: Mapping[int, int], height: int) -> float:
    """The mean level, as a share of the height."""
    whole = sum(counts.values())
    return sum(level * n for level, n in counts.items()) / whole / height if whole else 0.0


def _level(condition: str, plan: Plan, subject: Subject) -> int:
    node = plan.ways[subject.code].told(condition)
    return TOP if node is None else node.level


def _priorities(subject: Subject) -> set[str]:
    return {value.removeprefix(f"{PRIORITY}: ") for value in subject.sensitive if value.startswith(f"{PRIORITY}: ")}


def _by_priority(subjects: Iterable[Subject], plan: Plan) -> dict[str, LeftOut]:
    found: defaultdict[str, list[Subject]] = defaultdict(list)
    for subject in subjects:
        for priority in _priorities(subject):
            found[priority].append(subject)
    return {priority: _left_out(found[priority], plan) for priority in sorted(found)}


def _left_out(subjects: Sequence[Subject], plan: Plan) -> LeftOut:
    return LeftOut(subjects=len(subjects), suppressed=sum(s.code in plan.suppressed for s in subjects))


# -- normalised certainty penalty --------------------------------------------------------------------------------
def _penalty(subjects: Sequence[Subject], plan: Plan) -> float:
    """The mean over persons and fields, each field alike; a person who is left out counts as 1."""
    if not subjects:
        return 0.0
    stay = [(s, plan.cells[s.code]) for s in subjects if s.code in plan.cells]
    lost = sum(_field_penalty(name, stay, subjects, plan) for name in HEIGHTS)
    lost += _conditions_penalty(stay, subjects, plan)
    fields = len(HEIGHTS) + 1
    return (lost + fields * (len(subjects) - len(stay))) / fields / len(subjects)


def _field_penalty(name: str, stay: Sequence[tuple[Subject, Cell]], subjects: Sequence[Subject], plan: Plan) -> float:
    """For what each person is told as, the share of the other stated values that it may stand for."""
    stated = {getattr(s, name) for s in subjects}
    stands_for = Counter((level, field_at(name, v, level)) for level in range(HEIGHTS[name] + 1) for v in stated)
    others = max(1, len(stated) - 1)
    told = (stands_for[plan.ways[s.code].levels[name], getattr(cell, name)] - 1 for s, cell in stay)
    return sum(told) / others


def _conditions_penalty(stay: Sequence[tuple[Subject, Cell]], subjects: Sequence[Subject], plan: Plan) -> float:
    codes = {condition for s in subjects for condition in s.conditions}
    below = Counter(node.id for condition in codes for node in path(condition))
    others = max(1, len(codes) - 1)

    def cost(subject: Subject, condition: str) -> float:
        node = plan.ways[subject.code].told(condition)
        return 1.0 if node is None else (below[node.id] - 1) / others

    return sum(sum(cost(s, c) for c in s.conditions) / len(s.conditions) for s, _ in stay if s.conditions)
