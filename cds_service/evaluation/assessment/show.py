"""A measurement of assessments in tables, the same rows for terminal and page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from rich.console import Group
from rich.text import Text

from cds_service.evaluation.assessment.calibration import BINS
from cds_service.evaluation.assessment.measures import AGREEMENT, CHECK, MEASURES, Measured, Metric
from cds_service.evaluation.assessment.paired import Paired
from cds_service.evaluation.assessment.report import FLOOR, Model, Report
from cds_service.evaluation.deid.table import NONE, Row, Section
from cds_service.evaluation.triage import tables

_PLAIN = {"brier", "calibration_error", "support"}
RAISING = "priorities above the floor allowed"


def for_terminal(report: Report) -> Group:
    """All tables and remarks."""
    remarks = (Text(remark) for remark in _remarks(report))
    return Group(tables.terminal(sections(report), _names(report)), *remarks)


def for_page(report: Report) -> str:
    """The same as Markdown, with what was measured."""
    versions = ", ".join(f"{name} `{version}`" for name, version in report.versions.items())
    measured = (
        f"Measured on {report.made:%Y-%m-%d} ({versions}). Shares and means with their 95 % intervals. "
        f"`{report.command}`\n"
    )
    remarks = [f"- {remark}" for remark in _remarks(report)]
    return "\n".join([measured, tables.markdown(sections(report), _names(report)), *remarks, ""])


def sections(report: Report) -> list[Section]:
    """A section for each set, then speed, calibration and questions."""
    made = []
    for chosen in report.sets:
        refused = len(chosen.questions) - len(chosen.asked)
        title = f"{chosen.name}: {len(chosen.questions):,} cases" + (f", {refused} refused by the gate" * bool(refused))
        measured = [report.measured(m, chosen.name) for m in report.models]
        made.append(Section(title=title, rows=tuple(_rows(measured))))
        raising = [report.measured(m, chosen.name, raising=True) if m.raising else None for m in report.models]
        if any(raising):
            made.append(Section(title=f"{chosen.name}, {RAISING}", rows=tuple(_raising_rows(raising))))
    made += [Section(title="speed and licence", rows=tuple(_speed(report.models)))]
    made += [Section(title="confidence and agreement", rows=tuple(_reliability(report)))]
    made += [Section(title="multiple-choice questions (chance: 25 %)", rows=tuple(_questions(report.models)))]
    return [section for section in made if section.rows]


def _names(report: Report) -> list[str]:
    return [m.spec for m in report.models]


def _rows(measured: Sequence[Measured]) -> Iterator[Row]:
    for name, told in MEASURES.items():
        if any(name in m.metrics for m in measured):
            yield tables.plain_row(told, *(_cell(m, name) for m in measured))
    for check in sorted({name for m in measured for name in m.metrics if name.startswith(CHECK)}):
        yield tables.plain_row(f"  check {check.removeprefix(CHECK)}", *(_cell(m, check) for m in measured))


def _raising_rows(measured: Sequence[Measured | None]) -> Iterator[Row]:
    def row(told: str, cell: Callable[[Measured], str]) -> Row:
        return tables.plain_row(told, *(NONE if m is None else cell(m) for m in measured))

    yield row(MEASURES["ready"], partial(_cell, name="ready"))
    for name in AGREEMENT:
        yield row(MEASURES[f"{name}_floor"], partial(_cell, name=f"{name}_floor"))
        yield row(MEASURES[name], partial(_cell, name=name))
        yield row("  the model's part in it", partial(_gained, name=name))


def _cell(measured: Measured, name: str) -> str:
    metric = measured.metrics.get(name)
    if metric is None:
        return NONE
    return plain(metric) if name in _PLAIN else percents(metric)


def percents(metric: Metric) -> str:
    """A share in per cent."""
    return f"{100 * metric.value:.1f} % ({100 * metric.low:.1f} to {100 * metric.high:.1f})"


def plain(metric: Metric) -> str:
    """A number between 0 and 1."""
    return f"{metric.value:.3f} ({metric.low:.3f} to {metric.high:.3f})"


def _gained(measured: Measured, name: str) -> str:
    return _change(measured.gain[name]) if name in measured.gain else NONE


def _change(gain: Paired) -> str:
    change = f"{100 * gain.value:+.1f} ({100 * gain.low:+.1f} to {100 * gain.high:+.1f})"
    return f"{change} points, +{gain.first} −{gain.second}, p {gain.p:.2g}"  # noqa: RUF001 - a minus sign


def _speed(models: Sequence[Model]) -> Iterator[Row]:
    costs = [m.speed() for m in models]
    if any(c.drafts for c in costs):
        yield tables.plain_row("drafts", *(str(c.drafts) for c in costs))
        yield tables.plain_row("seconds a draft, median", *(_number(c.median_s, ".2f") for c in costs))
        yield tables.plain_row("seconds a draft, 95th percentile", *(_number(c.p95_s, ".2f") for c in costs))
        yield tables.plain_row("new tokens a second", *(_number(c.tokens_per_s, ".1f") for c in costs))
        yield tables.plain_row("memory, MB", *(_number(c.memory_mb, ".0f") for c in costs))
        yield tables.plain_row("licence", *(m.licence for m in models))


def _number(value: float | None, form: str) -> str:
    return NONE if value is None else format(value, form)


def _reliability(report: Report) -> Iterator[Row]:
    found = [{round(b.low * BINS): b for b in report.reliability(m)} for m in report.models]
    for number in sorted({number for bins in found for number in bins}):
        cells = [f"{bins[number].right} of {bins[number].n} right" if number in bins else NONE for bins in found]
        yield tables.plain_row(f"confidence {number / BINS:.1f} to {(number + 1) / BINS:.1f}", *cells)


def _questions(models: Sequence[Model]) -> Iterator[Row]:
    for name in dict.fromkeys(name for m in models for name in m.questions):
        yield tables.plain_row(name, *(percents(m.questions[name]) if name in m.questions else NONE for m in models))


def _remarks(report: Report) -> Iterator[str]:
    if any(m.spec != FLOOR and not m.may_raise for m in report.models):
        yield (
            "Where a model may not raise a priority, the floor alone decides, and the figures with and without it are "
            "the same by construction."
        )
    first = next((m.spec for m in report.models if m.spec != FLOOR), FLOOR)
    for pair in report.pairs():
        c = pair.comparison
        if pair.against == first and (c.first or c.second):
            yield f"{pair.name}, {pair.metric}: {pair.model} against {pair.against} {_change(c)}."
    for chosen in report.sets:
        for reason, count in sorted(chosen.left_out.items()):
            yield f"{chosen.name}: left out {count}: {reason}."
