"""What a set of synthetic cases is like: distributions, independence, duplicates, leakage, and how serving reads it.

The agreement of the rules with the gold priority is told as information: the gold is authored and the rules are not
tuned to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from cds_service import clinical
from cds_service.chart import QUIET_REFUSALS, case_of
from cds_service.domain import Priority, floor_of
from cds_service.terminal import Show
from cds_service.training.synth import independence
from cds_service.training.synth.case import Channel, Known, SyntheticCase
from cds_service.training.synth.copies import Duplicates, Leakage, duplicates, leakage
from cds_service.training.synth.independence import Independence
from cds_service.training.synth.requests import request
from cds_service.training.synth.schema import packaged
from fhir_mappers.errors import MappingError
from fhir_mappers.limits import Limits
from hooks.services import PATIENT_TRIAGE, HookCall
from hooks.wire import parse_request

LEVELS = tuple(Priority)
AGES = (0, 1, 5, 18, 30, 45, 65, 80, 200)
MOST_READ = 2000
"""Cases at most, from the beginning, that are mapped and given to the rules."""

_ATTRIBUTES: Mapping[str, Callable[[SyntheticCase], str]] = {
    "sex": lambda c: c.person.gender,
    "race": lambda c: c.person.race.display or "not recorded",
    "ethnicity": lambda c: c.person.ethnicity.display or "not recorded",
    "language": lambda c: c.person.language.display,
    "insurance": lambda c: c.person.insurance.display or "none",
}


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A vital sign among the cases of one priority."""

    cases: int
    mean: float
    sd: float
    centile_5: float
    centile_95: float


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How serving reads the cases.

    `clean`: mapped without a refusal that a clinician would be told of; `refused`: the refusals by resource type and
    reason. `matrix`: for each gold priority, how often the rules gave each priority.
    """

    cases: int
    clean: int
    refused: Mapping[str, int]
    matrix: tuple[tuple[int, ...], ...]

    @property
    def agree(self) -> int:
        """Cases in which the rules give the gold priority."""
        return sum(row[i] for i, row in enumerate(self.matrix))

    @property
    def under(self) -> int:
        """Cases in which they give less."""
        return sum(sum(row[:i]) for i, row in enumerate(self.matrix))

    @property
    def over(self) -> int:
        """Cases in which they give more."""
        return sum(sum(row[i + 1 :]) for i, row in enumerate(self.matrix))


@dataclass(frozen=True, kw_only=True)
class Validity:
    """The report on one set."""

    cases: int
    seed: int
    setting: str
    distributions: Mapping[str, Mapping[str, int]]
    shares: Mapping[str, float]
    vitals: Mapping[str, Mapping[str, Spread]]
    independent: Mapping[str, Independence | None]
    duplicates: Duplicates
    leakage: Leakage
    reading: Reading

    def to_json(self) -> dict[str, Any]:
        """As it is written to a file."""
        body = asdict(self)
        counts = {"agree": self.reading.agree, "under": self.reading.under, "over": self.reading.over}
        return {"kind": "synthetic-validity", "version": 1, **body, "floor": counts}


def measure(cases: Sequence[SyntheticCase], *, seed: int, show: Show) -> Validity:
    """The report on `cases`, of which there is at least one."""
    return Validity(
        cases=len(cases),
        seed=seed,
        setting=cases[0].setting.value,
        distributions=_distributions(cases),
        shares=_shares(cases),
        vitals=_vitals(cases),
        independent=_independent(cases),
        duplicates=duplicates(cases),
        leakage=leakage(cases, packaged()),
        reading=_reading(cases[:MOST_READ], show),
    )


def _distributions(cases: Sequence[SyntheticCase]) -> dict[str, dict[str, int]]:
    found: dict[str, Counter[str]] = {
        "priority": Counter({level.label: 0 for level in LEVELS}),
        "age": Counter({_band(low): 0 for low in AGES[:-1]}),
    }
    found["priority"].update(c.priority.label for c in cases)
    found["age"].update(_band(c.person.age) for c in cases)
    for name, value in _ATTRIBUTES.items():
        found[name] = Counter(map(value, cases))
    for name in ("style", "part"):
        found[name] = Counter(str(getattr(c, name)) for c in cases)
    found["complaint stands in"] = Counter(c.chart.channel.value for c in cases)
    found["condition"] = Counter(c.condition.id for c in cases)
    ordered = ("priority", "age")
    return {n: dict(c) if n in ordered else dict(sorted(c.items(), key=lambda i: -i[1])) for n, c in found.items()}


def _band(age: float) -> str:
    low = max(start for start in AGES if start <= age)
    after = AGES[AGES.index(low) + 1]
    return f"{low} and over" if after == AGES[-1] else f"{low} to {after - 1}" if after - low > 1 else f"under {after}"


def _shares(cases: Sequence[SyntheticCase]) -> dict[str, float]:
    of: dict[str, Callable[[SyntheticCase], bool]] = {
        "under 18": lambda c: c.person.age < 18,
        "80 and over": lambda c: c.person.age >= 80,
        "pregnant": lambda c: c.person.pregnant,
        "no vital signs": lambda c: c.chart.vitals is None,
        "no exact birth date": lambda c: c.chart.birth is not Known.DAY,
        "no word of the complaint": lambda c: c.chart.channel is Channel.NOWHERE,
        "results of this visit": lambda c: c.chart.labs is not None,
        "older results": lambda c: c.chart.old_labs is not None,
        "a problem in the chart": lambda c: bool(c.chart.history.problems),
        "a medicine in the chart": lambda c: bool(c.chart.history.medicines),
    }
    return {name: round(sum(map(holds, cases)) / len(cases), 4) for name, holds in of.items()}


def _vitals(cases: Sequence[SyntheticCase]) -> dict[str, dict[str, Spread]]:
    found: dict[str, dict[str, list[float]]] = {}
    for case in cases:
        for name, value in case.chart.vitals.numbers.items() if case.chart.vitals else ():
            found.setdefault(name, {level.label: [] for level in LEVELS})[case.priority.label].append(float(value))
    return {name: {level: _spread(v) for level, v in levels.items() if v} for name, levels in sorted(found.items())}


def _spread(values: Sequence[float]) -> Spread:
    low, high = np.percentile(values, (5, 95))
    return Spread(
        cases=len(values),
        mean=round(float(np.mean(values)), 1),
        sd=round(float(np.std(values)), 1),
        centile_5=round(float(low), 1),
        centile_95=round(float(high), 1),
    )


def _independent(cases: Sequence[SyntheticCase]) -> dict[str, Independence | None]:
    """Against the condition, among conditions for which nothing else is declared, and against the priority."""
    tests: dict[str, Independence | None] = {}
    by_sex = [c for c in cases if c.condition.female is None and c.condition.pregnant < 1]
    by_age = [c for c in cases if not c.condition.ages]
    for name, value in _ATTRIBUTES.items():
        chosen = by_sex if name == "sex" else cases
        drawn = list(map(value, chosen))
        tests[f"{name} and condition"] = independence.between(drawn, [c.condition.id for c in chosen])
        tests[f"{name} and priority"] = independence.between(drawn, [c.priority.label for c in chosen])
    bands = [_band(c.person.age) for c in by_age]
    tests["age and condition"] = independence.between(bands, [c.condition.id for c in by_age])
    return tests


def _reading(cases: Sequence[SyntheticCase], show: Show) -> Reading:
    refused: Counter[str] = Counter()
    matrix = [[0] * len(LEVELS) for _ in LEVELS]
    clean = 0
    for number, case in enumerate(cases, start=1):
        try:
            chart = case_of(_call(case), {}, case.at, Limits())
        except MappingError:
            refused["Patient: not usable"] += 1
            continue
        told = [r for r in chart.refused if r.reason not in QUIET_REFUSALS]
        refused.update(f"{r.resource_type}: {r.reason}" for r in told)
        clean += not told and not chart.missing
        floor = floor_of(clinical.evaluate(chart, case.setting).findings)
        matrix[LEVELS.index(case.priority)][LEVELS.index(floor)] += 1
        show("Reading them as serving does", number / len(cases))
    return Reading(cases=len(cases), clean=clean, refused=dict(refused), matrix=tuple(map(tuple, matrix)))


def _call(case: SyntheticCase) -> HookCall:
    read = parse_request(request(case))
    return HookCall(
        service=PATIENT_TRIAGE, request=read, context=PATIENT_TRIAGE.context(read.context), client="synthetic"
    )
