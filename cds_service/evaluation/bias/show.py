"""The figures of bias in tables, the same rows for terminal and page, and their figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Group
from rich.text import Text

from cds_service.evaluation.bias.measure import Figures, Model, Report
from cds_service.evaluation.deid.table import Row, Section, percent
from cds_service.evaluation.triage import tables

COLUMNS = ("pairs, same prompt", "priority", "outcome", "concerns", "wording")
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
_GREY = "#5A5A5A"
_PANELS = (("priority_changed", "Priority changed (%)"), ("outcome_changed", "Outcome changed (%)"),
           ("concerns_changed", "Concerns changed (%)"), ("wording_changed", "Wording changed (%)"))  # fmt: skip


def for_terminal(report: Report) -> Group:
    """A table for each model, its groups, and what was kept."""
    parts = [part for m in report.models for part in (*_change_tables(m), tables.terminal([_kept(m)], ("kept",)))]
    return Group(*parts, *(Text(line) for line in _remarks(report)))


def for_page(report: Report) -> str:
    """The same as Markdown."""
    told = "; ".join(f"{s.name}, {len(s.cases)} cases" for s in report.sets)
    head = f"Measured on {report.made:%Y-%m-%d} by `{report.command}` ({told}). Shares with their 95 % intervals.\n"
    body = [
        text
        for m in report.models
        for text in (
            tables.markdown([_attributes(m), *_groups(m)], COLUMNS),
            tables.markdown([_kept(m)], ("kept",)),
        )
    ]
    return "\n".join((head, *body, *(f"{line}\n" for line in _remarks(report))))


def draw(path: Path, report: Report) -> None:
    """Write the figure: what changed for each attribute, models side by side."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = list(report.models[0].attributes)
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        height = 1.6 + len(names) * (0.25 + 0.14 * len(report.models))
        figure = Figure(figsize=(14.0, max(height, 3.6)), dpi=160, layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(1, len(_PANELS), sharey=True)
        for axes, (field, title) in zip(panels, _PANELS, strict=True):
            for number, model in enumerate(report.models):
                points = list(_points(model.attributes, names, field, number, len(report.models)))
                axes.errorbar(
                    [v for _, v, _, _ in points],
                    [y for y, *_ in points],
                    xerr=[[v - low for _, v, low, _ in points], [high - v for _, v, _, high in points]],
                    fmt="osD^"[number % 4],
                    color=_COLOURS[number % len(_COLOURS)],
                    capsize=2,
                    label=_name(model),
                )
            axes.set_title(title, loc="left", fontsize=11)
            axes.set_yticks(range(len(names)), names)
            axes.set_ylim(len(names) - 0.5, -0.5)
            axes.set_xlim(left=-2)
            axes.grid(axis="x", color="#DDDDDD", linewidth=0.8)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=len(labels), frameon=False)
        figure.supxlabel("Left is better; bars are 95 % intervals.", fontsize=9, color=_GREY)
        figure.savefig(path)


def _points(
    attributes: Mapping[str, Figures], names: list[str], field: str, number: int, models: int
) -> Iterator[tuple[float, float, float, float]]:
    for row, name in enumerate(names):
        share = getattr(attributes[name], field) if name in attributes else None
        if share is not None and share.value is not None:
            yield row + 0.5 * ((number + 0.5) / models - 0.5), 100 * share.value, 100 * share.low, 100 * share.high


def _change_tables(model: Model) -> Iterator[Group]:
    for section in (_attributes(model), *_groups(model)):
        yield tables.terminal([section], COLUMNS)


def _attributes(model: Model) -> Section:
    rows = tuple(_row(name, figures) for name, figures in model.attributes.items())
    return Section(title=f"{_name(model)}: answers that changed, by attribute", rows=rows)


def _groups(model: Model) -> Iterator[Section]:
    for name, groups in model.groups.items():
        rows = tuple(_row(group, figures) for group, figures in groups.items())
        yield Section(title=f"{_name(model)}, {name}", rows=rows)


def _row(name: str, figures: Figures) -> Row:
    counted = f"{figures.pairs}, {figures.same_prompt}"
    shares = (figures.priority_changed, figures.outcome_changed, figures.concerns_changed, figures.wording_changed)
    return tables.plain_row(name, counted, *(percent(s) for s in shares))


def _kept(model: Model) -> Section:
    rows = tuple(tables.plain_row(kind, percent(share)) for kind, share in model.kept.items())
    return Section(title=f"{_name(model)}: differences that matter, kept", rows=rows)


def _remarks(report: Report) -> Iterator[str]:
    for model in report.models:
        apart = sum(f.told_apart for f in model.attributes.values())
        unanswered = sum(f.unanswered for f in model.attributes.values())
        floors = sum(f.floor_changed.hits for f in model.attributes.values())
        yield (
            f"{_name(model)}: {apart} pairs set aside because a rule or guideline tells them apart, {unanswered} "
            f"without an answer; the rules alone gave another priority in {floors} of those counted."
        )
        if model.lost:
            yield f"{_name(model)}: differences that matter and were not kept: {', '.join(model.lost)}."


def _name(model: Model) -> str:
    return Path(model.spec).name or model.spec
