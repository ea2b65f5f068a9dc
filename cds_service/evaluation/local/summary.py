"""The figures of a validation. Groups of fewer than five charts, and counts below five in a group, are not told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from cds_service.domain import Priority
from cds_service.evaluation.local.facts import ATTRIBUTES, EXPECTED, UNSTATED, Fact
from cds_service.evaluation.local.limits import Verdict, judge
from cds_service.evaluation.local.replay import Problem
from cds_service.inference.registry.intervals import unpaired
from cds_service.settings import Setting
from cds_service.shares import Share, percentile, wilson

LEAST = 5
"""Smallest count of a group that is told."""


@dataclass(frozen=True, kw_only=True)
class RuleYield:
    """What one rule gives. `fired`: of all charts. `urgent`: of those in which it fired, by this rule.

    `alone`: of those in which it fired, where no other rule found anything as high. `accepted`: of its cards that were
    answered.
    """

    rule: str
    fired: Share
    urgent: Share
    alone: Share
    accepted: Share


@dataclass(frozen=True, kw_only=True)
class Group:
    """One group. What is too small to be told is None; `difference`: to all others (value, low, high)."""

    attribute: str
    name: str
    charts: int | None
    urgent: Share | None
    difference: tuple[float, float, float] | None


@dataclass(frozen=True, kw_only=True)
class Validation:
    """All figures. Nothing in it names a chart, a person or a date of one.

    `days`: over how many days the charts were opened, None where that is not known; `per_day`: alerts by priority on
    one of them. `under`, `over`: reviewed charts to which a clinician gave a higher, or lower, priority than the floor.
    """

    made: datetime
    source: str
    setting: Setting
    versions: Mapping[str, str]
    charts: int
    days: float | None
    priorities: Mapping[str, Share]
    per_day: Mapping[str, float]
    cards: tuple[float, float, float] | None
    rules: tuple[RuleYield, ...]
    groups: tuple[Group, ...]
    refused: Share
    refusals: Mapping[str, int]
    not_evaluated: Mapping[str, int]
    milliseconds: tuple[float, float] | None
    under: Share
    over: Share
    verdicts: tuple[Verdict, ...]
    problems: tuple[Problem, ...]

    def as_json(self) -> dict[str, Any]:
        """Every figure, for a program."""
        return asdict(self) | {"made": self.made.isoformat(timespec="seconds"), "setting": self.setting.value}


def summarise(
    facts: Sequence[Fact],
    problems: Sequence[Problem],
    *,
    made: datetime,
    source: str,
    setting: Setting,
    versions: Mapping[str, str],
    days: float | None = None,
) -> Validation:
    """The figures of `facts`, of which there is at least one."""
    count = len(facts)
    by_priority = {p.label: wilson(sum(f.floor is p for f in facts), count) for p in reversed(Priority)}
    rules = _rules(facts)
    groups = tuple(group for attribute in ATTRIBUTES for group in _groups(facts, attribute))
    cards = [f.cards for f in facts]
    times = [f.milliseconds for f in facts if f.milliseconds is not None]
    reviewed = [(f.decided, f.floor) for f in facts if f.decided is not None]
    refusals = Counter(f.refusal for f in facts if f.refusal)
    under = wilson(sum(decided > floor for decided, floor in reviewed), len(reviewed))
    over = wilson(sum(decided < floor for decided, floor in reviewed), len(reviewed))
    refused = wilson(sum(refusals.values()), count)
    spread = (percentile(cards, 25) or 0.0, percentile(cards, 50) or 0.0, percentile(cards, 75) or 0.0)
    measured: dict[str, Share | float | None] = {
        "critical": by_priority[Priority.CRITICAL.label],
        "cards": spread[1],
        "one_rule": _largest(facts),
        "refused": refused,
        "unusable": wilson(len(problems), count + len(problems)),
        "p95": percentile(times, 95),
        "difference": _difference(groups),
        "under": under,
        "over": over,
    }
    return Validation(
        made=made,
        source=source,
        setting=setting,
        versions=versions,
        charts=count,
        days=days,
        priorities=by_priority,
        per_day={name: share.hits / days for name, share in by_priority.items()} if days else {},
        cards=spread,
        rules=rules,
        groups=groups,
        refused=refused,
        refusals=dict(refusals),
        not_evaluated=_counted(what for f in facts for what in f.not_evaluated),
        milliseconds=(percentile(times, 50) or 0.0, percentile(times, 95) or 0.0) if times else None,
        under=under,
        over=over,
        verdicts=judge(measured, setting),
        problems=tuple(problems),
    )


def _rules(facts: Sequence[Fact]) -> tuple[RuleYield, ...]:
    return tuple(
        RuleYield(
            rule=rule,
            fired=wilson(fired, len(facts)),
            urgent=wilson(sum(f.found.get(rule, Priority.LOW) >= Priority.HIGH for f in facts), fired),
            alone=wilson(sum(_alone(f, rule) for f in facts), fired),
            accepted=_accepted(facts, rule),
        )
        for rule, fired in _counted(rule for f in facts for rule in f.found).items()
    )


def _alone(fact: Fact, rule: str) -> bool:
    """Whether nothing as high is found without this rule."""
    return rule in fact.found and all(p < fact.found[rule] for other, p in fact.found.items() if other != rule)


def _accepted(facts: Sequence[Fact], rule: str) -> Share:
    answers = [accepted for f in facts for named, accepted in f.feedback if named == rule]
    return wilson(sum(answers), len(answers))


def _largest(facts: Sequence[Fact]) -> float | None:
    """The largest share of the urgent charts in which one rule alone is why they are urgent."""
    urgent = [f for f in facts if f.urgent]
    reasons = [[rule for rule, p in f.found.items() if p >= Priority.HIGH] for f in urgent]
    sole = Counter(rules[0] for rules in reasons if len(rules) == 1)
    return max(sole.values(), default=0) / len(urgent) if len(urgent) >= LEAST else None


def _groups(facts: Sequence[Fact], attribute: str) -> Iterable[Group]:
    stated = [f for f in facts if attribute in f.groups]
    for name in sorted({f.groups[attribute] for f in stated}, key=lambda n: (n == UNSTATED, n)):
        mine = [f.urgent for f in stated if f.groups[attribute] == name]
        others = [f.urgent for f in stated if f.groups[attribute] not in (name, UNSTATED)]
        told = len(mine) >= LEAST and not 0 < sum(mine) < LEAST
        compared = told and name != UNSTATED and len(others) >= LEAST
        yield Group(
            attribute=attribute,
            name=name,
            charts=len(mine) if len(mine) >= LEAST else None,
            urgent=wilson(sum(mine), len(mine)) if told else None,
            difference=unpaired((sum(mine), len(mine)), (sum(others), len(others))) if compared else None,
        )


def _difference(groups: Iterable[Group]) -> float | None:
    """The largest difference that is beyond chance, 0 where none is, None where nothing can be compared."""
    judged = [g.difference for g in groups if g.difference is not None and g.attribute not in EXPECTED]
    certain = [abs(value) for value, low, high in judged if low > 0 or high < 0]
    return max(certain, default=0.0) if judged else None


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))
