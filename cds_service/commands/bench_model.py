"""``cds-service bench-model``."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.evaluate_triage import FILE
from cds_service.commands.evaluation_files import OUT, in_a_folder, write_json

if TYPE_CHECKING:
    from cds_service.assessor import Similarity
    from cds_service.evaluation.assessment.cases import QuestionSet
    from cds_service.evaluation.bench_model import Agreement, Batch, Bench, Speed
    from cds_service.evaluation.queue_load import QueueLoad
    from cds_service.settings import Settings
    from cds_service.terminal import Show

ENGINES = ("llamacpp", "transformers")
PARTS = ("speed", "agreement", "gpu", "queue")
BOUND = 50
"""Jobs that may wait while the queue is loaded."""


@click.command("bench-model")
@click.option(
    "--model",
    "spec",
    default="serving",
    show_default=True,
    help="`base`, `serving`, the id of an adapter, or the path of an adapter or run folder.",
)
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.Choice(PARTS),
    default=("speed", "agreement", "gpu"),
    show_default=True,
    help="What to measure. May be given more than once.",
)
@click.option("--cases", default=10, show_default=True, type=click.IntRange(2, 500), help="Cases for each figure.")
@click.option(
    "--file",
    type=FILE,
    help="Synthetic cases: the held-out ones instead of the packaged vignettes, and for the queue all of them instead "
    "of the demo's chart.",
)
@click.option("--raising", is_flag=True, help="Agreement of the engines with priorities above the floor allowed too.")
@click.option("--rate", default=10.0, show_default=True, type=click.FloatRange(0.1, 100), help="Charts a second.")
@click.option("--seconds", default=30.0, show_default=True, type=click.FloatRange(1, 600), help="How long they come.")
@click.option("--queue", is_flag=True, help="Load the queue of what serves, and nothing else.")
@click.option("--json", "json_file", type=OUT, callback=in_a_folder, help="Write every figure as JSON.")
@click.option("--markdown", "markdown_file", type=OUT, callback=in_a_folder, help="Write or fill a page of Markdown.")
@clear_errors
def bench_model(spec: str, **options: Any) -> None:
    """Time the model from enqueue to ready against plain transformers on the same prompts, and load the queue.

    Plain transformers has no grammar and no prefix cache; on a CPU it takes minutes a case. Times are those of this
    machine, and of what else it does meanwhile.
    """
    from rich.console import Console

    from cds_service.evaluation.bench_model_show import for_page, for_terminal
    from cds_service.evaluation.triage.tables import write_page

    parts = ("queue",) if options["queue"] else options["parts"]
    made = _measure(spec, parts, options)
    Console(width=110, highlight=False).print(for_terminal(made))
    if options["json_file"]:
        write_json(options["json_file"], made.as_json())
    if options["markdown_file"]:
        name = "queue" if parts == ("queue",) else "bench-model"
        write_page(options["markdown_file"], name, for_page(made))


def _measure(spec: str, parts: Sequence[str], options: Mapping[str, Any]) -> Bench:
    from cds_service.commands.loading import check_specs, shown
    from cds_service.commands.read_settings import read_settings
    from cds_service.evaluation.bench_model import Bench
    from cds_service.terminal import progress

    settings = read_settings()
    figures: dict[str, Any] = {}
    with progress() as show:
        if set(parts) - {"queue"}:
            check_specs([spec], settings)
            asked, similarity = _asked(settings, options, show)
            if "speed" in parts:
                figures["speed"] = _speed(spec, asked, settings, similarity, show)
            if "agreement" in parts:
                figures["agreement"] = tuple(_agreements(spec, asked, settings, similarity, options, show))
            if "gpu" in parts:
                figures["gpu"] = _gpu(spec, asked, settings, show)
        if "queue" in parts:
            figures["queue"] = _queue(settings, options, show)
    return Bench(made=datetime.now(UTC), model=shown(spec), **figures)


def _asked(settings: Settings, options: Mapping[str, Any], show: Show) -> tuple[QuestionSet, Similarity]:
    """The cases of the benchmark after the road, evenly spread over the file or the packaged vignettes."""
    from dataclasses import replace

    from cds_service.bootstrap import open_similarity
    from cds_service.commands.loading import part
    from cds_service.commands.own_road import VERSIONS, own_road
    from cds_service.evaluation.assessment.cases import synthetic, vignettes, walk

    setting = settings.setting
    if options["file"]:
        chosen = synthetic(options["file"], [setting])[0]
    else:
        parts = vignettes("all", setting)
        chosen = replace(parts[0], name=f"vignettes {setting}", cases=tuple(c for part in parts for c in part.cases))
    with own_road(settings, show) as road:
        limited = chosen.limited(options["cases"])
        asked = walk(limited, road.under(setting), VERSIONS, part(show, "road"))
    return asked, open_similarity()


def _speed(spec: str, asked: QuestionSet, settings: Settings, similarity: Similarity, show: Show) -> Speed:
    """The product through a job table, then plain transformers on the prompts that it got. Raises BackendError."""
    from cds_service.assessor import Assessor
    from cds_service.commands.at_work import at_work
    from cds_service.commands.loading import loaded, part, plain_model
    from cds_service.evaluation.assessment.memory import Growth
    from cds_service.evaluation.bench_model import Speed, Timed, time_plain

    tasks = [q.task for q in asked.asked if q.task is not None]
    growth = Growth()
    with loaded(spec, settings, show) as (backend, info):
        assessor = Assessor(
            backend,
            similarity=similarity,
            setting=asked.setting,
            deadline_s=settings.model_timeout_s,
            may_raise=info.may_raise,
        )
        prompts = [assessor.ask(task)[0].text for task in tasks]
        with at_work(settings, backend, assessor) as assessed:
            jobs = [assessed(task) for task in tasks]
        product = Timed(
            name=backend.name,
            seconds=tuple(j.seconds for j in jobs),
            tokens=tuple(j.tokens for j in jobs),
            memory_mb=growth.peak_mb(),
        )
    growth = Growth()
    plain = plain_model(spec, settings, show, four_bits=True)
    seconds, tokens = time_plain(plain, prompts, part(show, "plain transformers"))
    return Speed(
        product=product,
        plain=Timed(name="plain NF4", seconds=tuple(seconds), tokens=tuple(tokens), memory_mb=growth.peak_mb()),
    )


def _agreements(
    spec: str,
    asked: QuestionSet,
    settings: Settings,
    similarity: Similarity,
    options: Mapping[str, Any],
    show: Show,
) -> Iterator[Agreement]:
    """Both engines on all cases, as the model serves and, with ``--raising``, free to raise. Raises BackendError."""
    from cds_service.commands.loading import PATIENCE_S, loaded, part
    from cds_service.evaluation.assessment.drafting import Answered, Drafter
    from cds_service.evaluation.bench_model import agreement

    answers: dict[bool, list[tuple[Answered, ...]]] = {}
    for engine in ENGINES:
        with loaded(f"{engine}:{spec}", settings, show) as (backend, info):
            for may_raise in sorted({info.may_raise, info.may_raise or options["raising"]}):
                drafter = Drafter(backend=backend, similarity=similarity, deadline_s=PATIENCE_S, may_raise=may_raise)
                step = f"{engine}{', may raise' if may_raise else ''}"
                answered = drafter.answer(asked, part(show, step))
                answers.setdefault(may_raise, []).append(answered)
    for may_raise, (one, other) in answers.items():
        yield agreement(ENGINES, one, other, may_raise=may_raise)


def _gpu(spec: str, asked: QuestionSet, settings: Settings, show: Show) -> tuple[Batch, ...]:
    """Plain NF4 in batches on a CUDA device, nothing without one. Raises BackendError."""
    import torch

    from cds_service.assessor import Assessor
    from cds_service.commands.loading import PATIENCE_S, loaded, part, plain_model
    from cds_service.evaluation.bench_model import time_batches

    if not torch.cuda.is_available():
        return ()
    with loaded(f"transformers:{spec}", settings, show) as (backend, info):
        assessor = Assessor(
            backend, similarity=None, setting=asked.setting, deadline_s=PATIENCE_S, may_raise=info.may_raise
        )
        prompts = [assessor.ask(q.task)[0].text for q in asked.asked if q.task is not None]
    plain = plain_model(spec, settings, show, four_bits=True)
    return time_batches(plain, prompts, part(show, "batches on the GPU"))


def _queue(settings: Settings, options: Mapping[str, Any], show: Show) -> QueueLoad:
    """What serves, under load. Raises ConfigurationError or NotRunning."""
    from cds_service.commands.loading import part
    from cds_service.evaluation.queue_load import charts_of, demo_charts, run

    file = options["file"]
    charts = charts_of(file) if file else demo_charts(datetime.now(UTC))
    with tempfile.TemporaryDirectory(prefix="cds-load-") as folder:
        return run(
            settings,
            charts=charts,
            rate=options["rate"],
            seconds=options["seconds"],
            bound=BOUND,
            folder=Path(folder),
            show=part(show, "queue under load"),
        )
