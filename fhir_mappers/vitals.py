"""Vital signs that rules read, and the contemporaneous rounds made of them.

Codes: LOINC 2.82 (the FHIR R4 vital signs profile and US Core pulse oximetry among them). `low` and `high` bound what a
living person can have; beyond them lies a typing, unit or device error. Sources of the bounds: the valid ranges of
MIMIC-Extract (Wang et al., CHIL 2020), narrowed where a value in them is nearly always an error: a systolic pressure
below 30 mmHg is one in kilopascals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from types import MappingProxyType

from fhir_mappers.case import CodedResult, Measurement, Precision, VitalsRound, When

ROUND = timedelta(minutes=10)
"""How far values of one round may lie apart: charting one set of vital signs takes minutes."""


@dataclass(frozen=True, kw_only=True)
class Vital:
    """One vital sign. `bare`: a number without a unit is in `unit` by convention."""

    kind: str
    label: str
    unit: str
    low: Decimal
    high: Decimal
    loincs: tuple[str, ...]
    bare: bool = False


def _vital(kind: str, label: str, unit: str, low: str, high: str, *loincs: str, bare: bool = False) -> Vital:
    return Vital(kind=kind, label=label, unit=unit, low=Decimal(low), high=Decimal(high), loincs=loincs, bare=bare)


_ALL = (
    _vital("heart_rate", "Heart rate", "/min", "10", "350", "8867-4", "8889-8", "8893-0"),
    _vital("respiratory_rate", "Respiratory rate", "/min", "1", "150", "9279-1"),
    _vital("temperature", "Body temperature", "Cel", "20", "46",
           "8310-5", "8331-1", "8332-5", "8328-7", "8333-7", "8329-5", "8330-3", "75539-7"),
    _vital("systolic", "Systolic blood pressure", "mm[Hg]", "30", "375", "8480-6", "8459-0", "8460-8", "8461-6"),
    _vital("diastolic", "Diastolic blood pressure", "mm[Hg]", "5", "300", "8462-4", "8453-3", "8454-1", "8455-8"),
    _vital("mean_arterial", "Mean arterial pressure", "mm[Hg]", "10", "330", "8478-0"),
    _vital("spo2", "Oxygen saturation", "%", "20", "100", "59408-5", "2708-6"),
    _vital("oxygen_flow", "Inhaled oxygen flow", "L/min", "0", "100", "3151-8"),
    _vital("fio2", "Inhaled oxygen concentration", "%", "15", "100", "3150-6", "19994-3"),
    _vital("gcs", "Glasgow Coma Scale", "{score}", "3", "15", "9269-2", "35088-4", bare=True),
    _vital("pain", "Pain severity", "{score}", "0", "10", "72514-3", "38208-5", bare=True),
    _vital("weight", "Body weight", "kg", "0.2", "700", "29463-7", "3141-9", "3142-7"),
    _vital("height", "Body height", "cm", "20", "280", "8302-2", "8306-3", "3137-7", "3138-5"),
    _vital("bmi", "Body mass index", "kg/m2", "5", "250", "39156-5"),
)  # fmt: skip

VITALS: Mapping[str, Vital] = MappingProxyType({v.kind: v for v in _ALL})
BY_CODE: Mapping[str, Vital] = MappingProxyType({code: v for v in _ALL for code in v.loincs})

CONSCIOUSNESS = "consciousness"
OXYGEN_DELIVERY = "oxygen_delivery"
CODED_BY_CODE: Mapping[str, str] = MappingProxyType({
    "80288-4": CONSCIOUSNESS, "67775-7": CONSCIOUSNESS, "11454-5": CONSCIOUSNESS, "107117-4": OXYGEN_DELIVERY,
})  # fmt: skip

Value = Measurement | CodedResult


def timed(when: When | None) -> bool:
    """Whether a time is exact enough to put a value into a round (a day at least)."""
    return when is not None and when.precision in (Precision.DAY, Precision.TIME)


def rounds(values: Iterable[Value]) -> tuple[VitalsRound, ...]:
    """Rounds of vital signs, newest first; each value must be `timed`.

    Values of one instant belong together. Going back in time, an instant joins the newer round while it lies within
    `ROUND` of that round's newest value and repeats no kind; otherwise the whole instant starts a round of its own.
    Two values of one kind at one instant: the plausible or else the later one in the chart is taken, the other makes an
    extra round.
    """
    ordered = sorted(values, key=_start, reverse=True)
    made: list[dict[str, Value]] = []
    extra: list[dict[str, Value]] = []
    for moment, group in groupby(ordered, key=_start):
        instant: dict[str, Value] = {}
        for value in group:
            known = instant.get(value.kind)
            if known is not None and not _same(known, value):
                kept, other = (known, value) if _plausible(known) > _plausible(value) else (value, known)
                extra.append({value.kind: other})
                value = kept
            instant[value.kind] = value
        newest = max(map(_start, made[-1].values())) if made else None
        if newest is not None and newest - moment <= ROUND and made[-1].keys().isdisjoint(instant):
            made[-1].update(instant)
        else:
            made.append(instant)
    finished = [_round(tuple(r.values())) for r in (*made, *extra)]
    return tuple(sorted(finished, key=lambda r: r.when, reverse=True))


def _start(value: Value) -> datetime:
    if value.when is None:
        raise ValueError("a value of a round needs a time")
    return value.when.start


def _plausible(value: Value) -> bool:
    return not isinstance(value, Measurement) or value.plausible


def _same(one: Value, other: Value) -> bool:
    """Whether two results say the same (the same value charted alone and in a panel)."""
    if isinstance(one, Measurement) and isinstance(other, Measurement):
        return one.value == other.value
    return isinstance(one, CodedResult) and isinstance(other, CodedResult) and one.concept == other.concept


def _round(values: Sequence[Value]) -> VitalsRound:
    numbers = {v.kind: v for v in values if isinstance(v, Measurement)}
    systolic, diastolic = numbers.get("systolic"), numbers.get("diastolic")
    if systolic and diastolic and systolic.value <= diastolic.value:
        # Swapped or mistyped: neither can be trusted.
        numbers |= {v.kind: replace(v, plausible=False) for v in (systolic, diastolic)}
    coded = {v.kind: v for v in values if isinstance(v, CodedResult)}
    when = max(v.when.start for v in values if v.when is not None)
    return VitalsRound(when=when, values=MappingProxyType(numbers), coded=MappingProxyType(coded))
