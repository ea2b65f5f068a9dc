"""Duplicates among cases, and what of the authored text one part shares with another."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from rapidfuzz import fuzz, process

from cds_service.training.synth.case import SyntheticCase
from cds_service.training.synth.parts import Part, part_of
from cds_service.training.synth.schema import Condition

ALIKE = 90.0
"""Texts with at least this similarity (0 to 100, by edits of letters) count as nearly the same."""

CLOSE = 0.03
"""Vital signs that differ by at most this share count as nearly the same."""

MOST_COMPARED = 300
"""Cases of one stage that are compared with each other."""


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """What repeats.

    `exact`: cases whose complaint and vital signs another case has; `near`: pairs of one stage that nearly agree in
    both; `complaints`: cases whose complaint alone another case has.
    """

    exact: int
    near: int
    complaints: int


@dataclass(frozen=True, kw_only=True)
class Leakage:
    """What stands in more than one part: families of the cases, authored wordings, and pairs that are nearly the same.

    `authored`: how many wordings were compared. `alike`: the conditions of the nearly same pairs.
    """

    families: tuple[str, ...]
    wordings: int
    near_wordings: int
    authored: int
    alike: tuple[str, ...]


def duplicates(cases: Sequence[SyntheticCase]) -> Duplicates:
    """Count them."""
    whole = Counter((_plain(c.chart.complaint), _measured(c)) for c in cases)
    complaints = Counter(_plain(c.chart.complaint) for c in cases)
    groups: dict[tuple[str, str], list[SyntheticCase]] = defaultdict(list)
    for case in cases:
        groups[(case.condition.id, case.stage.name)].append(case)
    near = sum(_nearly(a, b) for group in groups.values() for a, b in combinations(group[:MOST_COMPARED], 2))
    return Duplicates(exact=_repeated(whole), near=near, complaints=_repeated(complaints))


def _repeated(counts: Mapping[Any, int]) -> int:
    return sum(n for n in counts.values() if n > 1)


def _measured(case: SyntheticCase) -> tuple[float, ...]:
    return tuple(case.chart.vitals.numbers.values()) if case.chart.vitals else ()


def _nearly(a: SyntheticCase, b: SyntheticCase) -> bool:
    first, second = _measured(a), _measured(b)
    if len(first) != len(second) or any(
        abs(x - y) > CLOSE * max(abs(x), 1) for x, y in zip(first, second, strict=True)
    ):
        return False
    return fuzz.ratio(_plain(a.chart.complaint), _plain(b.chart.complaint)) >= ALIKE


def leakage(cases: Iterable[SyntheticCase], conditions: Iterable[Condition]) -> Leakage:
    """What the parts share: families by the `cases`, wordings by what is authored in `conditions`."""
    parts: dict[str, set[Part]] = defaultdict(set)
    for case in cases:
        parts[case.condition.family].add(case.part)
    authored: dict[Part, dict[str, str]] = {part: {} for part in Part}
    for condition in conditions:
        for stage in condition.stages:
            for text in (*stage.clinician, *stage.lay):
                authored[part_of(condition.family)][_plain(text)] = condition.id
    shared, near, alike = 0, 0, set()
    for first, second in combinations(Part, 2):
        shared += len(authored[first].keys() & authored[second].keys())
        for one, other in _alike(list(authored[first]), list(authored[second])):
            near += 1
            alike.add(f"{authored[first][one]} and {authored[second][other]}")
    return Leakage(
        families=tuple(sorted(family for family, found in parts.items() if len(found) > 1)),
        wordings=shared,
        near_wordings=near,
        authored=sum(map(len, authored.values())),
        alike=tuple(sorted(alike)),
    )


def _alike(first: list[str], second: list[str]) -> list[tuple[str, str]]:
    if not first or not second:
        return []
    scores = process.cdist(first, second, scorer=fuzz.ratio, score_cutoff=ALIKE)
    return [(first[i], second[j]) for i, j in zip(*scores.nonzero(), strict=True)]


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9{}]+", text.casefold()))
