"""One class of the search, the steps that can be taken from it, and what each wins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from cds_service.export.risk.hierarchy import TOP, path
from cds_service.export.risk.plan import HEIGHTS, field_at
from cds_service.export.risk.subject import Subject

WEIGHTS: Mapping[str, float] = MappingProxyType(
    {"conditions": 0.5, "age_band": 0.25, "sex": 0.15, "year": 0.05, "zip3": 0.05}
)
"""What each field is worth to a model that judges urgency; a judgement of this project. They add up to 1."""

LOSS = (0.0, 0.1, 0.3, 0.5, 0.9, 1.0)
"""What of a condition's worth is lost at each level: "other condition" says little more than nothing. A judgement."""

_LEAST_BITS = 0.01  # of information for each person, so that a step that gives nothing away has a finite worth
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Persons (by their place in the table) who are told alike, and how."""

    members: Ints
    levels: Mapping[str, int]
    opened: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a class can do: which of its members become classes of their own, who stays, who is left out.

    `won`: utility, summed over persons.
    """

    key: tuple[str, str]
    parts: tuple[Ints, ...]
    staying: Ints
    suppressed: Ints
    won: float


class Table:
    """The persons as numbers. Conditions are entries (person, way up); `level` and `node` say how each is told now."""

    def __init__(self, subjects: Sequence[Subject], k: int) -> None:
        self._k = k
        self._count = len(subjects)
        self._columns = {(f, n): _column(subjects, f, n) for f in HEIGHTS for n in range(HEIGHTS[f] + 1)}
        entries = [(n, path(c)) for n, s in enumerate(subjects) for c in sorted(s.conditions)]
        self._names = sorted({node.id for _, way in entries for node in way})
        number = {name: n for n, name in enumerate(self._names)}
        self._up = np.full((len(entries), TOP), -1, dtype=np.int64)
        for row, (_, way) in enumerate(entries):
            for node in way:
                self._up[row, node.level] = number[node.id]
        self._person = np.array([n for n, _ in entries], dtype=np.int64)
        self._first = np.searchsorted(self._person, np.arange(self._count + 1))
        self._level = np.full(len(entries), TOP, dtype=np.int64)
        self._entry_worth = WEIGHTS["conditions"] * self._count / max(1, len(entries))
        self._losses = np.array(LOSS)

    def everybody(self) -> Group:
        """The class of which nothing is told."""
        return Group(members=np.arange(self._count), levels=HEIGHTS, opened=frozenset())

    def best(self, group: Group, most: int) -> Step | None:
        """The step that wins most for what it gives away, with at most `most` persons left out; None without any."""
        best, score = None, 0.0
        for step in self._steps(group, most):
            found = step.won / (_bits(step) + _LEAST_BITS * len(group.members))
            if found > score * (1 + 1e-9):
                best, score = step, found
        return best

    def taken(self, group: Group, step: Step) -> Iterator[Group]:
        """The classes that the step leads to."""
        kind, name = step.key
        for part in step.parts:
            if kind == "field":
                yield replace(group, members=part, levels={**group.levels, name: group.levels[name] - 1})
            else:
                self._open(part, name)
                yield replace(group, members=part, opened=group.opened | {name})
        if step.staying.size:
            yield replace(group, members=step.staying)

    def _steps(self, group: Group, most: int) -> Iterator[Step]:
        for name in sorted(HEIGHTS):
            level = group.levels[name]
            if level:
                now, finer = (self._columns[name, n][group.members] for n in (level, level - 1))
                parts = [group.members[finer == value] for value in np.unique(finer[finer != now])]
                gains = np.full(self._count, WEIGHTS[name] / HEIGHTS[name])
                yield from self._step(group, ("field", name), parts, gains, most)
        yield from self._node_steps(group, most)

    def _node_steps(self, group: Group, most: int) -> Iterator[Step]:
        entries = self._entries(group.members)
        for level in range(TOP):
            finer = entries[self._finer(entries, level)]
            nodes = self._up[finer, level]
            order = np.argsort(nodes, kind="stable")
            starts = np.flatnonzero(np.diff(nodes[order])) + 1
            for told in np.split(finer[order], starts):
                if len(told) >= self._k:
                    yield from self._node_step(group, entries, told, level, most)

    def _node_step(self, group: Group, entries: Ints, told: Ints, level: int, most: int) -> Iterator[Step]:
        """Open the node at `level` of the entries `told`: who has one tells it, and who has more above tells both."""
        name = self._names[self._up[told[0], level]]
        persons = np.unique(self._person[told])
        if len(persons) < self._k:
            return
        above = self._level[told[0]]
        alike = np.zeros(len(persons), dtype=bool)
        if above < TOP:
            rest = entries[(self._level[entries] == above) & (self._up[entries, above] == self._up[told[0], above])]
            alike = np.isin(persons, self._person[np.setdiff1d(rest, told, assume_unique=True)])
        gains = np.zeros(self._count)
        np.add.at(gains, self._person[told], (self._losses[self._level[told]] - LOSS[level]) * self._entry_worth)
        parts = [p for p in (persons[~alike], persons[alike]) if p.size]
        yield from self._step(group, ("node", name), parts, gains, most)

    def _step(
        self, group: Group, key: tuple[str, str], parts: Sequence[Ints], gains: NDArray[np.float64], most: int
    ) -> Iterator[Step]:
        """The step that makes `parts` classes of their own, as far as k lets it. `gains`: what each person wins."""
        large = sorted((p for p in parts if len(p) >= self._k), key=lambda p: (-len(p), int(p[0])))
        if not large:
            return
        staying = np.setdiff1d(group.members, np.concatenate(large))
        nobody = np.array([], dtype=np.int64)
        if 0 < len(staying) <= min(most, self._k - 1):
            yield from self._made(key, large, nobody, staying, gains, self._worth(group, staying))
        yield from self._made(key, *self._company(large, staying), nobody, gains, 0.0)

    def _company(self, large: list[Ints], staying: Ints) -> tuple[list[Ints], Ints]:
        """Parts and who stays, once enough stay: some of the largest part if it can spare them, else the smallest."""
        parts = list(large)
        while parts and 0 < len(staying) < self._k:
            lacking = self._k - len(staying)
            if len(parts[0]) - lacking >= self._k:
                parts[0], spared = parts[0][:-lacking], parts[0][-lacking:]
            else:
                spared = parts.pop()
            staying = np.union1d(staying, spared)
        return parts, staying

    def _made(
        self,
        key: tuple[str, str],
        parts: Sequence[Ints],
        staying: Ints,
        left_out: Ints,
        gains: NDArray[np.float64],
        cost: float,
    ) -> Iterator[Step]:
        won = sum(float(gains[part].sum()) for part in parts) - cost
        if won > 0:
            yield Step(key=key, parts=tuple(parts), staying=staying, suppressed=left_out, won=won)

    def _worth(self, group: Group, persons: Ints) -> float:
        """What these members of a class are worth as they are told now."""
        fields = sum(WEIGHTS[name] * (1 - group.levels[name] / HEIGHTS[name]) for name in HEIGHTS)
        told = 1 - self._losses[self._level[self._entries(persons)]]
        return fields * len(persons) + float(told.sum()) * self._entry_worth

    def _entries(self, persons: Ints) -> Ints:
        spans = [np.arange(self._first[p], self._first[p + 1]) for p in persons]
        return np.concatenate(spans) if spans else np.array([], dtype=np.int64)

    def _finer(self, entries: Ints, level: int) -> NDArray[np.bool_]:
        """Which entries a node of `level` would tell more finely than they are."""
        finer: NDArray[np.bool_] = (self._up[entries, level] >= 0) & (self._level[entries] > level)
        return finer

    def _open(self, persons: Ints, name: str) -> None:
        number = self._names.index(name)
        entries = self._entries(persons)
        rows, levels = np.nonzero(self._up[entries] == number)
        self._level[entries[rows]] = np.minimum(self._level[entries[rows]], levels)


def _bits(step: Step) -> float:
    """By how much a step tells the members of its class apart: the growth of the entropy, summed over them."""
    sizes = np.array([len(p) for p in (*step.parts, step.staying, step.suppressed) if p.size], dtype=float)
    return float((sizes * np.log2(sizes.sum() / sizes)).sum())


def _column(subjects: Sequence[Subject], name: str, level: int) -> Ints:
    """A number for what each person is told as at a level; the same value has the same number at every level."""
    found: dict[str, int] = {}
    for n in range(HEIGHTS[name], -1, -1):
        values = [str(field_at(name, getattr(s, name), n)) for s in subjects]
        for value in sorted(set(values)):
            found.setdefault(value, len(found))
        if n == level:
            return np.array([found[value] for value in values], dtype=np.int64)
    raise AssertionError("a level of the field")
