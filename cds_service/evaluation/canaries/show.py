"""The figures of the canaries, for a terminal and for the page."""

from __future__ import annotations

from datetime import datetime

from rich.console import Group

from cds_service.evaluation.canaries.measure import Count, Report
from cds_service.evaluation.deid.table import Row, Section
from cds_service.evaluation.triage.tables import markdown, plain_row, terminal

COLUMNS = ("in fields too", "in prose alone", "exports: in fields too", "exports: in prose alone")


def for_terminal(report: Report) -> Group:
    """One table of 100 columns."""
    return terminal([_section(report)], COLUMNS)


def for_page(report: Report, now: datetime) -> str:
    """The same as Markdown, with the command that makes it again and the places that were searched."""
    places = "; ".join(report.places)
    return (
        f"`cds-service evaluate canaries --charts {report.known.charts} --seed {report.seed} "
        f"--exports {report.cases}`, {now:%Y-%m-%d}. Searched for every chart: {places}.\n\n"
        f"{_exports(report)}{markdown([_section(report)], COLUMNS)}"
    )


def _exports(report: Report) -> str:
    """What was exported, what was left out, and where it was searched."""
    if not report.files:
        return ""
    said = report.exports
    rows = ", ".join(f"{n} rows ({profile})" for profile, n in sorted(said.rows.items())) or "no rows"
    left = "; ".join(f"{reason}: {n}" for reason, n in sorted(said.left_out.items())) or "nothing"
    files = dict.fromkeys(file.partition(" (")[0] for file in report.files)
    refused = "".join(f" Refused: {profile}, {reason}." for profile, reason in sorted(said.refused.items()))
    return (
        f"Decided and exported: {report.exported.charts} charts; {rows}; left out: {left}.{refused} "
        f"Searched for all of them: {'; '.join(files)}; and what each decision wrote outside the vault.\n\n"
    )


def _section(report: Report) -> Section:
    counts = (report.known, report.prose, report.exported, report.exported_prose)
    labels = sorted(set().union(*(count.canaries for count in counts)))
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
