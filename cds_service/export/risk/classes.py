"""Equivalence classes: persons who look alike in what an attacker may know, and what their sizes say of the risk.

Definitions. k: the size of the smallest class (Sweeney, k-anonymity: a model for protecting privacy, 2002).
Prosecutor, journalist and marketer risk: El Emam, Guide to the De-Identification of Personal Health Information, 2013.
l-diversity, distinct and by entropy: Machanavajjhala et al., l-Diversity, ACM Trans Knowl Discov Data 2007.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cds_service.export.risk.subject import QUASI_IDENTIFIERS, Subject

Key = Callable[[Subject], Hashable]


def by(fields: Iterable[str] = QUASI_IDENTIFIERS) -> Key:
    """The class of a person by these fields."""
    wanted = tuple(fields)
    return lambda subject: tuple(getattr(subject, field) for field in wanted)


def sizes(subjects: Iterable[Subject], key: Key) -> Counter[Hashable]:
    """How many persons each class has."""
    return Counter(map(key, subjects))


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What the sizes of classes say, the persons of the data taken as the whole population.

    `least` is k. `unique`: persons alone in their class; `below`: persons in classes smaller than the threshold.
    `highest` and `mean`: prosecutor risk of the person worst off and of all persons.
    """

    subjects: int
    classes: int
    least: int
    median: int
    unique: int
    below: int
    threshold: int

    @property
    def highest(self) -> float:
        """1 by the size of the smallest class."""
        return 1 / self.least if self.least else 0.0

    @property
    def mean(self) -> float:
        """Classes by persons: also the marketer's share of right guesses when the data are the population."""
        return self.classes / self.subjects if self.subjects else 0.0


def measure(classes: Mapping[Hashable, int], threshold: int) -> Measures:
    """The figures of classes; the median is that of the class that a person stands in."""
    ordered = sorted(classes.values())
    people = sum(ordered)
    return Measures(
        subjects=people,
        classes=len(ordered),
        least=ordered[0] if ordered else 0,
        median=_median(ordered, people),
        unique=sum(size for size in ordered if size == 1),
        below=sum(size for size in ordered if size < threshold),
        threshold=threshold,
    )


def _median(ordered: Sequence[int], people: int) -> int:
    seen = 0
    for size in ordered:
        seen += size
        if 2 * seen >= people:
            return size
    return 0


def bands(classes: Mapping[Hashable, int], threshold: int) -> dict[str, int]:
    """Persons by the size of their class."""
    edges = sorted({1, 2, 5, threshold, 5 * threshold})
    last = [b - 1 for b in edges[1:]]
    names = [str(a) if a == b else f"{a} to {b}" for a, b in zip(edges, last, strict=False)]
    found = dict.fromkeys([*names, f"{edges[-1]} and more"], 0)
    keys = list(found)
    for size in classes.values():
        found[keys[sum(size >= edge for edge in edges) - 1]] += size
    return found


@dataclass(frozen=True, kw_only=True)
class Journalist:
    """Risk against a population that holds the persons of the data: whoever searches knows not who is in the data."""

    highest: float
    mean: float
    marketer: float


def journalist(classes: Mapping[Hashable, int], population: Mapping[Hashable, int]) -> Journalist:
    """Risk by the sizes of the same classes in the population. Raises ValueError when it holds fewer than the data."""
    if not classes or any(population.get(key, 0) < size for key, size in classes.items()):
        raise ValueError("the population holds every person of the data, told alike")
    people = sum(classes.values())
    guesses = sum(size / population[key] for key, size in classes.items()) / people
    return Journalist(
        highest=max(1 / population[key] for key in classes),
        mean=max(len(classes) / sum(population[key] for key in classes), guesses),
        marketer=guesses,
    )


@dataclass(frozen=True, kw_only=True)
class Diversity:
    """How much the class gives away of one sensitive attribute: the least l over classes, and who is given away.

    `distinct`: the least number of values in a class; `entropy`: the least exp(entropy), which is l when l values are
    equally frequent. `same`: persons of classes in which all have one and the same value, which is more than none.
    """

    attribute: str
    values: int
    distinct: int
    entropy: float
    same: int


def diversity(subjects: Sequence[Subject], key: Key) -> tuple[Diversity, ...]:
    """l-diversity of each sensitive attribute. Several values of one person are one value; none is a value too."""
    attributes = sorted({value.partition(": ")[0] for s in subjects for value in s.sensitive})
    return tuple(_diversity(subjects, key, attribute) for attribute in attributes)


def _diversity(subjects: Sequence[Subject], key: Key, attribute: str) -> Diversity:
    classes: defaultdict[Hashable, Counter[frozenset[str]]] = defaultdict(Counter)
    for subject in subjects:
        value = frozenset(v for v in subject.sensitive if v.partition(": ")[0] == attribute)
        classes[key(subject)][value] += 1
    return Diversity(
        attribute=attribute,
        values=len({value for counts in classes.values() for value in counts}),
        distinct=min(map(len, classes.values())),
        entropy=min(math.exp(_entropy(counts.values())) for counts in classes.values()),
        same=sum(counts.total() for counts in classes.values() if len(counts) == 1 and all(counts)),
    )


def _entropy(counts: Iterable[int]) -> float:
    numbers = list(counts)
    whole = sum(numbers)
    return -sum(n / whole * math.log(n / whole) for n in numbers)
