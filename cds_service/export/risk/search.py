"""The search for the plan that loses least: from "nothing is told" down, one step at a time, as long as k holds.

All persons begin in one class that tells nothing. A step tells a class something more: age, place, sex or year one
level finer, or one more node of the ways up of its conditions. Those whom the step tells alike, if they are k at least,
become a class of their own; the others stay as they were. Where fewer than k would stay, the smallest new classes stay
with them, or they are left out, whichever loses less, and only within the bound. At each turn a class takes the step
that wins most utility for the information that it gives about who somebody is (the growth of the entropy), as
top-down specialisation does (Fung, Wang and Yu, ICDE 2005), here for each class by itself (local recoding; LeFevre,
DeWitt and Ramakrishnan, Mondrian multidimensional k-anonymity, ICDE 2006). The search ends where no class has a step
left. Ties go by name, and nothing depends on the order of the persons.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from cds_service.export.risk.hierarchy import code_id
from cds_service.export.risk.plan import TOO_FEW, Cell, Plan, Way, cell_of
from cds_service.export.risk.steps import Group, Step, Table
from cds_service.export.risk.subject import Subject


class Generaliser:
    """Finds plans. `most_suppressed`: the largest share of persons that may be left out."""

    def __init__(self, *, most_suppressed: float = 0.05) -> None:
        if not 0 <= most_suppressed < 1:
            raise ValueError("a share of persons that may be left out is from 0 to below 1")
        self._most = most_suppressed

    def plan(self, subjects: Sequence[Subject], k: int) -> Plan:
        """The plan by which every person who stays is one of at least `k` who are told alike.

        Raises ValueError for a k below 2 and for two subjects of one code.
        """
        if k < 2 or len({s.code for s in subjects}) != len(subjects):
            raise ValueError("a plan needs a k of at least 2, and a code of its own for each subject")
        everybody = frozenset(s.code for s in subjects)
        ways = _ways(_ordered(subjects), k, int(self._most * len(subjects))) if len(subjects) >= k else {}
        cells = {s.code: cell_of(s, ways[s.code]) for s in subjects if s.code in ways}
        return Plan(
            k=k,
            subjects=len(subjects),
            most_suppressed=self._most,
            ways=MappingProxyType(ways),
            cells=MappingProxyType(cells),
            suppressed=everybody - cells.keys(),
            names=_names(subjects, ways, k),
            shared=_shared(subjects, cells, k),
            refused=None if cells else TOO_FEW,
        )


def _ordered(subjects: Sequence[Subject]) -> list[Subject]:
    """By what is known of them: new random codes of the same persons lead to the same plan."""
    return sorted(
        subjects,
        key=lambda s: (str(s.age_band), str(s.sex), str(s.zip3), str(s.year), sorted(s.conditions), s.code),
    )


def _ways(subjects: Sequence[Subject], k: int, most: int) -> dict[str, Way]:
    """How each person who stays is told."""
    table = Table(subjects, k)
    found: dict[str, Way] = {}
    turns = _Turns(table, most)
    for group in turns.run():
        way = Way(levels=MappingProxyType(dict(group.levels)), opened=group.opened)
        found |= {subjects[n].code: way for n in group.members}
    return found


class _Turns:
    """The classes that still have a step, the best first; the bound on persons left out is one for all."""

    def __init__(self, table: Table, most: int) -> None:
        self._table = table
        self._left = most
        self._waiting: list[tuple[float, int]] = []
        self._number = 0
        self._steps: dict[int, tuple[Group, Step]] = {}
        self._done: list[Group] = []

    def run(self) -> Iterator[Group]:
        """The classes at the end."""
        self._add(self._table.everybody())
        while self._waiting:
            group, step = self._steps.pop(heapq.heappop(self._waiting)[1])
            if len(step.suppressed) > self._left:  # others took the room meanwhile
                self._add(group)
                continue
            self._left -= len(step.suppressed)
            for after in self._table.taken(group, step):
                self._add(after)
        yield from self._done

    def _add(self, group: Group) -> None:
        step = self._table.best(group, self._left)
        if step is None:
            self._done.append(group)
            return
        self._number += 1
        self._steps[self._number] = (group, step)
        heapq.heappush(self._waiting, (-step.won, self._number))


def _shared(subjects: Sequence[Subject], cells: Mapping[str, Cell], k: int) -> frozenset[str]:
    counts = Counter(key for s in subjects if s.code in cells for key in s.others)
    return frozenset(key for key, count in counts.items() if count >= k)


def _names(subjects: Sequence[Subject], ways: Mapping[str, Way], k: int) -> Mapping[str, str]:
    """For each code that is told as it is, the words that most charts have for it, if at least k have them."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for subject in (s for s in subjects if s.code in ways):
        for condition, name in subject.words:
            if code_id(condition) in ways[subject.code].opened:
                counts[code_id(condition)][name] += 1
    best = {c: min(names.items(), key=lambda item: (-item[1], item[0])) for c, names in counts.items()}
    return MappingProxyType({c: name for c, (name, count) in sorted(best.items()) if count >= k})
