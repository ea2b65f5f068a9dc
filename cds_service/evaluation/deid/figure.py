"""The chart of an evaluation: documents without a leak, and clinical text masked, for each system and set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cds_service.evaluation.deid.report import Report, SetReport
from cds_service.evaluation.deid.running import Result
from cds_service.shares import Share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's blue and vermillion: told apart by colour-blind people, and in grey print by marker and fill.
_LOOKS = (("#0072B2", "o", "#0072B2"), ("#D55E00", "s", "white"))
_GREY = "#5A5A5A"
_GAP = 0.17  # of a row, from its middle to each system


def draw(path: Path, report: Report) -> None:
    """Write the chart; the ending of `path` (png, svg, pdf) says in what format."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.ticker import MaxNLocator

    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        layout = ConstrainedLayoutEngine(wspace=0.06)
        figure = Figure(figsize=(9.0, 1.7 + 0.72 * len(report.sets)), dpi=200, layout=layout)
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2, sharey=True)
        _panel(left, report, lambda r: r.summary.clean, "Documents without a leak (%)", "right is better")
        _panel(right, report, lambda r: r.summary.taken, "Clinical characters masked (%)", "left is better")
        left.set_xlim(-4, 104)
        left.set_xticks(range(0, 101, 20))
        right.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        end = max(right.get_xlim()[1], 2.0)
        right.set_xlim(-0.04 * end, end)
        left.set_yticks(range(len(report.sets)), [_label(s) for s in report.sets])
        left.set_ylim(len(report.sets) - 0.5, -0.5)
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=len(labels), frameon=False)
        figure.supxlabel("Bars are 95 % intervals; number of documents in brackets.", fontsize=9, color=_GREY)
        figure.savefig(path)


def _panel(axes: Axes, report: Report, pick: Callable[[Result], Share], title: str, direction: str) -> None:
    for number, system in enumerate(report.systems):
        colour, marker, face = _LOOKS[number]
        shift = 0.0 if len(report.systems) == 1 else (-_GAP, _GAP)[number]
        shares = [(row + shift, pick(s.results[number])) for row, s in enumerate(report.sets)]
        points = [(y, *_percents(share)) for y, share in shares if share.value is not None]
        axes.errorbar(
            [x for _, x, _, _ in points],
            [y for y, *_ in points],
            xerr=[[x - low for _, x, low, _ in points], [high - x for _, x, _, high in points]],
            fmt=marker,
            color=colour,
            markerfacecolor=face,
            markersize=7,
            markeredgewidth=1.5,
            elinewidth=1.5,
            capsize=3,
            label="our gate" if number == 0 else f"{system}'s defaults",
        )
        _write_values(axes, points, colour)
    for row, empty in enumerate(pick(s.results[0]).value is None for s in report.sets):
        if empty:
            axes.text(50, row, "nothing to leak", ha="center", va="center", color=_GREY, fontsize=9)
    axes.set_title(f"{title}\n", loc="left", fontsize=11, fontweight="bold")
    axes.text(0, 1.02, direction, transform=axes.transAxes, color=_GREY, fontsize=9)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _write_values(axes: Axes, points: Sequence[tuple[float, float, float, float]], colour: str) -> None:
    for y, x, _, _ in points:
        axes.annotate(
            f"{x:.1f}", (x, y), xytext=(0, 6), textcoords="offset points", ha="center", color=colour, fontsize=8.5
        )


def _percents(share: Share) -> tuple[float, float, float]:
    value, low, high = share.value or 0.0, share.low or 0.0, share.high or 0.0
    return 100 * value, 100 * min(low, value), 100 * max(high, value)


def _label(report: SetReport) -> str:
    folder, _, name = report.gold.name.rpartition("/")
    return f"{folder}\n{name} ({len(report.gold.documents):,})"
