"""The benchmark of the model in tables, the same rows for terminal and page."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group

from cds_service.evaluation.assessment.measures import Metric
from cds_service.evaluation.assessment.show import percents
from cds_service.evaluation.bench_model import Agreement, Batch, Bench, Speed, Timed
from cds_service.evaluation.deid.table import NONE, Row, Section
from cds_service.evaluation.queue_load import QueueLoad
from cds_service.evaluation.triage import tables

LEAST_RATIO = 10.0
MOST_MEDIAN_S = 3.0
LEAST_SAME = 0.97
MOST_SLOWER = 1.25
"""Hook times count as unchanged up to this multiple of those without a model."""


def for_terminal(bench: Bench) -> Group:
    """All tables."""
    return Group(*(tables.terminal([section], columns) for section, columns in sections(bench)))


def for_page(bench: Bench) -> str:
    """The same as Markdown, with what was measured."""
    head = f"Measured on {bench.made:%Y-%m-%d} with the model `{bench.model}`.\n\n"
    return head + "\n".join(tables.markdown([section], columns) for section, columns in sections(bench))


def sections(bench: Bench) -> Iterator[tuple[Section, tuple[str, ...]]]:
    """What was measured, each with the names of its columns."""
    if bench.speed is not None:
        rows = tuple(_speed(bench.speed))
        title = f"one assessment at a time, {len(bench.speed.product.seconds)} cases"
        yield Section(title=title, rows=rows), (bench.speed.product.name, bench.speed.plain.name)
    for agreement in bench.agreement:
        freely = "priorities above the floor allowed" if agreement.may_raise else "as it serves (the floor decides)"
        title = f"the same cases on two engines, {freely}: {agreement.same.n} cases"
        yield Section(title=title, rows=tuple(_agreement(agreement))), agreement.engines
    if bench.gpu is not None:
        title = "plain NF4 on the GPU" if bench.gpu else "plain NF4 on the GPU: no GPU here"
        columns = tuple(f"batch {b.size}" for b in bench.gpu)
        yield Section(title=title, rows=tuple(_gpu(bench.gpu))), columns
    if bench.queue is not None:
        q = bench.queue
        title = f"{q.rate:g} charts a second for {q.seconds:g} s on one CPU, room for {q.bound} waiting jobs"
        yield Section(title=title, rows=tuple(_queue(q))), ("without a model", "with the model")


def _speed(speed: Speed) -> Iterator[Row]:
    both = (speed.product, speed.plain)
    yield _aimed(
        "seconds, median", "≤ 3 s (first)", speed.product.median_s <= MOST_MEDIAN_S, _seconds(both, "median_s")
    )
    yield tables.plain_row("seconds, 95th percentile", *_seconds(both, "p95_s"))
    yield tables.plain_row("new tokens a case, mean", *(f"{sum(t.tokens) / len(t.tokens):.0f}" for t in both))
    yield tables.plain_row("new tokens a second", *(f"{t.tokens_per_s:.1f}" for t in both))
    yield tables.plain_row("memory, MB", *(NONE if t.memory_mb is None else f"{t.memory_mb:.0f}" for t in both))
    yield _aimed("times faster (medians)", "≥ 10", speed.ratio >= LEAST_RATIO, (f"{speed.ratio:.1f}", NONE))


def _seconds(both: tuple[Timed, Timed], name: str) -> tuple[str, str]:
    one, other = (f"{getattr(timed, name):.2f}" for timed in both)
    return one, other


def _agreement(agreement: Agreement) -> Iterator[Row]:
    same = percents(agreement.same)
    yield _aimed("same priority", "≥ 97 %", agreement.same.value >= LEAST_SAME, (same, NONE))
    yield tables.plain_row("same priority of the draft itself", percents(agreement.same_draft), NONE)
    yield tables.plain_row("same verdict of the checks", percents(agreement.same_verdict), NONE)
    for told, both in (
        ("drafts that pass every check", agreement.ready),
        ("drafts that keep the contract", agreement.contract),
        ("drafts that are grounded", agreement.grounded),
    ):
        yield _aimed(told, "in both", _overlap(*both), (percents(both[0]), percents(both[1])))


def _overlap(one: Metric, other: Metric) -> bool:
    """Whether each share lies in the other's interval."""
    return other.low <= one.value <= other.high and one.low <= other.value <= one.high


def _gpu(batches: tuple[Batch, ...]) -> Iterator[Row]:
    if batches:
        yield tables.plain_row("seconds an assessment", *(f"{b.seconds_each:.2f}" for b in batches))
        yield tables.plain_row("new tokens a second", *(f"{b.tokens_per_s:.1f}" for b in batches))
        yield tables.plain_row("GPU memory at the peak, MB", *(f"{b.memory_mb:.0f}" for b in batches))
    else:
        yield tables.plain_row("no CUDA device was found")


def _queue(load: QueueLoad) -> Iterator[Row]:
    without, with_model, queue = load.without, load.with_model, load.queue
    unchanged = with_model.median_ms <= MOST_SLOWER * without.median_ms
    yield _aimed(
        "hook, median ms", "≤ 1.25 times", unchanged, (f"{without.median_ms:.0f}", f"{with_model.median_ms:.0f}")
    )
    yield tables.plain_row("hook, 95th percentile ms", f"{without.p95_ms:.0f}", f"{with_model.p95_ms:.0f}")
    yield tables.plain_row("calls answered", f"{without.answered}", f"{with_model.answered}")
    yield tables.plain_row("calls told to come again", f"{without.refused}", f"{with_model.refused}")
    states = ", ".join(f"{state} {count}" for state, count in sorted(queue.states.items()))
    yield tables.plain_row("jobs", NONE, states)
    for told, count in (
        ("calls without a job", queue.lost),
        ("shed without the reason", queue.unreasoned),
        ("shed while an older one waited", queue.not_oldest),
        (f"taken while a newer one waited, of {queue.taken}", queue.not_newest),
    ):
        yield _aimed(told, "0", count == 0, (NONE, str(count)))


def _aimed(measure: str, aim: str, met: bool, cells: tuple[str, ...]) -> Row:
    return Row(measure=measure, aim=aim, met=met, cells=cells)
