"""The figures of the canaries, for a terminal and for the page."""

from __future__ import annotations

from datetime import datetime

from rich.console import Group

from cds_service.evaluation.canaries.measure import Count, Report
from cds_service.evaluation.deid.table import Row, Section
from cds_service.evaluation.triage.tables import markdown, plain_row, terminal

COLUMNS = ("in fields too", "in prose alone")


def for_terminal(report: Report) -> Group:
    """One table of 100 columns."""
    return terminal([_section(report)], COLUMNS)


def for_page(report: Report, now: datetime) -> str:
    """The same as Markdown, with the command that makes it again and the places that were searched."""
    charts = report.known.charts
    places = "; ".join(report.places)
    return (
        f"`cds-service evaluate canaries --charts {charts} --seed {report.seed}`, {now:%Y-%m-%d}. "
        f"Searched for every chart: {places}.\n\n{markdown([_section(report)], COLUMNS)}"
    )


def _section(report: Report) -> Section:
    counts = (report.known, report.prose)
    labels = sorted(report.known.canaries | report.prose.canaries)
    rows: list[Row] = [
        plain_row("charts", *(f"{count.charts:,}" for count in counts)),
        plain_row("canaries", *(f"{count.tried:,}" for count in counts)),
        *(plain_row(f"  {label}", *(f"{count.canaries[label]:,}" for count in counts)) for label in labels),
        plain_row("charts with a leak", *(f"{count.leaked().hits:,}" for count in counts)),
        plain_row("canaries that leaked", *(f"{count.leaked_canaries():,}" for count in counts)),
        plain_row("upper 95 % bound, charts with a leak", *map(_bound, counts)),
    ]
    return Section(title="Canaries behind the gate", rows=tuple(rows))


def _bound(count: Count) -> str:
    bound = count.bound()
    return "–" if bound is None else f"{bound:.3%}"  # noqa: RUF001 - an en dash stands for nothing
