"""The chart as the page shows it: vital signs with their points and trends, and lists of the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cds_service.clinical import news2
from cds_service.clinical.readings import NAMES, PLAIN_UNITS, fresh_rounds
from cds_service.web.site.review.trend import Trend, trend
from fhir_mappers.case import Case, LabSeries, Measurement
from fhir_mappers.vitals import VITALS

SHOWN_VITALS = ("respiratory_rate", "spo2", "systolic", "diastolic", "heart_rate", "temperature", "gcs", "pain")
"""In the order of the NEWS2 chart; others of the newest round stand in the table."""

MOST_ROUNDS = 12
MOST_LABS = 8
LABELS = {
    "respiratory_rate": "Breathing rate", "spo2": "Oxygen saturation", "systolic": "Systolic pressure",
    "diastolic": "Diastolic pressure", "temperature": "Temperature", "oxygen_flow": "Oxygen flow",
    "fio2": "Inspired oxygen",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Vital:
    """One vital sign: the newest value that counts, what it scores (None: nothing does), and its course."""

    label: str
    value: str
    unit: str
    at: datetime
    points: int | None
    trend: Trend | None


@dataclass(frozen=True, kw_only=True)
class Lab:
    """The newest result of one test, the one before, and whether a finding rests on it."""

    label: str
    value: str
    at: datetime | None
    before: str | None
    before_at: datetime | None
    cited: bool
    preliminary: bool


@dataclass(frozen=True, kw_only=True)
class Round:
    """One round of vital signs, as a row of the table."""

    at: datetime
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Vitals:
    """All of them. `total`: NEWS2 as its finding says it; `extra`: its parts that are no measurement, with points."""

    vitals: tuple[Vital, ...]
    total: str | None
    missing: str | None
    extra: tuple[tuple[str, str, int], ...]
    columns: tuple[str, ...]
    rounds: tuple[Round, ...]


def vitals(case: Case, score: Mapping[str, Any] | None, *, stale_hours: int) -> Vitals:
    """Vital signs of `case`. `score`: the values of its NEWS2 finding, None where there is none."""
    chosen = news2.choose(fresh_rounds(case, stale_hours), scale_2=news2.scale_2_documented(case))
    counted = chosen[0].values if chosen and score else {}
    shown = []
    for kind in SHOWN_VITALS:
        course = _course(case, kind)
        if not course:
            continue
        one = counted.get(kind, course[-1])
        shown.append(_vital(kind, one, course, score if kind in counted else None))
    rounds = sorted(case.vitals, key=lambda r: r.when, reverse=True)[:MOST_ROUNDS]
    columns = tuple(kind for kind in VITALS if any(kind in r.values for r in rounds))
    return Vitals(
        vitals=tuple(shown),
        total=_total(score),
        missing=_missing(score),
        extra=_extra(score),
        columns=tuple(_column(kind) for kind in columns),
        rounds=tuple(Round(at=r.when, values=tuple(_cell(r.values.get(kind)) for kind in columns)) for r in rounds),
    )


def labs(case: Case, cited: Collection[str]) -> tuple[tuple[Lab, ...], tuple[Lab, ...]]:
    """What findings rest on and the newest results, and the rest. `cited`: handles of the findings' sources."""
    rows = [_lab(series, cited) for series in case.labs]
    rows.sort(key=lambda lab: (not lab.cited, -(lab.at.timestamp() if lab.at else 0)))
    return tuple(rows[:MOST_LABS]), tuple(rows[MOST_LABS:])


def _course(case: Case, kind: str) -> list[Measurement]:
    """The plausible values of one kind, oldest first."""
    rounds = sorted(case.vitals, key=lambda r: r.when)[-MOST_ROUNDS:]
    return [r.values[kind] for r in rounds if kind in r.values and r.values[kind].plausible]


def _vital(kind: str, one: Measurement, course: Iterable[Measurement], score: Mapping[str, Any] | None) -> Vital:
    unit = _unit(one.unit)
    told = [(m.when.start, float(m.value)) for m in course if m.when]
    points = score.get(kind) if score else None
    return Vital(
        label=_label(kind),
        value=_number(one),
        unit=unit,
        at=one.when.start if one.when else told[-1][0],
        points=points if isinstance(points, int) else None,
        trend=trend(told, usual=_usual(kind), unit=unit),
    )


def _usual(kind: str) -> tuple[float, float] | None:
    """The range that scores nothing in NEWS2."""
    below = None
    for top, points in news2.BANDS.get(kind, ()):
        if points == 0:
            return (float(below or 0), float(top if top is not None else 100))
        below = top
    return None


def _total(score: Mapping[str, Any] | None) -> str | None:
    if score is None or score.get("score") is None:
        return None
    return str(score["score"]) if score.get("complete") else f"at least {score['score']}"


def _missing(score: Mapping[str, Any] | None) -> str | None:
    named = score.get("missing") if score else None
    return ", ".join(NAMES.get(part, part) for part in str(named).split(", ")) if named else None


def _extra(score: Mapping[str, Any] | None) -> tuple[tuple[str, str, int], ...]:
    found = []
    for kind, label, nothing, something in (
        ("oxygen", "Oxygen", "breathing air", "on supplemental oxygen"),
        ("consciousness", "Consciousness", "alert", "not alert"),
    ):
        points = score.get(kind) if score else None
        if isinstance(points, int):
            found.append((label, something if points else nothing, points))
    return tuple(found)


def _lab(series: LabSeries, cited: Collection[str]) -> Lab:
    newest, before = series.latest, series.results[1] if len(series.results) > 1 else None
    return Lab(
        label=series.label,
        value=newest.as_written,
        at=newest.when.start if newest.when else None,
        before=before.as_written if before else None,
        before_at=before.when.start if before and before.when else None,
        cited=newest.source in cited,
        preliminary=newest.preliminary,
    )


def _label(kind: str) -> str:
    return LABELS.get(kind, VITALS[kind].label)


def _unit(unit: str) -> str:
    plain = {"/min": "/min", "mm[Hg]": "mmHg", "kg/m2": "kg/m²"}
    return plain.get(unit, PLAIN_UNITS.get(unit, unit))


def _number(measured: Measurement) -> str:
    value = f"{measured.value:f}"
    value = value.rstrip("0").rstrip(".") if "." in value else value
    return f"{measured.comparator or ''}{value}"


def _column(kind: str) -> str:
    unit = _unit(VITALS[kind].unit)
    return f"{_label(kind)} ({unit})" if unit else _label(kind)


def _cell(measured: Measurement | None) -> str:
    if measured is None:
        return ""
    return _number(measured) if measured.plausible else f"{_number(measured)} (not possible)"
