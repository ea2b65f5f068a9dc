"""How many canaries were tried, in how many charts, and which stood where none may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cds_service.evaluation.canaries.exports import Exported, Exports, shifted
from cds_service.evaluation.canaries.road import CLIENT, Road
from cds_service.evaluation.canaries.search import Canary, Haystack, Leak, haystacks, leaks_in
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

    @property
    def said(self) -> Sequence[str]:
        """What a clinician may write of it."""

    @property
    def said_marks(self) -> Sequence[tuple[str, str, bool]]:
        """The canaries of `said`."""


Decided = tuple[Chart, tuple[str, ...], list[Haystack]]
"""A decided chart, the ids of its cases, and what its decision left behind."""


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
    """`known`: identifiers of the chart's fields, in whatever spelling. `prose`: those that stand in prose alone.

    `exported`: of fields, and names of staff, in what was decided and exported; `exported_prose`: in prose alone.
    `cases`: how many charts were to be decided; `files`: where their canaries were looked for.
    """

    seed: int
    cases: int = 0
    places: tuple[str, ...] = ()
    texts: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    known: Count = field(default_factory=Count)
    prose: Count = field(default_factory=Count)
    exported: Count = field(default_factory=Count)
    exported_prose: Count = field(default_factory=Count)
    exports: Exported = field(default_factory=Exported)
    files: tuple[str, ...] = ()

    @property
    def leaked(self) -> tuple[str, ...]:
        """Where identifiers of fields, or names of staff, were found."""
        return tuple(sorted({leak.place for leak in (*self.known.leaks, *self.exported.leaks)}))

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
            "exported": self.exported.as_json(),
            "exported_prose": self.exported_prose.as_json(),
            "exports": {
                "files": list(self.files),
                "rows": dict(self.exports.rows),
                "left_out": dict(self.exports.left_out),
                "refused": self.exports.refused,
            },
        }


def measure(
    road: Road,
    charts: Iterable[Chart],
    *,
    seed: int,
    of: int,
    show: Callable[[float], None],
    exports: Exports | None = None,
    cases: int = 0,
) -> Report:
    """`of` charts down the road; of the first that wait for a decision, `cases` are decided and exported."""
    report = Report(seed=seed, cases=cases)
    decided: list[Decided] = []
    for done, chart in enumerate(charts, start=1):
        places = road.walk(chart.body, chart.at, chart.number)
        report.places = tuple(places)
        report.texts.update({place: len(text) for place, text in places.items()})
        _search((report.known, report.prose), chart.number, chart.marks, haystacks(places))
        if exports is not None and exports.decided < cases:
            ids = exports.decide(chart.said, road.cards, client=CLIENT, at=chart.at)
            if ids:
                decided.append((chart, ids, haystacks(road.behind())))
        show(done / of)
    report.refused = road.refused
    if exports is not None and decided:
        _exported(report, exports, decided)
    return report


def _exported(report: Report, exports: Exports, decided: Sequence[Decided]) -> None:
    """Write the exports of `decided` charts; each with what its decision left outside the vault and in the log.

    An expert's export holds shifted dates. That of one chart may by accident be a true one of another, so dates of a
    chart are looked for in what was kept of that chart: in the lines of its own cases, of which every file is made.
    """
    places = exports.write()
    stacks = haystacks(places)
    for chart, ids, behind in decided:
        marks = dict.fromkeys((*chart.marks, *chart.said_marks))
        dates = [mark for mark in marks if mark[0] == "DATE"]
        own = {p: "\n".join(line for line in t.splitlines() if any(i in line for i in ids))
               for p, t in places.items() if shifted(p)}  # fmt: skip
        counts = (report.exported, report.exported_prose)
        _search(counts, chart.number, marks, [*behind, *(s for s in stacks if not shifted(s.place))])
        _look(counts, chart.number, [m for m in marks if m not in dates], [s for s in stacks if shifted(s.place)])
        _look(counts, chart.number, dates, haystacks(own))
    staff = [Canary(label="STAFF", text=word, known=True) for name in exports.staff for word in name.split()]
    report.exported.canaries.update(canary.label for canary in staff)
    report.exported.leaks += leaks_in(0, stacks, staff)
    report.exports, report.files = exports.exported, tuple(places)


def _search(
    counts: tuple[Count, Count], number: int, marks: Iterable[tuple[str, str, bool]], stacks: Sequence[Haystack]
) -> None:
    """Count the canaries of a chart, those of fields in the first of `counts`, and look for them."""
    drawn = list(marks)
    for count, known in zip(counts, (True, False), strict=True):
        labels = [label for label, _, k in drawn if k is known]
        count.charts += bool(labels)
        count.canaries.update(labels)
    _look(counts, number, drawn, stacks)


def _look(
    counts: tuple[Count, Count], number: int, marks: Iterable[tuple[str, str, bool]], stacks: Sequence[Haystack]
) -> None:
    """Look for the canaries of a chart; leaks of those of fields go to the first of `counts`."""
    canaries = [Canary(label=label, text=text, known=known) for label, text, known in marks]
    for leak in leaks_in(number, stacks, canaries):
        counts[not leak.canary.known].leaks.append(leak)
