"""The validity report as JSON, Markdown or a figure, by the ending of the file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cds_service.training.synth.validity import LEVELS, Spread, Validity
from cds_service.whole_file import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENDINGS = (".json", ".md", ".png", ".svg", ".pdf")
_SHOWN = {
    "heart_rate": "Heart rate, /min",
    "respiratory_rate": "Breathing rate, /min",
    "systolic": "Systolic, mmHg",
    "temperature_c": "Temperature, °C",
    "spo2": "Saturation, %",
}


def write(path: Path, report: Validity) -> None:
    """Write `report` to `path`, which ends in one of `ENDINGS`. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix not in (".json", ".md"):
        _draw(path, report)
        return
    text = json.dumps(report.to_json(), indent=1) if path.suffix == ".json" else "\n".join(_markdown(report))
    with whole_file(path) as file:
        file.write(text + "\n")


def _markdown(report: Validity) -> Iterator[str]:
    yield f"# Synthetic cases: {report.cases:,} of seed {report.seed}, {report.setting}\n"
    for name, counts in report.distributions.items():
        yield from _table(name.capitalize(), ("", "cases", "share"), _counted(counts, report.cases))
    shares = [(name, f"{share:.1%}") for name, share in report.shares.items()]
    yield from _table("Charts", ("", "share"), shares)
    yield from _table("Vital signs: mean (standard deviation)", ("", *(p.label for p in LEVELS)), _vitals_rows(report))
    tests = [
        (name, f"{t.cases}", f"{t.cramers_v:.3f}", f"{t.expected_v:.3f}", f"{t.p:.3f}")
        for name, t in report.independent.items()
        if t is not None
    ]
    yield from _table("Independence", ("", "cases", "Cramér's V", "by chance", "p"), tests)
    copies, leaks, reading = report.duplicates, report.leakage, report.reading
    yield "## Duplicates and leakage\n"
    yield f"- {copies.exact} cases repeat complaint and vital signs of another; {copies.near} pairs nearly do."
    yield f"- {copies.complaints} cases share the words of their complaint with another."
    yield f"- {len(leaks.families)} families stand in more than one part."
    yield f"- Of {leaks.authored} wordings {leaks.wordings} stand in two parts, {leaks.near_wordings} nearly do."
    yield from (f"  - {pair}" for pair in leaks.alike)
    yield "\n## How serving reads them\n"
    yield f"- {reading.clean} of {reading.cases} requests are mapped without a refusal."
    yield from (f"  - {what}: {count}" for what, count in reading.refused.items())
    yield (
        f"- The rules give the authored priority in {reading.agree} cases, less in {reading.under}, more in "
        f"{reading.over}. This is information: the authored priority is the gold."
    )


def _counted(counts: Mapping[str, int], total: int) -> list[tuple[str, ...]]:
    return [(name, f"{n:,}", f"{n / total:.1%}") for name, n in counts.items()]


def _vitals_rows(report: Validity) -> list[tuple[str, ...]]:
    rows = []
    for name, levels in report.vitals.items():
        spreads = [levels.get(level.label) for level in LEVELS]
        rows.append((name.replace("_", " "), *(f"{s.mean:g} ({s.sd:g})" if s else "" for s in spreads)))
    return rows


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    yield from ("| " + " | ".join(row) + " |" for row in rows)
    yield ""


def _draw(path: Path, report: Validity) -> None:
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.size": 9}):
        figure = Figure(figsize=(13, 7.4), dpi=150, layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(2, 4).flat
        _bars(next(panels), "Authored priority", report.distributions["priority"])
        _bars(next(panels), "Age in years", report.distributions["age"])
        _matrix(next(panels), report.reading.matrix)
        for name, title in _SHOWN.items():
            _spreads(next(panels), title, report.vitals.get(name, {}))
        title = f"{report.cases:,} synthetic cases, seed {report.seed}, {report.setting}; bars: 5 to 95 % of the cases"
        figure.suptitle(title, x=0.01, ha="left")
        figure.savefig(path)


def _bars(axes: Axes, title: str, counts: Mapping[str, int]) -> None:
    names = list(counts)
    axes.barh(range(len(names)), list(counts.values()), color="#4C78A8")
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("Cases")
    axes.set_title(title, loc="left", fontweight="bold")


def _matrix(axes: Axes, matrix: Sequence[Sequence[int]]) -> None:
    shares = [[n / max(sum(row), 1) for n in row] for row in matrix]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for y, row in enumerate(matrix):
        for x, count in enumerate(row):
            axes.text(x, y, str(count), ha="center", va="center", color="white" if shares[y][x] > 0.55 else "black")
    names = [level.label for level in LEVELS]
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("The rules give")
    axes.set_ylabel("Authored")
    axes.set_title("Rules and gold", loc="left", fontweight="bold")


def _spreads(axes: Axes, title: str, levels: Mapping[str, Spread]) -> None:
    for at, level in enumerate(LEVELS):
        spread = levels.get(level.label)
        if spread is not None:
            axes.plot([at, at], [spread.centile_5, spread.centile_95], color="#4C78A8", linewidth=6, alpha=0.4)
            axes.plot([at], [spread.mean], "o", color="#4C78A8")
    axes.set_xticks(range(len(LEVELS)), [level.label for level in LEVELS])
    axes.set_title(title, loc="left", fontweight="bold")
