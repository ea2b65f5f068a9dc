"""``cds-service evaluate assessment``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.evaluate_triage import FILE, SETTINGS
from cds_service.commands.evaluation_files import output_options, write_json
from cds_service.commands.measured_models import command_words, model_and_case_options

if TYPE_CHECKING:
    from cds_service.assessor import Similarity
    from cds_service.evaluation.assessment.cases import CaseSet, QuestionSet
    from cds_service.evaluation.assessment.drafting import Answered, Drafter
    from cds_service.evaluation.assessment.measures import Metric
    from cds_service.evaluation.assessment.report import Model, Report
    from cds_service.settings import Settings
    from cds_service.terminal import Show


@click.command("assessment")
@model_and_case_options("family-practice", "ed")
@click.option(
    "--visits",
    type=(FILE, FILE, SETTINGS),
    metavar="FILE.jsonl[.gz] GOLD.csv SETTING",
    help="Visits with an expert's priority, as `evaluate triage` reads them, and their care setting.",
)
@click.option("--qa", type=FILE, help="Multiple-choice questions (JSON lines): what tuning made a model forget.")
@click.option("--raising", is_flag=True, help="Draft a second time with priorities above the floor allowed.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of finished records (figures, no words): an interrupted measurement goes on from there.",
)
@output_options
@clear_errors
def assessment(specs: tuple[str, ...], **options: Any) -> None:
    """Measure what models make of cases whose priority is known, beside the floor alone.

    Contract, safety checks, grounding, priority with and without the model, confidence, speed, memory. The files that
    are written hold figures and no word of a chart. Nothing is written before everything is measured.
    """
    from rich.console import Console

    from cds_service.commands.loading import distinct
    from cds_service.evaluation.assessment.figure import draw
    from cds_service.evaluation.assessment.show import for_page, for_terminal
    from cds_service.evaluation.triage.tables import write_page
    from cds_service.terminal import progress

    specs = distinct(specs)
    try:
        with progress() as show:
            made = _measure(specs, options, show)
    except KeyboardInterrupt:
        told = "finished drafts are kept: run it again" if options["keep"] else "use --keep to go on after that"
        raise click.ClickException(f"Interrupted; nothing was written ({told}).") from None
    Console(width=max(100, 44 + 25 * len(specs)), highlight=False).print(for_terminal(made))
    if options["json_file"]:
        write_json(options["json_file"], made.as_json())
    if options["figure_file"]:
        draw(options["figure_file"], made)
    if options["markdown_file"]:
        write_page(options["markdown_file"], "assessment", for_page(made))


def _measure(specs: Sequence[str], options: Mapping[str, Any], show: Show) -> Report:
    from cds_service.bootstrap import open_similarity
    from cds_service.commands.loading import check_specs, part
    from cds_service.commands.own_road import VERSIONS, own_road
    from cds_service.commands.read_settings import read_settings
    from cds_service.evaluation.assessment.cases import walk
    from cds_service.evaluation.assessment.report import FLOOR, Report

    chosen = [s.limited(options["limit"]) for s in _sets(options)]
    if not chosen:
        raise click.UsageError("Nothing to measure on: give --cases, --vignettes or --visits.")
    settings = read_settings()
    check_specs((spec for spec in specs if spec != FLOOR), settings)
    with own_road(settings, show) as road:
        asked = [walk(s, road.under(s.setting), VERSIONS, part(show, f"road: {s.name}")) for s in chosen]
    similarity = open_similarity()
    models = [_model(spec, asked, settings, similarity, options, show) for spec in specs]
    return Report(
        made=datetime.now(UTC), command=_command(specs, options), versions=VERSIONS, sets=asked, models=models
    )


def _sets(options: Mapping[str, Any]) -> Iterator[CaseSet]:
    from cds_service.evaluation.assessment import cases
    from cds_service.settings import Setting

    settings = [Setting(name) for name in dict.fromkeys(options["settings"])]
    if options["cases"]:
        yield from cases.synthetic(options["cases"], settings)
    if options["vignettes"]:
        for setting in settings:
            yield from cases.vignettes(options["vignettes"], setting)
    if options["visits"]:
        requests, gold, setting = options["visits"]
        yield cases.visits(requests, gold, Setting(setting))


def _model(
    spec: str,
    asked: Sequence[QuestionSet],
    settings: Settings,
    similarity: Similarity,
    options: Mapping[str, Any],
    show: Show,
) -> Model:
    """One model, loaded, asked and freed. Raises BackendError."""
    from cds_service.commands.loading import PATIENCE_S, loaded, shown
    from cds_service.evaluation.assessment.drafting import Answered, Drafter
    from cds_service.evaluation.assessment.keep import Keep
    from cds_service.evaluation.assessment.memory import Growth
    from cds_service.evaluation.assessment.report import FLOOR, Model

    if spec == FLOOR:
        alone = {s.name: tuple(Answered(question=q, record=None) for q in s.questions) for s in asked}
        return Model(spec=spec, name="no model", answers=alone)
    growth = Growth()
    with loaded(spec, settings, show) as (backend, info):

        def drafter(*, may_raise: bool) -> Drafter:
            decides = (backend.name, backend.version, backend.style.value, str(may_raise))
            return Drafter(
                backend=backend,
                similarity=similarity,
                deadline_s=PATIENCE_S,
                may_raise=may_raise,
                keep=Keep(options["keep"], *decides),
            )

        answers = _answers(drafter(may_raise=info.may_raise), asked, shown(spec), show)
        raising = {}
        if options["raising"]:
            free = f"{shown(spec)}, may raise"
            raising = answers if info.may_raise else _answers(drafter(may_raise=True), asked, free, show)
        memory = growth.peak_mb()
    return Model(
        spec=shown(spec),
        adapter=info.adapter,
        name=backend.name,
        version=backend.version,
        licence=info.licence,
        may_raise=info.may_raise,
        answers=answers,
        raising=raising,
        memory_mb=memory,
        questions=_choices(spec, settings, options, show),
    )


def _answers(drafter: Drafter, asked: Sequence[QuestionSet], name: str, show: Show) -> dict[str, tuple[Answered, ...]]:
    from cds_service.commands.loading import part

    return {s.name: drafter.answer(s, part(show, f"{name}: {s.name}")) for s in asked}


def _choices(spec: str, settings: Settings, options: Mapping[str, Any], show: Show) -> dict[str, Metric]:
    """The share of the questions of ``--qa`` that transformers with this model's weights answers rightly."""
    from cds_service.commands.loading import part, plain_model, shown
    from cds_service.evaluation.assessment.questions import answer, read_questions

    path: Path | None = options["qa"]
    if path is None:
        return {}
    questions = read_questions(path, options["limit"])
    model = plain_model(spec, settings, show, four_bits=False)
    return {path.name: answer(questions, model.log_likelihood, part(show, f"{shown(spec)}: {path.name}"))}


def _command(specs: Sequence[str], options: Mapping[str, Any]) -> str:
    more = ["--raising"] if options["raising"] else []
    if options["visits"]:
        requests, gold, setting = options["visits"]
        more.append(f"--visits {requests.name} {gold.name} {setting}")
    if options["qa"]:
        more.append(f"--qa {options['qa'].name}")
    return command_words("assessment", specs, options, *more)
