"""The figures of the safety checks in tables, the same rows for terminal and page, and their figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Group
from rich.text import Text

from cds_service.evaluation.deid.table import Row, Section, percent
from cds_service.evaluation.safety.measure import HALVES, Part, SafetyFigures
from cds_service.evaluation.triage import tables
from cds_service.shares import Share

COLUMNS = ("recall", "false alarms")
_BLUE, _VERMILLION, _GREY = "#0072B2", "#D55E00", "#5A5A5A"


def for_terminal(figures: SafetyFigures) -> Group:
    """All tables, then what was missed and withheld wrongly."""
    return Group(tables.terminal(_sections(figures), COLUMNS), *(Text(line) for line in _lists(figures)))


def for_page(figures: SafetyFigures, made: datetime) -> str:
    """The same as Markdown."""
    likeness = "with" if figures.similarity else "without"
    head = (
        f"Measured on {made:%Y-%m-%d} with version {figures.safety} of the checks, {likeness} likeness of meaning in "
        "the grounding check. Shares with their 95 % intervals.\n"
    )
    return "\n".join((head, tables.markdown(_sections(figures), COLUMNS), *(f"{line}\n" for line in _lists(figures))))


def draw(path: Path, figures: SafetyFigures) -> None:
    """Write the figure of recall and false alarms, check by check; the ending of `path` says in what format."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    whole = figures.parts[0]
    names = [c.check for c in whole.checks] + ["any check"]
    recalls = [c.recall for c in whole.checks] + [whole.withheld]
    alarms = [c.false_alarms for c in whole.checks] + [whole.false_alarms]
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(8.0, 4.2), dpi=200, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for shift, shares, colour, marker, label in (
            (-0.14, recalls, _BLUE, "o", "bad drafts found"),
            (0.14, alarms, _VERMILLION, "s", "good drafts withheld"),
        ):
            known = [(y + shift, 100 * s.value, 100 * (s.low or 0), 100 * (s.high or 0))
                     for y, s in enumerate(shares) if s.value is not None]  # fmt: skip
            errors = [[v - low for _, v, low, _ in known], [high - v for _, v, _, high in known]]
            axes.errorbar([v for _, v, *_ in known], [y for y, *_ in known], xerr=errors, fmt=marker, color=colour,
                          capsize=3, label=label)  # fmt: skip
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.set_xlim(-3, 103)
        axes.grid(axis="x", color="#DDDDDD", linewidth=0.8)
        axes.set_xlabel("Percent, with 95 % intervals", color=_GREY)
        figure.legend(loc="outside upper left", ncols=2, frameon=False)
        figure.savefig(path)


def _sections(figures: SafetyFigures) -> list[Section]:
    parts = [
        Section(title=f"{p.name}: {p.bad} bad drafts, {p.good} good drafts", rows=tuple(_rows(p)))
        for p in figures.parts
    ]
    kinds = tuple(tables.plain_row(kind, percent(share), "") for kind, share in figures.parts[0].kinds)
    indicators = [
        tables.plain_row(name, percent(share), "")
        for i in figures.indicators
        for name, share in _with_halves(i.indicator, i.recall, i.halves)
    ]
    fair = [
        tables.plain_row(name, "", percent(share))
        for name, share in _with_halves("fair sentences", figures.fair, figures.fair_halves)
    ]
    return [
        *parts,
        Section(title="bad drafts that any check withheld, by kind", rows=kinds),
        Section(title="indicators of bias, labelled sentences", rows=(*indicators, *fair)),
    ]


def _with_halves(name: str, whole: Share, halves: Sequence[Share]) -> Iterator[tuple[str, Share]]:
    yield name, whole
    yield from ((f"  half {h}", share) for h, share in zip(HALVES, halves, strict=True))


def _rows(part: Part) -> Iterator[Row]:
    for check in part.checks:
        yield tables.plain_row(check.check, percent(check.recall), percent(check.false_alarms))
    yield tables.plain_row("any check", percent(part.withheld), percent(part.false_alarms))


def _lists(figures: SafetyFigures) -> Iterator[str]:
    whole = figures.parts[0]
    yield f"Missed by every check: {', '.join(whole.missed) or 'none'}."
    yield f"Withheld by another check than the labelled one: {', '.join(whole.elsewhere) or 'none'}."
    told = ", ".join(f"{name} ({checks})" for name, checks in whole.alarms)
    yield f"Good drafts withheld: {told or 'none'}."
    missed = [name for i in figures.indicators for name in i.missed]
    yield f"Biased sentences missed: {', '.join(missed) or 'none'}."
    yield f"Fair sentences withheld: {', '.join(figures.fair_alarms) or 'none'}."
