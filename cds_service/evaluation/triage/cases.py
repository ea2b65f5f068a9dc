"""Single visits of a measurement: the urgent ones that were missed, and what each rule contributed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cds_service.evaluation.triage.replay import URGENT, Outcome


@dataclass(frozen=True, kw_only=True)
class Missed:
    """An urgent visit that was not called urgent, without a word of its chart."""

    id: str
    gold: str
    nurse: str | None
    floor: str
    fired: tuple[str, ...]
    unheeded: tuple[str, ...]
    not_evaluated: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Yield:
    """What one rule found: in how many visits it fired, called urgent, and was right with that.

    `alone`: urgent visits that no other rule called urgent. `wrong_alone`: others that it alone called urgent.
    """

    rule: str
    fired: int
    raised: int
    urgent: int
    alone: int
    wrong_alone: int


def missed(outcomes: Sequence[Outcome]) -> tuple[Missed, ...]:
    """The urgent visits below High, the most urgent first."""
    found = [o for o in outcomes if o.urgent and o.priority < URGENT]
    return tuple(
        Missed(
            id=o.id,
            gold=o.gold.priority.label,
            nurse=o.nurse.priority.label if o.nurse else None,
            floor=o.priority.label,
            fired=tuple(f"{f.rule} {f.priority.label}" for f in o.findings),
            unheeded=o.unheeded,
            not_evaluated=tuple(n.what for n in o.not_evaluated),
        )
        for o in sorted(found, key=lambda o: -o.gold.fineness)
    )


def yields(outcomes: Sequence[Outcome]) -> tuple[Yield, ...]:
    """A row for each rule that fired, those that find most urgent visits by themselves first."""
    fired: Counter[str] = Counter(rule for o in outcomes for rule in {f.rule for f in o.findings})
    raised: Counter[str] = Counter(rule for o in outcomes for rule in o.raised)
    urgent: Counter[str] = Counter(rule for o in outcomes if o.urgent for rule in o.raised)
    alone: Counter[tuple[str, bool]] = Counter((next(iter(o.raised)), o.urgent) for o in outcomes if len(o.raised) == 1)
    rows = [
        Yield(
            rule=rule,
            fired=count,
            raised=raised[rule],
            urgent=urgent[rule],
            alone=alone[rule, True],
            wrong_alone=alone[rule, False],
        )
        for rule, count in fired.items()
    ]
    return tuple(sorted(rows, key=lambda y: (-y.alone, -y.urgent, -y.fired, y.rule)))


def write_cases(path: Path, outcomes: Sequence[Outcome]) -> None:
    """Every visit as a JSON line WITH THE WORDS of its complaint, for engineers."""
    lines = (json.dumps(_case(o), ensure_ascii=False) for o in outcomes)
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def _case(outcome: Outcome) -> dict[str, Any]:
    return {
        "id": outcome.id,
        "gold": outcome.gold.priority.label,
        "nurse": outcome.nurse.priority.label if outcome.nurse else None,
        "floor": outcome.priority.label,
        "score": outcome.score,
        "complaint": outcome.complaint,
        "findings": [{"rule": f.rule, "priority": f.priority.label, "reason": f.reason} for f in outcome.findings],
        "unheeded": list(outcome.unheeded),
        "not_evaluated": [{"what": n.what, "reason": n.reason} for n in outcome.not_evaluated],
    }
