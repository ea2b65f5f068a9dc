"""Class sizes before and after, as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any

# Okabe and Ito's vermillion and blue: told apart by colour-blind people, and in grey print by hatching.
_LOOKS = (("before", "#D55E00", "//"), ("after", "#0072B2", ""))
_HEIGHT = 0.38


def drawn(content: Mapping[str, Any]) -> bytes:
    """A PNG. A hidden count has no bar and says so. Equal content gives equal bytes."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    found = {name: content[name]["subjects_by_class_size"] for name, _, _ in _LOOKS}
    names = list(found["before"])
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(7.0, 1.5 + 0.55 * len(names)), dpi=150, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        for number, (name, colour, hatch) in enumerate(_LOOKS):
            told = [found[name][size] for size in names]
            rows = [row + (number - 0.5) * _HEIGHT for row in range(len(names))]
            counts = [n if isinstance(n, int) else 0 for n in told]
            bars = axes.barh(rows, counts, _HEIGHT, label=name, color=colour, hatch=hatch, edgecolor="white")
            axes.bar_label(bars, [str(n) for n in told], padding=3, fontsize=8.5)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.set_xlabel("people")
        axes.set_ylabel("size of the class")
        axes.set_title("How many look like how many others", loc="left", fontsize=11, fontweight="bold")
        axes.legend(frameon=False, loc="lower right")
        file = BytesIO()
        figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()
