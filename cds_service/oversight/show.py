"""A report in Markdown and on a terminal: the same words and the same hidden counts as on the page."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.oversight.report import Report
from cds_service.oversight.small_cells import HIDDEN

NOTHING = "Nothing was recorded in this span."


def markdown(report: Report) -> str:
    """The whole report."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"# Monitoring, {report.period.value}: {report.span.first} to {report.span.last}\n"
    if report.empty:
        yield f"{NOTHING}\n"
    yield from _advice(report)
    for section in report.sections:
        yield f"## {section.title}\n"
        yield "| figure | value | 95 % interval | n |\n|---|---|---|---|"
        yield from (f"| {f.title} | {f.text} | {f.interval} | {f.basis} |" for f in section.figures)
        yield ""
        for breakdown in section.breakdowns:
            if breakdown.rows:
                yield f"**{breakdown.title}**\n"
                yield f"| | {' | '.join(breakdown.columns)} |\n|---|{'---|' * len(breakdown.columns)}"
                yield from (f"| {label} | {' | '.join(cells)} |" for label, cells in breakdown.cells)
                yield ""
    yield from _drift(report)
    yield "## Versions\n"
    yield from (f"- {name}: {', '.join(values)}" for name, values in report.versions.items())
    yield f"\nCounts of 1 to 4 are {HIDDEN} or not shown. Digest of this report: `{report.digest}`"


def _advice(report: Report) -> Iterator[str]:
    yield "## What follows\n"
    yield from (f"- Alert since {alert.since:%Y-%m-%d %H:%M} UTC: {alert.words}" for alert in report.alerts)
    yield from (f"- {r.words} ({r.because})" for r in report.recommendations)
    if not report.alerts and not report.recommendations:
        yield "No alert and no recommendation: no figure is clearly beyond its limit, or there are not enough data."
    yield ""


def _drift(report: Report) -> Iterator[str]:
    yield "## Drift\n"
    yield f"{len(report.changes)} features tested against {report.before.first} to {report.before.last}.\n"
    drifted = [change for change in report.changes if change.drifted]
    if drifted:
        yield "| feature | p (adjusted) | stability index | change |\n|---|---|---|---|"
        yield from (f"| {c.feature} | {c.p:.2g} | {c.stability:.2f} | {c.size} |" for c in drifted)
        yield ""
