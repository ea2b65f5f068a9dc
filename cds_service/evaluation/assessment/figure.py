"""The figure of a measurement of assessments: models side by side on each set, and what their confidence is worth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cds_service.evaluation.assessment.report import FLOOR, Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GREY = "#5A5A5A"
# Okabe and Ito's colours: told apart by colour-blind people, and in grey print by marker.
_LOOKS = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#E69F00", "v"), ("#56B4E9", "P"))
_PANELS = (
    ("ready", "Passes every check (%)", "right is better"),
    ("grounded", "Grounded (%)", "right is better"),
    ("exact", "Right priority (%)", "right is better"),
    ("under_triage", "Under-triage (%)", "left is better"),
)
_BAND = 0.6
"""How much of a row its models take."""


def draw(path: Path, report: Report) -> None:
    """Write the figure; the ending of `path` (png, svg, pdf) says in what format."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = len(report.sets)
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        height = 1.4 + rows * (0.35 + 0.18 * len(report.models))
        figure = Figure(figsize=(15.5, max(height, 3.8)), dpi=160, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(1, len(_PANELS) + 1, width_ratios=[1] * len(_PANELS) + [1.25])
        for panel, (metric, title, direction) in zip(axes, _PANELS, strict=False):
            _panel(panel, report, metric, title, direction)
        for panel in axes[1 : len(_PANELS)]:
            panel.tick_params(labelleft=False)
        _reliability(axes[-1], report)
        handles, labels = axes[2].get_legend_handles_labels()  # priorities: the panel that every model is in
        figure.legend(handles, labels, loc="outside upper left", ncols=len(labels), frameon=False)
        figure.supxlabel("Bars are 95 % intervals; number of cases in brackets.", fontsize=9, color=_GREY)
        figure.savefig(path)


def _panel(axes: Axes, report: Report, metric: str, title: str, direction: str) -> None:
    for number, model in enumerate(report.models):
        colour, marker = _LOOKS[number % len(_LOOKS)]
        shift = _BAND * ((number + 0.5) / len(report.models) - 0.5)
        found = [
            (row + shift, report.measured(model, chosen.name).metrics.get(metric))
            for row, chosen in enumerate(report.sets)
        ]
        points = [(y, m) for y, m in found if m is not None]
        axes.errorbar(
            [100 * m.value for _, m in points],
            [y for y, _ in points],
            xerr=[[100 * (m.value - m.low) for _, m in points], [100 * (m.high - m.value) for _, m in points]],
            fmt=marker,
            color=colour,
            markersize=6,
            elinewidth=1.4,
            capsize=2.5,
            label=model.spec,
        )
    axes.set_title(f"{title}\n", loc="left", fontsize=11, fontweight="bold")
    axes.text(0, 1.02, direction, transform=axes.transAxes, color=_GREY, fontsize=9)
    axes.set_yticks(range(len(report.sets)), [f"{s.name}\n({len(s.questions):,})" for s in report.sets])
    axes.set_ylim(len(report.sets) - 0.5, -0.5)
    axes.set_xlim(-4, 104)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)


def _reliability(axes: Axes, report: Report) -> None:
    axes.plot([0, 1], [0, 1], color=_GREY, linewidth=1, linestyle=":")
    for number, model in enumerate(report.models):
        found = report.reliability(model)
        if model.spec == FLOOR or not found:
            continue
        colour, marker = _LOOKS[number % len(_LOOKS)]
        sizes = [20 + 6 * b.n**0.5 for b in found]
        axes.plot([b.confidence for b in found], [b.agreement for b in found], color=colour, linewidth=1.2)
        axes.scatter([b.confidence for b in found], [b.agreement for b in found], s=sizes, color=colour, marker=marker)
        for b in found:
            place = (b.confidence, b.agreement)
            axes.annotate(f"{b.n}", place, xytext=(5, -9), textcoords="offset points", color=colour, fontsize=8)
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlabel("computed confidence")
    axes.set_ylabel("share with the right priority")
    axes.set_title("Confidence of what passed\n", loc="left", fontsize=11, fontweight="bold")
    axes.text(0, 1.02, "on the line is best; number of drafts", transform=axes.transAxes, color=_GREY, fontsize=9)
