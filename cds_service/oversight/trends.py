"""The same few figures, span after span, with control limits. Counted by the database: a year is read in moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, case, exists, func, select

from cds_service.domain import AssessmentStatus, Priority
from cds_service.ledger.database import Tx
from cds_service.ledger.records import FeedbackOutcome
from cds_service.ledger.tables import answer, feedback, review_case, review_event, review_record
from cds_service.oversight import control
from cds_service.oversight.figures import Unit, quantile, written
from cds_service.oversight.periods import Span
from cds_service.oversight.small_cells import HIDDEN, hides, is_small
from cds_service.review.states import Informing
from cds_service.review.values import SHADOW, Verdict


@dataclass(frozen=True, kw_only=True)
class Point:
    """One span of a trend. `hits`: None for what is no share. `held_back`: the centre would tell the hidden one."""

    label: str
    value: float | None
    hits: int | None
    of: int
    held_back: bool = False

    @property
    def hidden(self) -> bool:
        """Whether its value must not be shown."""
        return self.held_back or is_small(self.of) or (self.hits is not None and hides(self.hits, self.of))

    def text(self, unit: Unit) -> str:
        """The value, for people."""
        if self.hidden:
            return "not shown"
        return "no data" if self.value is None else written(self.value, unit)

    @property
    def basis(self) -> str:
        """On how many it rests, for people."""
        return HIDDEN if is_small(self.of) else str(self.of)


@dataclass(frozen=True, kw_only=True)
class Trend:
    """One figure over time. `signals`: what its newest point is a signal of, judged on what was counted."""

    id: str
    title: str
    unit: Unit
    points: tuple[Point, ...]
    limits: control.Limits | None
    signals: tuple[str, ...]

    def public(self) -> dict[str, object]:
        """For JSON: as much as may be shown."""
        return {
            "id": self.id,
            "title": self.title,
            "unit": self.unit.value,
            "centre": None if self.limits is None else round(self.limits.centre, 4),
            "signals": list(self.signals),
            "points": [
                {
                    "from": point.label,
                    "value": None if point.hidden or point.value is None else round(point.value, 4),
                    "of": None if is_small(point.of) else point.of,
                    "low": self.bound(place, "low"),
                    "high": self.bound(place, "high"),
                }
                for place, point in enumerate(self.points)
            ],
        }

    def bound(self, place: int, side: str) -> float | None:
        """The lower or upper limit at one point, no further than the figure can go."""
        if self.limits is None or is_small(self.points[place].of):
            return None
        bound = (self.limits.low if side == "low" else self.limits.high)[place]
        most = 1.0 if self.unit is Unit.SHARE else float("inf")
        return None if bound is None else round(min(most, max(0.0, bound)), 4)


def trends(tx: Tx, spans: Sequence[Span]) -> tuple[Trend, ...]:
    """Every trend over `spans`, the newest last."""
    answers = [_answers(tx, span) for span in spans]
    decisions = [_decisions(tx, span) for span in spans]
    return (
        _share("under-triage.system", "Floor with model below the clinician", spans, [d.under for d in decisions]),
        _share("over-triage.system", "Floor with model above the clinician", spans, [d.over for d in decisions]),
        _share("answers.urgent", "Answers with a High or Critical floor", spans, [a[0] for a in answers]),
        _share("answers.withheld", "Answers whose draft was withheld", spans, [a[1] for a in answers]),
        _share("cards.overridden", "Feedback that overrides", spans, [_feedback(tx, span) for span in spans]),
        _share("cases.escalated", "Escalated, of cases told", spans, [_escalated(tx, span) for span in spans]),
        _times("time.review.median", "Time per review, median", Unit.SECONDS, spans, [d.review_s for d in decisions]),
    )


@dataclass(frozen=True, kw_only=True)
class _Decided:
    under: tuple[int, int]
    over: tuple[int, int]
    review_s: list[float]


def _share(id_: str, title: str, spans: Sequence[Span], counts: Sequence[tuple[int, int]]) -> Trend:
    points = tuple(
        Point(label=span.label, value=hits / of if of else None, hits=hits, of=of)
        for span, (hits, of) in zip(spans, counts, strict=True)
    )
    limits = control.p_limits(counts)
    return _trend(id_, title, Unit.SHARE, points if limits is None else _with_a_partner(points), limits)


def _with_a_partner(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """The points; where one alone is hidden, the next smallest too, since the centre tells the sum of all."""
    open_ = [point for point in points if not point.hidden and point.hits]
    if sum(point.hidden for point in points) != 1 or not open_:
        return points
    least = min(open_, key=lambda point: point.hits or 0)
    return tuple(replace(point, held_back=point is least) for point in points)


def _times(id_: str, title: str, unit: Unit, spans: Sequence[Span], measured: Sequence[list[float]]) -> Trend:
    points = tuple(
        Point(label=span.label, value=quantile(values, 0.5), hits=None, of=len(values))
        for span, values in zip(spans, measured, strict=True)
    )
    return _trend(id_, title, unit, points, control.xmr_limits([p.value for p in points]))


def _trend(id_: str, title: str, unit: Unit, points: tuple[Point, ...], limits: control.Limits | None) -> Trend:
    found = control.signals([point.value for point in points], limits)
    return Trend(id=id_, title=title, unit=unit, points=points, limits=limits, signals=found)


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _answers(tx: Tx, span: Span) -> tuple[tuple[int, int], tuple[int, int]]:
    """Urgent of all; withheld of those with a finished draft."""
    withheld = answer.c.status == AssessmentStatus.WITHHELD.value
    finished = answer.c.status.in_([AssessmentStatus.WITHHELD.value, AssessmentStatus.READY.value])
    row = tx.execute(
        select(func.count(), _sum(answer.c.floor >= Priority.HIGH.value), _sum(withheld), _sum(finished)).where(
            answer.c.created_at >= span.start,
            answer.c.created_at < span.end,
            answer.c.stage != SHADOW,
        )
    ).one()
    return (int(row[1]), int(row[0])), (int(row[2]), int(row[3]))


def _decisions(tx: Tx, span: Span) -> _Decided:
    record = review_record.c
    rows = tx.execute(
        select(record.system_priority, record.priority, record.verdict, record.review_s).where(
            record.decided_at >= span.start, record.decided_at < span.end, record.stage != SHADOW
        )
    ).all()
    pairs = [(r[0], r[1]) for r in rows if r[1] is not None and r[2] != Verdict.DISMISS.value]
    return _Decided(
        under=(sum(system < given for system, given in pairs), len(pairs)),
        over=(sum(system > given for system, given in pairs), len(pairs)),
        review_s=[r[3] for r in rows if r[3] is not None and r[3] >= 0],
    )


def _feedback(tx: Tx, span: Span) -> tuple[int, int]:
    overridden = feedback.c.outcome == FeedbackOutcome.OVERRIDDEN.value
    within = (feedback.c.received_at >= span.start, feedback.c.received_at < span.end)
    row = tx.execute(select(_sum(overridden), func.count()).where(*within)).one()
    return int(row[0]), int(row[1])


def _escalated(tx: Tx, span: Span) -> tuple[int, int]:
    """Cases opened in the span: escalated, of those of which a physician was told."""
    cases = review_case.c
    told = (
        cases.opened_at >= span.start,
        cases.opened_at < span.end,
        cases.stage != SHADOW,
        cases.informing != Informing.NOT_NEEDED.value,
    )
    escalated = exists().where(review_event.c.case == cases.id, review_event.c.after == Informing.ESCALATED.value)
    row = tx.execute(select(_sum(escalated), func.count()).select_from(review_case).where(*told)).one()
    return int(row[0]), int(row[1])
