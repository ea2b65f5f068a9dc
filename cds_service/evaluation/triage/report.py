"""All figures of one triage measurement. They hold ids of visits and rules, and no word of a chart."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from cds_service.clinical import RULES_VERSION
from cds_service.evaluation.triage.cases import Missed, Yield, missed, yields
from cds_service.evaluation.triage.measures import LEVELS, SPECIFICITY, Measures, by_nurse, by_service
from cds_service.evaluation.triage.replay import Outcome
from cds_service.evaluation.triage.visits import Problem
from cds_service.settings import Setting

Parts = Mapping[str, Sequence[Outcome]]
"""Outcomes by the name of their part of the data."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """The figures of one part of the visits."""

    name: str
    service: Measures
    nurse: Measures | None


@dataclass(frozen=True, kw_only=True)
class Report:
    """One measurement.

    `as_of`: what the clock was. `unlisted`: missed visits that are counted and not listed. `drafted`: assessments by
    status, empty with the model off; `drafts_exact`: drafts with the expert's priority.
    """

    made: datetime
    name: str
    setting: Setting
    as_of: str
    rules: str
    parts: tuple[Part, ...]
    missed: tuple[Missed, ...]
    unlisted: int
    yields: tuple[Yield, ...]
    problems: tuple[Problem, ...]
    drafted: Mapping[str, int]
    drafts_exact: int

    def as_json(self) -> dict[str, Any]:
        """Every figure, for a program."""
        return {
            "made": self.made.isoformat(timespec="seconds"),
            "name": self.name,
            "setting": self.setting.value,
            "as_of": self.as_of,
            "rules": self.rules,
            "levels": [level.label for level in LEVELS],
            "at_specificity_of": SPECIFICITY,
            "parts": [asdict(p) for p in self.parts],
            "missed": [asdict(m) for m in self.missed],
            "unlisted": self.unlisted,
            "yields": [asdict(y) for y in self.yields],
            "problems": [asdict(p) for p in self.problems],
            "drafted": dict(self.drafted),
            "drafts_exact": self.drafts_exact,
        }


def report(
    name: str,
    setting: Setting,
    parts: Parts,
    *,
    as_of: str,
    made: datetime,
    problems: Sequence[Problem] = (),
    hidden: Sequence[Outcome] = (),
) -> Report:
    """The report on `parts`, the first of which holds every visit. Visits of `hidden` are counted and never listed."""
    whole = next(iter(parts.values()))
    kept = {o.id for o in hidden}
    drafted = [o.drafted for o in whole if o.drafted is not None]
    return Report(
        made=made,
        name=name,
        setting=setting,
        as_of=as_of,
        rules=RULES_VERSION,
        parts=tuple(Part(name=n, service=by_service(o), nurse=by_nurse(o)) for n, o in parts.items() if o),
        missed=missed([o for o in whole if o.id not in kept]),
        unlisted=len(missed(hidden)),
        yields=yields(whole),
        problems=tuple(problems),
        drafted=dict(Counter(d.status for d in drafted)),
        drafts_exact=sum(o.drafted is not None and o.drafted.priority is o.gold.priority for o in whole),
    )


def halves(outcomes: Sequence[Outcome]) -> Parts:
    """All visits, and their two halves by the last bit of the SHA-256 of the id: the same for every version."""
    bit = {o.id: hashlib.sha256(o.id.encode()).digest()[-1] & 1 for o in outcomes}
    return {"all": outcomes} | {
        f"half {name}": [o for o in outcomes if bit[o.id] == value] for name, value in (("A", 0), ("B", 1))
    }
