"""How many canaries were tried, in how many charts, and which stood where none may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cds_service.evaluation.canaries.road import Road
from cds_service.evaluation.canaries.search import Canary, Leak, leaks
from cds_service.shares import Share, wilson


class Chart(Protocol):
    """A hook call to try."""

    @property
    def number(self) -> int:
        """Which of the charts of its seed."""

    @property
    def body(self) -> dict[str, Any]:
        """What is posted."""

    @property
    def at(self) -> datetime:
        """When."""

    @property
    def marks(self) -> Sequence[tuple[str, str, bool]]:
        """(label, text, known) of each canary; known: it stands in a field, not only in prose."""


@dataclass(kw_only=True)
class Count:
    """Charts and canaries of one kind, and what of them leaked."""

    charts: int = 0
    canaries: Counter[str] = field(default_factory=Counter)
    leaks: list[Leak] = field(default_factory=list)

    @property
    def tried(self) -> int:
        """All canaries."""
        return self.canaries.total()

    def leaked(self) -> Share:
        """Charts with a leak, with the 95 % interval (Wilson)."""
        return wilson(len({leak.chart for leak in self.leaks}), self.charts)

    def leaked_canaries(self) -> int:
        """Canaries that stood somewhere, each once."""
        return len({(leak.chart, leak.canary) for leak in self.leaks})

    def bound(self) -> float | None:
        """Upper 95 % bound of the share of charts with a leak: the rule of three where there was none.

        Source: Hanley and Lippman-Hand, JAMA 1983;249:1743-1745.
        """
        if not self.charts:
            return None
        return min(1.0, 3 / self.charts) if not self.leaks else self.leaked().high

    def as_json(self) -> dict[str, Any]:
        """Every figure; leaks by chart, place and label, without their text."""
        found = [{"chart": leak.chart, "place": leak.place, "label": leak.canary.label} for leak in self.leaks]
        return {
            "charts": self.charts,
            "canaries": self.tried,
            "by_label": dict(sorted(self.canaries.items())),
            "charts_with_leaks": self.leaked().hits,
            "canaries_leaked": self.leaked_canaries(),
            "upper_bound": self.bound(),
            "leaks": found,
        }


@dataclass(kw_only=True)
class Report:
    """`known`: identifiers of the chart's fields, in whatever spelling. `prose`: those that stand in prose alone."""

    seed: int
    places: tuple[str, ...] = ()
    texts: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    known: Count = field(default_factory=Count)
    prose: Count = field(default_factory=Count)

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return {
            "kind": "canaries",
            "version": 1,
            "seed": self.seed,
            "places": list(self.places),
            "characters": dict(self.texts),
            "exports_refused": self.refused,
            "known": self.known.as_json(),
            "prose": self.prose.as_json(),
        }


def measure(road: Road, charts: Iterable[Chart], *, seed: int, of: int, show: Callable[[float], None]) -> Report:
    """`of` charts down the road."""
    report = Report(seed=seed)
    for done, chart in enumerate(charts, start=1):
        places = road.walk(chart.body, chart.at, chart.number)
        _count(report, chart, places)
        show(done / of)
    report.refused = road.refused
    return report


def _count(report: Report, chart: Chart, places: Mapping[str, str]) -> None:
    report.places = tuple(places)
    report.texts.update({place: len(text) for place, text in places.items()})
    for count, known in ((report.known, True), (report.prose, False)):
        canaries = [Canary(label=label, text=text, known=k) for label, text, k in chart.marks if k is known]
        count.charts += bool(canaries)
        count.canaries.update(canary.label for canary in canaries)
        count.leaks += leaks(chart.number, places, canaries)
