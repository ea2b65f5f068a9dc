"""Vital signs: what is healthy at an age, what a stage of a condition changes, and one round drawn from both.

Numbers and their sources stand in `vitals.toml`. In one round the pulse, the breathing and the pressure share a part
of their deviation: who is sicker than the mean of a stage is so in all of them.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from random import Random
from types import MappingProxyType
from typing import Any

_DATA: Mapping[str, Any] = tomllib.loads(
    resources.files(__package__ or "").joinpath("vitals.toml").read_text(encoding="utf-8")
)
ADULT = 16
"""From this age in years the adult figures hold, as in NEWS2."""

_CENTILES = 4.65
"""Standard deviations between the 1st and the 99th centile."""
_SHARED = 0.5
"""Correlation of the deviations of pulse, breathing, pressure and saturation in one round."""
_FALLING = frozenset({"spo2", "systolic", "gcs"})


@dataclass(frozen=True, kw_only=True)
class Normal:
    """A mean and a standard deviation."""

    mean: float
    sd: float


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How far a drawn value may go and to how many decimals it is rounded."""

    low: float
    high: float
    decimals: int

    def fit(self, value: float) -> float | int:
        """`value` as it is charted."""
        kept = round(min(max(value, self.low), self.high), self.decimals)
        return kept if self.decimals else int(kept)


NAMES: Mapping[str, Bounds] = MappingProxyType({name: Bounds(**b) for name, b in _DATA["names"].items()})


@dataclass(frozen=True, kw_only=True)
class Healthy:
    """The healthy distribution of one vital sign at one age; values are kept inside `low` and `high`."""

    mean: float
    sd: float
    low: float
    high: float


def healthy(age: float, *, pregnant: bool = False) -> dict[str, Healthy]:
    """The vital signs of a healthy person of `age` years (what is unknown counts as adult)."""
    made = _child(age) if age < ADULT else _adult(age)
    for name, (mean, sd) in _DATA["everybody"].items():
        low, high = _DATA["everybody_range"][name]
        made[name] = Healthy(mean=mean, sd=sd, low=low, high=high)
    if pregnant:
        for name, shift in _DATA["pregnancy"].items():
            usual = made[name]
            made[name] = Healthy(
                mean=usual.mean + shift, sd=usual.sd, low=usual.low + min(shift, 0), high=usual.high + max(shift, 0)
            )
    return made


def _child(age: float) -> dict[str, Healthy]:
    band = next(b for b in _DATA["child"] if age < b["below_years"])
    made: dict[str, Healthy] = {}
    for name in ("heart_rate", "respiratory_rate"):
        low, median, high = band[name]
        made[name] = Healthy(mean=median, sd=(high - low) / _CENTILES * 0.7, low=low, high=high)
    pressure = _DATA["systolic"]
    median, sd = _median_pressure(age), pressure["child_sd"]
    made["systolic"] = Healthy(mean=median, sd=sd, low=median - 1.6 * sd, high=median + 1.6 * sd)
    return made


def _adult(age: float) -> dict[str, Healthy]:
    made = {}
    for name, (mean, sd) in _DATA["adult"].items():
        low, high = _DATA["adult_range"][name]
        made[name] = Healthy(mean=mean, sd=sd, low=low, high=high)
    low, high = _DATA["systolic"]["adult_range"]
    made["systolic"] = Healthy(mean=_median_pressure(age), sd=_DATA["systolic"]["adult_sd"], low=low, high=high)
    return made


def _median_pressure(age: float) -> float:
    pressure = _DATA["systolic"]
    if age < ADULT:
        return float(min(pressure["child_base"] + pressure["child_per_year"] * age, pressure["child_most"]))
    return float(next(mean for low, high, mean in pressure["adult"] if low <= age < high))


def draw(
    rng: Random, stage: Mapping[str, Normal], *, age: float, reference_age: float, pregnant: bool = False
) -> dict[str, float | int]:
    """One round. `stage`: what differs, written for `reference_age` and shifted to the `age` of a child."""
    usual = healthy(age, pregnant=pregnant)
    written_for = healthy(reference_age)
    worse = rng.gauss(0, 1)
    deviations = {name: _deviation(rng, worse * _worse(name, stage, written_for)) for name in NAMES}
    drawn: dict[str, float] = {}
    for name, normal in usual.items():
        if name in stage:
            shift = normal.mean - written_for[name].mean if min(age, reference_age) < ADULT else 0.0
            drawn[name] = stage[name].mean + shift + stage[name].sd * deviations[name]
        else:
            drawn[name] = min(max(normal.mean + normal.sd * deviations[name], normal.low), normal.high)
    for name in stage:
        if name not in drawn:
            drawn[name] = stage[name].mean + stage[name].sd * deviations[name]
    _add_fever(drawn, stage, age)
    _add_diastolic(drawn, stage, deviations["diastolic"])
    return {name: NAMES[name].fit(drawn[name]) for name in NAMES if name in drawn}


def _worse(name: str, stage: Mapping[str, Normal], written_for: Mapping[str, Healthy]) -> int:
    """In which direction it is worse: away from the healthy mean, or as `_FALLING` says where a stage is silent."""
    if name in stage and name in written_for:
        return 1 if stage[name].mean >= written_for[name].mean else -1
    return -1 if name in _FALLING else 1


def _deviation(rng: Random, worse: float) -> float:
    own = rng.gauss(0, 1)
    return max(-2.0, min(2.0, math.sqrt(_SHARED) * worse + math.sqrt(1 - _SHARED) * own))


def _add_fever(drawn: dict[str, float], stage: Mapping[str, Normal], age: float) -> None:
    degrees = max(0.0, drawn["temperature_c"] - 37)
    rises = _DATA["fever"]["child" if age < ADULT else "adult"]
    for name, rise in rises.items():
        if name not in stage and "temperature_c" in stage:
            drawn[name] += degrees * rise


def _add_diastolic(drawn: dict[str, float], stage: Mapping[str, Normal], deviation: float) -> None:
    """The diastolic pressure follows the systolic one, and stays below it."""
    if "diastolic" not in stage:
        pressure = _DATA["systolic"]
        drawn["diastolic"] = drawn["systolic"] * pressure["diastolic_share"] + pressure["diastolic_sd"] * deviation
    drawn["diastolic"] = min(drawn["diastolic"], drawn["systolic"] - 15)
