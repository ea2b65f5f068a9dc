"""The confusion matrices of a triage measurement: the expert's priority against the service's and the nurse's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cds_service.evaluation.triage.measures import LEVELS, Measures
from cds_service.evaluation.triage.replay import URGENT
from cds_service.evaluation.triage.report import Part, Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GREY = "#5A5A5A"


def draw(path: Path, report: Report) -> None:
    """Write the figure of the first part; the ending of `path` (png, svg, pdf) says in what format."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    part = report.parts[0]
    panels = _panels(part)
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(4.6 * len(panels) + 0.4, 4.7), dpi=200, layout="constrained")
        FigureCanvasAgg(figure)
        for axes, (title, measures) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            _panel(axes, title, measures)
        figure.suptitle(f"{report.name}, {report.setting}: {part.service.visits:,} visits", x=0.01, ha="left")
        figure.supxlabel(
            "Visits; shade: share of the row.\nThe lines part urgent (High, Critical) from the rest.",
            fontsize=9,
            color=_GREY,
        )
        figure.savefig(path)


def _panels(part: Part) -> list[tuple[str, Measures]]:
    return [("Service", part.service), *([("Nurse", part.nurse)] if part.nurse else [])]


def _panel(axes: Axes, title: str, measures: Measures) -> None:
    shares = [[n / max(sum(row), 1) for n in row] for row in measures.confusion]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for y, row in enumerate(measures.confusion):
        for x, count in enumerate(row):
            colour = "white" if shares[y][x] > 0.55 else "black"
            axes.text(x, y, str(count), ha="center", va="center", color=colour)
    edge = sum(level >= URGENT for level in LEVELS) - 0.5
    axes.axhline(edge, color=_GREY, linewidth=1.2)
    axes.axvline(edge, color=_GREY, linewidth=1.2)
    names = [level.label for level in LEVELS]
    axes.set_xticks(range(len(LEVELS)), names)
    axes.set_yticks(range(len(LEVELS)), names)
    axes.set_xlabel(f"{title} says")
    axes.set_ylabel("Expert says")
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
