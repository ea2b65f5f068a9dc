"""Which vital signs count: fresh, plausible, consistent. No value of two rounds is ever mixed into one score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from cds_service.domain import NotEvaluated
from fhir_mappers.case import Case, CodedResult, Measurement, Precision, VitalsRound, When

CLOCK_SKEW = timedelta(hours=1)
"""A reading may be dated this far after the clock (clocks of two systems differ) and still counts as of now."""

NAMES = {
    "respiratory_rate": "breathing rate",
    "spo2": "oxygen saturation",
    "oxygen": "oxygen delivery (air or supplemental oxygen)",
    "systolic": "systolic blood pressure",
    "diastolic": "diastolic blood pressure",
    "heart_rate": "heart rate",
    "consciousness": "level of consciousness",
    "temperature": "temperature",
    "gcs": "Glasgow Coma Scale",
}
"""Plain names of the vital signs that rules read."""

PLAIN_UNITS = {"/min": "per minute", "mm[Hg]": "mmHg", "Cel": "°C", "{score}": "", "1": ""}
"""How a person writes a UCUM unit; the others stand as they are."""

LONGEST = 1000
"""A number from here on is not repeated: it may be anything but a measurement."""


@dataclass(frozen=True, kw_only=True)
class Readings:
    """One round with only the values that may be used; `rejected` names the others, with the reason."""

    when: datetime
    values: Mapping[str, Measurement]
    coded: Mapping[str, CodedResult]
    rejected: Mapping[str, str]


def fresh_rounds(case: Case, stale_hours: int) -> tuple[Readings, ...]:
    """The usable readings of each round of the last `stale_hours`, newest first."""
    oldest, latest = case.now - timedelta(hours=stale_hours), case.now + CLOCK_SKEW
    rounds = sorted((r for r in case.vitals if oldest <= r.when <= latest), key=lambda r: r.when, reverse=True)
    return tuple(_usable(r, case) for r in rounds)


def newest(rounds: tuple[Readings, ...], kind: str) -> Measurement | None:
    """The newest usable value of one kind."""
    return next((r.values[kind] for r in rounds if kind in r.values), None)


def newest_round(rounds: tuple[Readings, ...], kind: str) -> Readings | None:
    """The round that holds the newest usable value of one kind."""
    return next((r for r in rounds if kind in r.values), None)


def newest_coded(rounds: tuple[Readings, ...], kind: str) -> CodedResult | None:
    """The newest coded result of one kind."""
    return next((r.coded[kind] for r in rounds if kind in r.coded), None)


def rejections(rounds: tuple[Readings, ...]) -> Iterator[NotEvaluated]:
    """A note for each value that was left out, unless a newer usable one of its kind made it needless."""
    seen: set[str] = set()
    for readings in rounds:
        for kind, reason in readings.rejected.items():
            if kind not in seen and kind in NAMES:
                yield NotEvaluated(what=NAMES[kind], reason=reason)
                seen.add(kind)
        seen |= readings.values.keys()


def stale_note(case: Case, stale_hours: int) -> NotEvaluated:
    """Why no vital sign could be judged."""
    if any(r.when > case.now + CLOCK_SKEW for r in case.vitals):
        reason = f"dated in the future or older than {stale_hours} hours"
    elif case.vitals:
        reason = f"older than {stale_hours} hours"
    elif any(r.resource_type == "Observation" for r in case.refused):
        reason = "no vital sign could be read; observations were received that could not be used"
    else:
        reason = "the chart holds no vital signs"
    return NotEvaluated(what="vital signs", reason=reason)


def how_recent(when: datetime, now: datetime) -> str:
    """Age of a reading as a coarse interval: exact times stay with the sources of the finding."""
    hours = (now - when) / timedelta(hours=1)
    for limit in (1, 6, 24):
        if hours <= limit:
            return "within the last hour" if limit == 1 else f"within the last {limit} hours"
    return f"within the last {-int(-hours // 24)} days"


def least_age(when: When, now: datetime) -> timedelta | None:
    """The least age that a written time allows; None when it is coarser than a day."""
    if when.precision in (Precision.YEAR, Precision.MONTH):
        return None
    latest = when.start + timedelta(days=1) if when.precision is Precision.DAY else when.start
    return max(now - latest, timedelta(0))


def impossible(measured: Measurement, case: Case) -> str:
    """Why a value that no living person can have was not used, with the value in its canonical unit.

    A note names no source, so nothing of a resource with a restricting label is repeated in it.
    """
    value = f"{measured.value:.2f}".rstrip("0").rstrip(".")
    unit = PLAIN_UNITS.get(measured.unit, measured.unit)
    told = abs(measured.value) < LONGEST and measured.source not in case.sensitive
    shown = f"{value} {unit}".strip() if told else "a number"
    return f"recorded as {shown}, which is not possible (a wrong unit or a typing error?); not used"


def _usable(vitals: VitalsRound, case: Case) -> Readings:
    rejected = {k: impossible(m, case) for k, m in vitals.values.items() if not m.plausible}
    systolic, diastolic = vitals.values.get("systolic"), vitals.values.get("diastolic")
    if systolic and diastolic and systolic.value <= diastolic.value:
        reason = "systolic is not above diastolic pressure (swapped?), neither was used"
        rejected |= {"systolic": reason, "diastolic": reason}
    values = {k: m for k, m in vitals.values.items() if k not in rejected}
    return Readings(
        when=vitals.when, values=MappingProxyType(values), coded=vitals.coded, rejected=MappingProxyType(rejected)
    )
