"""The QT interval corrected for heart rate, by Fridericia: QT in ms by the cube root of the RR interval in seconds.

Source: Fridericia, Acta Medica Scandinavica 53:469 (1920); limits of normal by the AHA/ACCF/HRS recommendations for the
electrocardiogram, part IV (Rautaharju et al., 2009): prolonged from 450 ms in men and 460 ms in women. QT and heart
rate must be of the same electrocardiogram: the same resource or, failing that, at most ten minutes apart. A corrected
QT that the chart holds as such is taken when none can be computed, or when it is newer. A bundle branch block and
pacing lengthen the QT by themselves: said in the inputs.
"""

from __future__ import annotations

from datetime import timedelta

from cds_service.clinical.rule import RuleContext
from cds_service.clinical.scores.conditions import coded
from cds_service.clinical.scores.inputs import YEAR, age_of, newest_lab, time_of, usable_labs, vitals_of
from cds_service.clinical.scores.score import Result, Score, unique, without
from cds_service.domain import Citation, Value
from fhir_mappers.case import Case, Measurement

NAME = "corrected QT"
UNIT = "ms"
QT = "8634-8"
QTC = "8636-3"
CITATION = Citation(
    title="Recommendations for the Standardization and Interpretation of the Electrocardiogram, part IV",
    publisher="American Heart Association, American College of Cardiology Foundation, Heart Rhythm Society",
    year=2009,
    detail="QT interval",
)
TOGETHER = timedelta(minutes=10)
PROLONGED = {"male": 450, "female": 460}
STRICT = 460
"""Prolonged where the sex is not known."""

VERY_LONG = 500


def fridericia(qt_ms: float, heart_rate: float) -> int:
    """Corrected QT in ms from QT in ms and heart rate per minute."""
    return round(float(qt_ms / (60 / heart_rate) ** (1 / 3)))


def qt_category(value: float, sex: str | None) -> str:
    """``normal``, ``prolonged`` or, from 500 ms, ``very long``."""
    if value >= VERY_LONG:
        return "very long"
    return "prolonged" if value >= PROLONGED.get(sex or "", STRICT) else "normal"


def qtc(context: RuleContext) -> Result:
    """The newest corrected QT of at most 365 days, computed by Fridericia where QT and heart rate are there."""
    case = context.case
    pair = _pair(case)
    recorded = newest_lab(case, QTC, UNIT, YEAR)
    if pair is not None and not (recorded and age_of(case, recorded) < age_of(case, pair[0])):
        qt, rate = pair
        value = fridericia(float(qt.value), float(rate.value))
        inputs: dict[str, Value] = {"qt_ms": float(qt.value), "heart_rate": float(rate.value), "formula": "Fridericia"}
        return _score(case, value, inputs, qt, rate)
    if recorded is not None:
        return _score(case, round(recorded.value), {"formula": "as recorded"}, recorded)
    newest = newest_lab(case, QT, UNIT, YEAR)
    return without(NAME, "QT interval" if newest is None else "heart rate of the same time as the QT interval")


def _score(case: Case, value: int, inputs: dict[str, Value], *measured: Measurement) -> Score:
    wide = coded(case, "conduction-or-pacing")
    return Score(
        name=NAME,
        value=value,
        unit=UNIT,
        category=qt_category(value, case.demographics.sex),
        inputs={**inputs, "wide_qrs_coded": bool(wide)},
        sources=unique((*(m.source for m in measured), *(p.source for p in wide))),
        when=time_of(measured[0]),
    )


def _pair(case: Case) -> tuple[Measurement, Measurement] | None:
    """The newest QT of at most 365 days that has a heart rate of its own time."""
    rates = [rate for _, rate in vitals_of(case, "heart_rate", YEAR)]
    for qt in usable_labs(case, QT, UNIT):
        if age_of(case, qt) > YEAR:
            return None
        fitting = [r for r in rates if r.source == qt.source or _apart(r, qt) <= TOGETHER]
        if fitting:
            return qt, min(fitting, key=lambda r: (r.source != qt.source, _apart(r, qt)))
    return None


def _apart(one: Measurement, other: Measurement) -> timedelta:
    first, second = time_of(one), time_of(other)
    return timedelta.max if first is None or second is None else abs(first - second)
