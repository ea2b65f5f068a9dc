"""The figures of retrieval as JSON, as a table and as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cds_service.evaluation.retrieval.beir import Judged
from cds_service.evaluation.retrieval.charts import Figures
from cds_service.evaluation.retrieval.measure import GAIN_AT, RECALL_AT, SERVES, Result

HALVES = {"even": slice(0, None, 2), "odd": slice(1, None, 2)}
"""Every second question. The weights of the served variant were chosen on the even ones of CPGQA."""

_SHOWN = (f"ndcg@{GAIN_AT}", f"recall@{RECALL_AT}", "mrr")


def as_json(judged: Judged, results: Sequence[Result], charts: Mapping[str, Figures]) -> dict[str, Any]:
    """Every figure; `default` names the variant that serves."""
    return {
        "default": SERVES,
        "passages": len(judged.entries),
        "queries": len(judged.questions),
        "queries_without_answer": judged.unanswered,
        "variants": {result.name: result.as_json() for result in results},
        "halves": {half: {result.name: result.figures(part) for result in results} for half, part in HALVES.items()},
        "charts": dict(charts),
    }


def table(judged: Judged, results: Sequence[Result], charts: Mapping[str, Figures]) -> str:
    """Markdown tables: all variants, over all questions and over each half; and our own charts when measured."""
    lines = [
        f"{len(judged.questions)} questions over {len(judged.entries)} passages. Served: {SERVES}.",
        "",
        f"| variant | {' | '.join(_SHOWN)} | even questions | odd questions | ms per query, p50 | p95 |",
        "|---|" + "---|" * (len(_SHOWN) + 4),
    ]
    for result in results:
        figures = result.as_json()
        halves = [" / ".join(f"{v:.3f}" for v in list(result.figures(p).values())[:2]) for p in HALVES.values()]
        times = [f"{figures[f'ms_per_query_p{p}']:.1f}" for p in (50, 95)]
        name = f"**{result.name}**" if result.name == SERVES else result.name
        lines.append("| " + " | ".join([name, *(f"{figures[k]:.3f}" for k in _SHOWN), *halves, *times]) + " |")
    lines += ["", f"The halves show {_SHOWN[0]} / {_SHOWN[1]}."]
    if charts:
        names = list(next(iter(charts.values())))
        lines += ["", f"| part | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
        lines += [f"| {half} | {' | '.join(f'{figures[n]:g}' for n in names)} |" for half, figures in charts.items()]
    return "\n".join(lines)


def draw(path: Path, results: Sequence[Result]) -> None:
    """Bars of the figures for each variant, as PNG, SVG or PDF by the ending of the name."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.5), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / len(_SHOWN)
    for nth, name in enumerate(_SHOWN):
        values = [result.figures()[name] for result in results]
        bars = axes.bar([i + nth * width for i in range(len(results))], values, width, label=name)
        axes.bar_label(bars, fmt="%.3f", fontsize=7)
    axes.set_xticks([i + width for i in range(len(results))], [result.name for result in results])
    axes.set_ylim(0, 1.08)
    figure.legend(loc="outside lower center", ncols=len(_SHOWN))
    axes.set_title(f"Retrieval by variant (served: {SERVES})")
    figure.savefig(path)
