"""NEWS2, the National Early Warning Score (Royal College of Physicians, London, 2017).

Seven parameters of one contemporaneous set of vital signs score 0 to 3 each (oxygen 0 or 2). For people of 16 and
over who are not pregnant. Thresholds and responses: total 0 to 4 low, any single 3 an urgent review, 5 or 6 an urgent
review, 7 or more an emergency response. SpO2 scale 2 is used only on a documented clinician decision (hypercapnic
respiratory failure), never because of a diagnosis.

A missing or unusable parameter makes the total "at least N": it may alarm and never reassures. Decimals are rounded
half up to the chart's own steps (whole numbers; one decimal for temperature). A value with a comparator scores the
least that it allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from cds_service.clinical.consciousness import Acvpu, acvpu_of, affirms, oxygen_of
from cds_service.clinical.population import age_span, pregnant
from cds_service.clinical.readings import NAMES, Readings, fresh_rounds, how_recent, rejections, stale_note
from cds_service.clinical.rule import Rule, RuleContext, RuleResult
from cds_service.clinical.urgency import where_and_when
from cds_service.domain import Citation, Finding, NotEvaluated, Priority, Value
from fhir_mappers.case import Case, Measurement

VERSION = "1.1"

CITATION = Citation(
    title="National Early Warning Score (NEWS) 2",
    publisher="Royal College of Physicians, London",
    year=2017,
    url="https://www.rcp.ac.uk/improving-care/resources/national-early-warning-score-news-2/",
)

PARAMETERS = ("respiratory_rate", "spo2", "oxygen", "systolic", "heart_rate", "consciousness", "temperature")

SUPERSEDED_AFTER = timedelta(hours=1)
"""A partial recheck within this time of a fuller set does not replace it, unless the recheck alone scores more."""

Band = tuple[Decimal | None, int]
"""Highest value of the band (None: no upper end) and its points; bands stand in rising order."""


def _bands(*rows: tuple[str | None, int]) -> tuple[Band, ...]:
    return tuple((None if top is None else Decimal(top), points) for top, points in rows)


BANDS: Mapping[str, tuple[Band, ...]] = {
    "respiratory_rate": _bands(("8", 3), ("11", 1), ("20", 0), ("24", 2), (None, 3)),
    "spo2": _bands(("91", 3), ("93", 2), ("95", 1), (None, 0)),
    "systolic": _bands(("90", 3), ("100", 2), ("110", 1), ("219", 0), (None, 3)),
    "heart_rate": _bands(("40", 3), ("50", 1), ("90", 0), ("110", 1), ("130", 2), (None, 3)),
    "temperature": _bands(("35.0", 3), ("36.0", 1), ("38.0", 0), ("39.0", 1), (None, 2)),
}
SPO2_SCALE_2_AIR = _bands(("83", 3), ("85", 2), ("87", 1), (None, 0))
SPO2_SCALE_2_OXYGEN = _bands(("83", 3), ("85", 2), ("87", 1), ("92", 0), ("94", 1), ("96", 2), (None, 3))
OXYGEN_POINTS = 2
NOT_ALERT_POINTS = 3
SCALE_2_KINDS = ("spo2_scale_2", "hypercapnic_target")
STEP = {"temperature": Decimal("0.1")}
ROOM_AIR_PERCENT = 21
GCS_ALERT = 15
GCS_VOICE = 13
"""Median of people who respond to voice (McNarry and Goldhill, Anaesthesia 59:34, 2004)."""


@dataclass(frozen=True, kw_only=True)
class News2:
    """One scored set. `points` holds the parameters that could be scored; the rest are in `missing`.

    `open_ended` is set when a scored value was written with a comparator, so that its points are a minimum.
    """

    points: Mapping[str, int]
    scale: int = 1
    open_ended: bool = False

    @property
    def total(self) -> int:
        """Sum of the points."""
        return sum(self.points.values())

    @property
    def missing(self) -> tuple[str, ...]:
        """Parameters that could not be scored."""
        return tuple(p for p in PARAMETERS if p not in self.points)

    @property
    def at_least(self) -> bool:
        """Whether the true total may be higher."""
        return bool(self.missing) or self.open_ended

    @property
    def single_three(self) -> tuple[str, ...]:
        """Parameters that score 3."""
        return tuple(p for p, n in self.points.items() if n == 3)

    @property
    def priority(self) -> Priority:
        """Critical from 7, High from 5 or with a single 3, else Low."""
        if self.total >= 7:
            return Priority.CRITICAL
        if self.total >= 5 or self.single_three:
            return Priority.HIGH
        return Priority.LOW


def points_for(bands: Sequence[Band], value: Decimal, comparator: str | None = None, step: Decimal = Decimal(1)) -> int:
    """Points of `value`, rounded half up to `step`; with a comparator the least points that it allows."""
    rounded = value.quantize(step, rounding=ROUND_HALF_UP)
    index = next(i for i, (top, _) in enumerate(bands) if top is None or rounded <= top)
    if comparator in ("<", "<="):
        below = rounded - step if comparator == "<" else rounded
        last = next(i for i, (top, _) in enumerate(bands) if top is None or below <= top)
        return min(points for _, points in bands[: last + 1])
    if comparator in (">", ">="):
        above = rounded + step if comparator == ">" else rounded
        first = next(i for i, (top, _) in enumerate(bands) if top is None or above <= top)
        return min(points for _, points in bands[first:])
    return bands[index][1]


def score(
    values: Mapping[str, Measurement], *, oxygen: bool | None, level: Acvpu | None, scale_2: bool = False
) -> News2:
    """NEWS2 of one set of usable vital signs (UCUM: /min, %, mm[Hg], Cel).

    `oxygen`: supplemental oxygen is given, None when unknown. `level`: ACVPU, None when unknown.
    """
    points: dict[str, int] = {}
    for kind, bands in BANDS.items():
        measured = values.get(kind)
        if measured is None:
            continue
        if kind == "spo2" and scale_2:
            bands = SPO2_SCALE_2_OXYGEN if oxygen else SPO2_SCALE_2_AIR
        points[kind] = points_for(bands, measured.value, measured.comparator, STEP.get(kind, Decimal(1)))
    if oxygen is not None:
        points["oxygen"] = OXYGEN_POINTS if oxygen else 0
    if level is not None:
        points["consciousness"] = 0 if level is Acvpu.ALERT else NOT_ALERT_POINTS
    ordered = {p: points[p] for p in PARAMETERS if p in points}
    open_ended = any(values[k].comparator for k in ordered if k in values)
    return News2(points=ordered, scale=2 if scale_2 else 1, open_ended=open_ended)


def score_round(readings: Readings, *, scale_2: bool = False) -> News2:
    """NEWS2 of one round of readings."""
    return score(readings.values, oxygen=on_oxygen(readings), level=alertness(readings), scale_2=scale_2)


def on_oxygen(readings: Readings) -> bool | None:
    """Whether this round was taken on supplemental oxygen (flow above 0, FiO2 above 21 %, or a coded result)."""
    flow, share = readings.values.get("oxygen_flow"), readings.values.get("fio2")
    delivery = readings.coded.get("oxygen_delivery")
    said = [
        None if flow is None else flow.value > 0,
        None if share is None else share.value > ROOM_AIR_PERCENT,
        None if delivery is None else oxygen_of(delivery),
    ]
    known = [s for s in said if s is not None]
    return any(known) if known else None


def alertness(readings: Readings) -> Acvpu | None:
    """ACVPU of this round; without it a Glasgow Coma Scale of 15 is alert and a lower one is not (new confusion).

    "Alert" beside a coma scale of 13 or less contradicts itself: the worse of the two counts.
    """
    coded = readings.coded.get("consciousness")
    level = None if coded is None else acvpu_of(coded)
    gcs = readings.values.get("gcs")
    if gcs is None or gcs.comparator is not None:
        return level
    if level is None:
        return Acvpu.ALERT if gcs.value >= GCS_ALERT else Acvpu.CONFUSION
    return Acvpu.VOICE if level is Acvpu.ALERT and gcs.value <= GCS_VOICE else level


def scale_2_documented(case: Case) -> bool:
    """Whether a clinician documented the 88 to 92 % target (SpO2 scale 2). A COPD diagnosis is not enough."""
    decisions = [r for r in case.coded_results if r.kind in SCALE_2_KINDS]
    decisions.sort(key=lambda r: (r.when is not None, r.when.start if r.when else case.now))
    return bool(decisions) and affirms(decisions[-1])


def choose(rounds: tuple[Readings, ...], *, scale_2: bool = False) -> tuple[Readings, News2] | None:
    """The round that counts, and its score; `rounds` stand newest first. None when nothing can be scored.

    The newest round with any parameter counts, except that a fuller round of the hour before stands until it is
    replaced by one as full; a newer, partial round counts after all when it alone scores more.
    """
    scored = [(r, s) for r in rounds if (s := score_round(r, scale_2=scale_2)).points]
    if not scored:
        return None
    newest = scored[0][0].when
    recent = [(r, s) for r, s in scored if newest - r.when <= SUPERSEDED_AFTER]
    fullest = max(range(len(recent)), key=lambda i: (len(recent[i][1].points), -i))
    return max(recent[: fullest + 1], key=lambda pair: (pair[1].total, len(pair[1].points)))


def evaluate(context: RuleContext) -> RuleResult:
    """NEWS2 of the newest usable set of vital signs, as a finding at every total."""
    case = context.case
    if pregnant(case.demographics):
        return RuleResult()  # not valid in pregnancy; the maternal limits hold
    span = age_span(case)
    if span is None or not (span.adult or span.child):
        reason = "the birth date is missing or too coarse to tell 16 and over"
        return RuleResult(not_evaluated=(NotEvaluated(what="NEWS2", reason=reason),))
    if span.child:
        return RuleResult()  # not valid under 16; the limits for children hold
    rounds = fresh_rounds(case, context.stale_hours)
    chosen = choose(rounds, scale_2=scale_2_documented(case))
    if chosen is None:
        note = stale_note(case, context.stale_hours) if not rounds else None
        missing = NotEvaluated(what="NEWS2", reason="no usable vital sign")
        return RuleResult(not_evaluated=(note or missing, *rejections(rounds)))
    readings, result = chosen
    notes = list(rejections((readings,)))
    if result.missing:
        names = ", ".join(NAMES[p] for p in result.missing)
        notes.append(NotEvaluated(what="NEWS2", reason=f"incomplete, missing: {names}"))
    return RuleResult(findings=(_finding(context, readings, result),), not_evaluated=tuple(notes))


def _finding(context: RuleContext, readings: Readings, result: News2) -> Finding:
    total = f"at least {result.total}" if result.at_least else str(result.total)
    parts = ", ".join(f"{NAMES[p]} {n}" for p, n in result.points.items() if n)
    reason = f"NEWS2 total is {total}" + (f" ({parts})" if parts else "")
    reason += f", from vital signs measured {how_recent(readings.when, context.case.now)}"
    if result.missing:
        reason += (
            f"; {len(result.missing)} of {len(PARAMETERS)} parameters are missing, so the true total may be higher"
        )
    values: dict[str, Value] = {"score": result.total, "scale": result.scale, "complete": not result.at_least}
    values |= {p: result.points.get(p) for p in PARAMETERS}
    if result.missing:
        values["missing"] = ", ".join(result.missing)
    return Finding(
        rule=RULE.id,
        version=VERSION,
        priority=result.priority,
        title=f"NEWS2 {total}: {_meaning(result)}",
        reason=reason + ".",
        citation=CITATION,
        values=values,
        sources=_sources(readings),
        at_least=result.at_least,
        topic="vital-signs",
        where_and_when=where_and_when(context.setting, result.priority),
    )


def _meaning(result: News2) -> str:
    if result.total >= 7:
        return "emergency response"
    if result.total >= 5:
        return "urgent review"
    if result.single_three:
        return "urgent review, one parameter scores 3"
    return "incomplete, does not reassure" if result.at_least else "low"


def _sources(readings: Readings) -> tuple[str, ...]:
    kinds = (*BANDS, "oxygen_flow", "fio2", "gcs")
    measured = [readings.values[k].source for k in kinds if k in readings.values]
    coded = [readings.coded[k].source for k in ("consciousness", "oxygen_delivery") if k in readings.coded]
    return tuple(dict.fromkeys((*measured, *coded)))


def _table() -> tuple[tuple[str, ...], ...]:
    rows: list[tuple[str, ...]] = [("Parameter", "Values and points")]
    scales = [*BANDS.items(), ("spo2 scale 2, air", SPO2_SCALE_2_AIR), ("spo2 scale 2, oxygen", SPO2_SCALE_2_OXYGEN)]
    for name, bands in scales:
        text = "; ".join(f"{'above' if top is None else f'to {top}'}: {points}" for top, points in bands)
        rows.append((NAMES.get(name, name), text))
    rows.append(("oxygen delivery", f"supplemental oxygen: {OXYGEN_POINTS}"))
    rows.append(("level of consciousness", f"anything but alert: {NOT_ALERT_POINTS}"))
    return tuple(rows)


RULE = Rule(
    id="news2",
    version=VERSION,
    title="NEWS2, National Early Warning Score",
    summary=(
        "Adds up seven vital signs of one contemporaneous set. Total 0 to 4 Low, a single 3 or a total of 5 or 6 High, "
        "7 or more Critical. A missing parameter makes the total 'at least', which may alarm and never reassures. "
        "SpO2 scale 2 only on a documented clinician decision."
    ),
    population="16 and over, not pregnant",
    citations=(CITATION,),
    priorities=(Priority.LOW, Priority.HIGH, Priority.CRITICAL),
    evaluate=evaluate,
    fires="Breathing rate 26, saturation 91 % on air, systolic 105, heart rate 118, alert, 38.6 °C: 10, Critical.",
    quiet="Breathing rate 16, saturation 97 % on air, systolic 124, heart rate 76, alert, 37.0 °C: total 0, Low.",
    limits=_table(),
)
