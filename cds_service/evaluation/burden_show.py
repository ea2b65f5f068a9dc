"""The alert burden in tables, the same rows for terminal and page, and as a figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from rich.console import Group

from cds_service.evaluation.burden import Burden, BurdenReport, FolderBurden
from cds_service.evaluation.deid.table import NONE, Row, Section, percent
from cds_service.evaluation.triage import tables

MOST_CARDS, MOST_CRITICAL = 2, 0.02
_LISTED = 15
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")  # Okabe and Ito: told apart by colour-blind people


def for_terminal(report: BurdenReport) -> Group:
    """A table for each folder."""
    return Group(*(tables.terminal([section], columns) for section, columns in _sections(report)))


def for_page(report: BurdenReport) -> str:
    """The same as Markdown, with what was measured."""
    versions = ", ".join(f"{name} `{version}`" for name, version in report.versions.items())
    lead = (
        f"Measured on {report.made:%Y-%m-%d}, setting `{report.setting}`, without a model ({versions}). Shares with "
        "their 95 % intervals; ✓ and ✗ say whether every day reaches the aim.\n\n"
    )
    return lead + "\n".join(tables.markdown([section], columns) for section, columns in _sections(report))


def _sections(report: BurdenReport) -> Iterator[tuple[Section, tuple[str, ...]]]:
    for folder in report.folders:
        columns = tuple(_day(b.days) for b in folder.by_days)
        yield Section(title=f"{folder.name}: {folder.by_days[0].charts:,} charts", rows=tuple(_rows(folder))), columns


def _day(days: int) -> str:
    return f"{days} days later" if days else "on the day"


def _rows(folder: FolderBurden) -> Iterator[Row]:
    by_days = folder.by_days

    def row(name: str, cell: Callable[[Burden], str]) -> Row:
        return tables.plain_row(name, *map(cell, by_days))

    def aimed(name: str, aim: str, cell: Callable[[Burden], str], holds: Callable[[Burden], bool]) -> Row:
        met = all(map(holds, by_days)) if all(b.charts for b in by_days) else None
        return Row(measure=name, aim=aim, met=met, cells=tuple(map(cell, by_days)))

    yield aimed(
        "cards a chart, median (quartiles)", f"≤ {MOST_CARDS}", _spread, lambda b: (b.median or 0.0) <= MOST_CARDS
    )
    yield row("cards a chart, most", lambda b: str(b.most))
    yield row("charts without a card", lambda b: percent(b.without_cards))
    yield aimed(
        "charts Critical",
        f"< {MOST_CRITICAL:.0%}".replace("%", " %"),
        lambda b: percent(b.critical),
        lambda b: (b.critical.value or 0.0) < MOST_CRITICAL,
    )
    yield row("charts High or Critical", lambda b: percent(b.urgent))
    if any(b.unanswered for b in by_days):
        yield row("no chart could be made", lambda b: str(b.unanswered))
    yield from _counts("cards", [b.topics for b in by_days])
    yield from _counts("charts with a finding of", [b.rules for b in by_days])
    yield from _counts("finding", [b.titles for b in by_days])
    yield from _counts("not evaluated", [b.not_evaluated for b in by_days])


def _spread(burden: Burden) -> str:
    if burden.median is None:
        return NONE
    return f"{burden.median:g} ({burden.lower_quartile:g} to {burden.upper_quartile:g})"


def _counts(what: str, by_days: Sequence[Mapping[str, int]]) -> Iterator[Row]:
    """The most frequent names of all days, with their counts on each."""
    totals = {name: sum(counts.get(name, 0) for counts in by_days) for counts in by_days for name in counts}
    for name in sorted(totals, key=lambda n: (-totals[n], n))[:_LISTED]:
        yield tables.plain_row(f"{what}: {name}", *(str(counts.get(name, 0)) for counts in by_days))


def draw(path: Path, report: BurdenReport) -> None:
    """Write the figure; the ending of `path` (png, svg, pdf) says in what format."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(8.0, 0.8 + 2.6 * len(report.folders)), dpi=200, layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(len(report.folders), 1, squeeze=False)[:, 0]
        for axes, folder in zip(panels, report.folders, strict=True):
            width = 0.8 / len(folder.by_days)
            for number, burden in enumerate(folder.by_days):
                places = [count + (number + 0.5) * width - 0.4 for count in burden.counts]
                colour = _COLOURS[number % len(_COLOURS)]
                axes.bar(places, list(burden.counts.values()), width, color=colour, label=_day(burden.days))
            axes.set_title(f"{folder.name}, {report.setting}", loc="left", fontsize=11, fontweight="bold")
            axes.set_xlabel("Cards on a chart")
            axes.set_ylabel("Charts")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.yaxis.set_major_locator(MaxNLocator(integer=True))
            axes.legend(frameon=False)
        figure.savefig(path)
