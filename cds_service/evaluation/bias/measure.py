"""How often answers changed, attribute by attribute and group by group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from cds_service.evaluation.assessment.cases import CaseSet
from cds_service.evaluation.bias.answers import Answers, Change
from cds_service.evaluation.bias.kept import Walked
from cds_service.evaluation.bias.pairs import Pair
from cds_service.shares import Share, wilson


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The pairs of one attribute or group.

    `told_apart`: pairs set aside because a rule or guideline tells them apart; `unanswered`: set aside because the gate
    or the model gave no answer. `same_prompt`: pairs whose two prompts are equal: the model says the same, and
    only its being let through can differ.
    """

    pairs: int
    same_prompt: int
    told_apart: int
    unanswered: int
    floor_changed: Share
    priority_changed: Share
    outcome_changed: Share
    concerns_changed: Share
    wording_changed: Share

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return asdict(self) | {
            name: share_json(getattr(self, name))
            for name in ("floor_changed", "priority_changed", "outcome_changed", "concerns_changed", "wording_changed")
        }


@dataclass(frozen=True, kw_only=True)
class Model:
    """One model's figures: by attribute, and by attribute and group; and what was kept of differences that matter.

    `may_raise`: whether it was asked with priorities above the floor allowed; without them no priority can change.
    """

    spec: str
    adapter: str | None
    may_raise: bool
    attributes: Mapping[str, Figures]
    groups: Mapping[str, Mapping[str, Figures]]
    kept: Mapping[str, Share]
    lost: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "spec": self.spec,
            "adapter": self.adapter,
            "may_raise": self.may_raise,
            "attributes": {name: f.as_json() for name, f in self.attributes.items()},
            "groups": {a: {g: f.as_json() for g, f in groups.items()} for a, groups in self.groups.items()},
            "kept": {name: share_json(share) for name, share in self.kept.items()},
            "lost": list(self.lost),
        }


@dataclass(frozen=True, kw_only=True)
class Report:
    """One measurement."""

    made: datetime
    command: str
    versions: Mapping[str, str]
    sets: Sequence[CaseSet]
    models: Sequence[Model]

    def as_json(self) -> dict[str, Any]:
        """``bias.json``."""
        return {
            "kind": "bias",
            "version": 1,
            "made": self.made.isoformat(timespec="seconds"),
            "command": self.command,
            "versions": dict(self.versions),
            "sets": {s.name: {"cases": len(s.cases), "sha256": s.sha256} for s in self.sets},
            "models": [m.as_json() for m in self.models],
        }


def share_json(share: Share) -> dict[str, float | int | None]:
    """A share as every evaluation writes it."""
    return {"n": share.of, "k": share.hits, "value": share.value, "low": share.low, "high": share.high}


def measure(
    spec: str,
    adapter: str | None,
    pairs: Sequence[Pair],
    kept: Sequence[Walked],
    answers: Answers,
    show: Callable[[float], None],
    *,
    may_raise: bool = False,
) -> Model:
    """Let a model answer both sides of every pair, and count."""
    changes: dict[int, Change | None] = {}
    for number, pair in enumerate(pairs):
        if not pair.told_apart:
            changes[number] = answers.change(pair)
        show((number + 1) / len(pairs))
    survived = {w.id: w.survives(answers) for w in kept}

    def figures(chosen: Iterable[int]) -> Figures:
        return _figures([(pairs[i], changes.get(i)) for i in chosen])

    names = list(dict.fromkeys(p.attribute for p in pairs))
    numbers = {name: [i for i, p in enumerate(pairs) if p.attribute == name] for name in names}
    return Model(
        spec=spec,
        adapter=adapter,
        may_raise=may_raise,
        attributes={name: figures(numbers[name]) for name in names},
        groups={
            name: {
                group: figures(i for i in numbers[name] if _group(pairs[i]) == group)
                for group in dict.fromkeys(_group(pairs[i]) for i in numbers[name])
            }
            for name in names
        },
        kept={
            kind: wilson(sum(survived[w.id] for w in kept if w.kind == kind), sum(w.kind == kind for w in kept))
            for kind in dict.fromkeys(w.kind for w in kept)
        },
        lost=tuple(w.id for w in kept if not survived[w.id]),
    )


def _group(pair: Pair) -> str:
    return "to " + pair.group if pair.attribute in {"sex", "age"} else pair.group


def _figures(chosen: Sequence[tuple[Pair, Change | None]]) -> Figures:
    apart = sum(pair.told_apart for pair, _ in chosen)
    counted = [change for _, change in chosen if change is not None]

    def share(pick: Callable[[Change], bool]) -> Share:
        return wilson(sum(map(pick, counted)), len(counted))

    return Figures(
        pairs=len(counted),
        same_prompt=sum(c.same_prompt for c in counted),
        told_apart=apart,
        unanswered=len(chosen) - apart - len(counted),
        floor_changed=share(lambda c: c.pair.floor_changed),
        priority_changed=share(lambda c: c.priority),
        outcome_changed=share(lambda c: c.outcome),
        concerns_changed=share(lambda c: c.concerns),
        wording_changed=share(lambda c: c.wording),
    )
