"""Laboratory results: those that a stage names, and older ones that have nothing to do with the visit."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from random import Random
from types import MappingProxyType
from typing import Any

from cds_service.training.synth.vitals import Bounds, Normal


@dataclass(frozen=True, kw_only=True)
class LabTest:
    """One test: LOINC `code`, UCUM `unit`, mean and deviation of healthy adults, how far a value may go."""

    code: str
    display: str
    unit: str
    healthy: tuple[float, float]
    bounds: Bounds
    routine: bool


def _tests() -> Mapping[str, LabTest]:
    text = resources.files(__package__ or "").joinpath("labs.toml").read_text(encoding="utf-8")
    raw: dict[str, dict[str, Any]] = tomllib.loads(text)["tests"]
    return MappingProxyType(
        {
            name: LabTest(
                code=t["code"],
                display=t["display"],
                unit=t["unit"],
                healthy=(t["healthy"][0], t["healthy"][1]),
                bounds=Bounds(low=t["range"][0], high=t["range"][1], decimals=t["decimals"]),
                routine=t.get("routine", False),
            )
            for name, t in raw.items()
        }
    )


TESTS: Mapping[str, LabTest] = _tests()


def draw(rng: Random, stage: Mapping[str, Normal]) -> dict[str, float | int]:
    """The results that `stage` names; what spreads widely is kept above a tenth of its mean."""
    return {
        name: TESTS[name].bounds.fit(max(normal.mean + normal.sd * rng.gauss(0, 1), normal.mean / 10))
        for name, normal in stage.items()
    }


def draw_routine(rng: Random, count: int) -> dict[str, float | int]:
    """`count` healthy results of tests that are done routinely."""
    names = sorted(name for name, test in TESTS.items() if test.routine)
    drawn: dict[str, float | int] = {}
    for name in rng.sample(names, count):
        mean, sd = TESTS[name].healthy
        drawn[name] = TESTS[name].bounds.fit(mean + sd * max(-2.0, min(2.0, rng.gauss(0, 1))))
    return drawn
