"""The mix of a training set: which examples are taken from each source, part by part, and that no part leaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from cds_service.training.build.examples import Example, short_hash
from cds_service.training.chat import SOURCES
from cds_service.training.synth.parts import Part

SHARES: Mapping[str, float] = {"synthetic": 0.7, "clinic": 0.2, "public": 0.1}
"""The mix of the project's guide: 70 % synthetic, 20 % of the clinic's own cases, 10 % public questions."""

Group = tuple[Example, ...]
"""An example and its twins, which stay together."""


def compose(
    groups: Sequence[Group], shares: Mapping[str, float], most: int | None = None
) -> dict[Part, tuple[Group, ...]]:
    """The groups taken, part by part, in an order that a hash of their ids gives.

    A source without groups in a part gives its share to the others there. Of the others as many are taken as keep the
    shares exact to one group; `most` bounds the groups of a part.
    """
    found = {part: _mix([g for g in groups if g[0].part is part], shares, most) for part in Part}
    for part, taken in found.items():
        found[part] = tuple(sorted(taken, key=lambda g: short_hash(g[0].id)))
    return found


def _mix(groups: Sequence[Group], shares: Mapping[str, float], most: int | None) -> tuple[Group, ...]:
    by_source = {s: [g for g in groups if g[0].source == s] for s in SOURCES}
    usable = {s: shares[s] for s in SOURCES if by_source[s] and shares.get(s, 0) > 0}
    if not usable:
        return ()
    total = sum(usable.values())
    whole = min(len(by_source[s]) * total / share for s, share in usable.items())
    if most is not None:
        whole = min(whole, most)
    taken: list[Group] = []
    for source, share in usable.items():
        ordered = sorted(by_source[source], key=lambda g: short_hash(f"take/{g[0].id}"))
        taken += ordered[: max(1, round(whole * share / total))]
    return tuple(taken)


def leaks(parts: Mapping[Part, Sequence[Group]]) -> tuple[str, ...]:
    """What stands in two parts and must not: patients, families, and prompts word for word."""
    kinds: Mapping[str, Callable[[Example], str]] = {
        "patient": lambda e: e.patient,
        "condition family": lambda e: e.family,
        "prompt": lambda e: e.user,
    }
    found = []
    for kind, key in kinds.items():
        seen = {part: {key(e) for group in groups for e in group} for part, groups in parts.items()}
        both = Counter(value for values in seen.values() for value in values)
        shared = sum(count > 1 for count in both.values())
        if shared:
            found.append(f"{shared} {kind}{'s' * (shared > 1)} in more than one part")
    return tuple(found)
