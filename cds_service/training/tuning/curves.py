"""The curves of a run: loss, held-out loss, the disagreement of twins, and the learning rate, over the steps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GREY, _BLUE, _ORANGE = "#5A5A5A", "#1F6FB2", "#D9742B"


def draw(path: Path, metrics: Sequence[dict[str, float]], *, title: str) -> None:
    """Write the figure; the ending of `path` (png, svg, pdf) says in what format."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with_twins = any("consistency" in line for line in metrics)
    names = ["Loss", *(["Disagreement of twins"] if with_twins else []), "Learning rate"]
    with mpl.rc_context({"font.size": 10}):
        figure = Figure(figsize=(4.6 * len(names) + 0.4, 3.9), dpi=200, layout="constrained")
        FigureCanvasAgg(figure)
        panels = dict(zip(names, figure.subplots(1, len(names), squeeze=False)[0], strict=True))
        for name, axes in panels.items():
            axes.set_title(name, loc="left", fontsize=11, fontweight="bold")
            axes.set_xlabel("Step")
            axes.spines[["top", "right"]].set_visible(False)
        _line(panels["Loss"], metrics, "loss", "training", _BLUE, "")
        _line(panels["Loss"], metrics, "evaluation_loss", "held out", _ORANGE, "o")
        panels["Loss"].set_ylabel("Nats per token")
        if with_twins:
            _line(panels["Disagreement of twins"], metrics, "consistency", "training", _BLUE, "")
            _line(panels["Disagreement of twins"], metrics, "evaluation_consistency", "held out", _ORANGE, "o")
            panels["Disagreement of twins"].set_ylabel("Nats per token")
        _line(panels["Learning rate"], metrics, "learning_rate", "", _GREY, "")
        figure.suptitle(title, x=0.01, ha="left")
        figure.savefig(path)


def _line(axes: Axes, metrics: Sequence[dict[str, float]], key: str, label: str, colour: str, marker: str) -> None:
    points = [(line["step"], line[key]) for line in metrics if key in line]
    if points:
        axes.plot(
            *zip(*points, strict=True), color=colour, marker=marker or None, markersize=4, linewidth=1.4, label=label
        )
        if label:
            axes.legend(frameon=False, fontsize=9)
