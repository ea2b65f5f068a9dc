"""A report: every figure of one span, what changed, what is out of the ordinary, and what follows from it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from cds_service.ledger.database import Tx
from cds_service.ledger.encoding import canonical_json
from cds_service.oversight import drift, facts, inputs, running, usefulness
from cds_service.oversight.drift import Change
from cds_service.oversight.figures import Figure, Section
from cds_service.oversight.periods import TREND_POINTS, Period, Span, reference_of, spans_up_to
from cds_service.oversight.small_cells import is_small
from cds_service.oversight.thresholds import Threshold
from cds_service.oversight.trends import Trend, trends


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """What to do, and the figure that says so (`because`, with its interval and on how many it rests)."""

    id: str
    words: str
    because: str


@dataclass(frozen=True, kw_only=True)
class OpenAlert:
    """A limit that is passed. `words`: what that means; `since`: when it was first seen."""

    id: str
    words: str
    since: datetime


@dataclass(frozen=True, kw_only=True)
class Report:
    """One report. `before`: the span that `changes` compare with. `alerts`: as of when it was made."""

    period: Period
    span: Span
    before: Span
    sections: tuple[Section, ...]
    trends: tuple[Trend, ...]
    changes: tuple[Change, ...]
    recommendations: tuple[Recommendation, ...]
    versions: Mapping[str, tuple[str, ...]]
    alerts: tuple[OpenAlert, ...] = field(default=())

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All of them."""
        return tuple(figure for section in self.sections for figure in section.figures)

    @property
    def empty(self) -> bool:
        """Whether nothing was recorded in the span."""
        return all(figure.of == 0 for figure in self.figures)

    @property
    def digest(self) -> str:
        """SHA-256 over what is said (alerts apart, which come and go): names what somebody signs."""
        return hashlib.sha256(canonical_json(self._said()).encode("ascii")).hexdigest()

    def as_json(self) -> dict[str, object]:
        """For machines: nothing in it that people are not shown."""
        alerts = [{"id": a.id, "words": a.words, "since": a.since.isoformat()} for a in self.alerts]
        return self._said() | {"digest": self.digest, "alerts": alerts}

    def _said(self) -> dict[str, object]:
        return {
            "period": self.period.value,
            "from": self.span.first.isoformat(),
            "to": self.span.last.isoformat(),
            "compared_with": {"from": self.before.first.isoformat(), "to": self.before.last.isoformat()},
            "sections": [
                {
                    "id": section.id,
                    "title": section.title,
                    "figures": [figure.public() for figure in section.figures],
                    "breakdowns": [breakdown.public() for breakdown in section.breakdowns],
                }
                for section in self.sections
            ],
            "trends": [trend.public() for trend in self.trends],
            "changes": [
                {"feature": c.feature, "p": round(c.p, 6), "stability": round(c.stability, 4), "size": c.size}
                for c in self.changes
                if c.drifted
            ],
            "changes_tested": len(self.changes),
            "recommendations": [{"id": r.id, "words": r.words, "because": r.because} for r in self.recommendations],
            "versions": {name: list(values) for name, values in self.versions.items()},
        }


def make_report(
    tx: Tx, period: Period, span: Span, *, zone: ZoneInfo, checks: Mapping[str, str], advice: Sequence[Threshold]
) -> Report:
    """The report of `span`, in one read transaction. `checks`: the safety check by each of its fixed reasons."""
    found = facts.read(tx, span)
    before = reference_of(period, span, zone)
    changes = drift.changes(inputs.features(facts.read(tx, before, whole=False), found))
    lines = trends(tx, spans_up_to(period, span, TREND_POINTS[period], zone))
    sections = sections_of(found, checks)
    figures = [figure for section in sections for figure in section.figures]
    return Report(
        period=period,
        span=span,
        before=before,
        sections=sections,
        trends=lines,
        changes=changes,
        recommendations=(*_from_figures(advice, figures), *_from_trends(lines), *_from_changes(changes)),
        versions=found.versions,
    )


def sections_of(found: facts.Facts, checks: Mapping[str, str]) -> tuple[Section, ...]:
    """All figures of `found`."""
    return (
        running.volume_section(found),
        usefulness.agreement_section(found),
        usefulness.triage_section(found),
        usefulness.cards_section(found),
        usefulness.decisions_section(found),
        running.model_section(found, checks),
        running.times_section(found),
    )


def said_of(figure: Figure) -> str:
    """A figure in one line: its name, value, interval, and on how many it rests."""
    interval = f", 95 % interval {figure.interval}" if figure.interval else ""
    return f"{figure.title}: {figure.text}{interval}, n = {figure.basis}"


def _from_figures(advice: Sequence[Threshold], figures: Sequence[Figure]) -> list[Recommendation]:
    return [
        Recommendation(id=threshold.id, words=threshold.words, because=said_of(figure))
        for threshold in advice
        for figure in threshold.among(figures)
        if threshold.passed_by(figure)
    ]


def _from_trends(lines: Sequence[Trend]) -> list[Recommendation]:
    return [
        Recommendation(
            id="signal",
            words="Find out what changed: the newest point is no usual variation.",
            because=f"{line.title}: {', '.join(line.signals)}, n = {_count(line.points[-1].of)}",
        )
        for line in lines
        if line.signals
    ]


def _from_changes(changes: Sequence[Change]) -> list[Recommendation]:
    return [
        Recommendation(
            id="drift",
            words="Find out why this is not distributed as before: the clinic's patients, its EHR, or a version.",
            because=f"{change.feature}: p = {change.p:.2g} (adjusted), stability index {change.stability:.2f}, "
            f"{change.size}, n = {_count(sum(change.before.values()))} before, {_count(sum(change.now.values()))} now",
        )
        for change in changes
        if change.drifted and change.size != "small"
    ]


def _count(of: int) -> str:
    return "<5" if is_small(of) else str(of)
