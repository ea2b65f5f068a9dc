"""``cds-service evaluate triage`` and ``cds-service evaluate vignettes``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.evaluation_files import OUT, in_a_folder, output_options, write_json

if TYPE_CHECKING:
    from cds_service.evaluation.triage.replay import Clock, Outcome
    from cds_service.evaluation.triage.report import Report
    from cds_service.evaluation.triage.visits import Visit
    from cds_service.settings import Setting
    from cds_service.terminal import Show

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
SETTINGS = click.Choice(["family-practice", "ed"])
STEP = "visits"


def _a_clock(_: click.Context, __: click.Parameter, as_of: str) -> str:
    from cds_service.evaluation.triage.replay import clock

    try:
        clock(as_of)
    except ValueError:
        raise click.BadParameter("must be `each` or an ISO date-time such as 2017-03-15T10:00:00+09:00") from None
    return as_of


def _shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.option("--setting", type=SETTINGS, required=True, help="Care setting by which flags are graded."),
        click.option(
            "--verbose-cases",
            "cases_file",
            type=OUT,
            callback=in_a_folder,
            help="Write every visit WITH ITS COMPLAINT as JSON lines.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return output_options(command)


@click.command("triage")
@click.argument("requests", metavar="FILE.jsonl[.gz]", type=FILE)
@click.argument("gold", metavar="GOLD.csv", type=FILE)
@click.option(
    "--as-of",
    default="each",
    show_default=True,
    callback=_a_clock,
    help="The clock: `each` is the newest time in each request; or an ISO date-time for all.",
)
@click.option(
    "--model", type=click.Choice(["off", "on"]), default="off", show_default=True, help="Let the model assess too."
)
@click.option("--halves", is_flag=True, help="Report two fixed halves of the visits, by a hash of their ids, too.")
@click.option("--limit", type=click.IntRange(1), help="At most so many visits, the first ones.")
@_shared_options
@clear_errors
def triage(requests: Path, gold: Path, **options: Any) -> None:
    """Replay patient-view requests and compare their priorities with those that an expert gave.

    GOLD.csv has the columns id and priority (or ktas_expert), and may have nurse_priority (or ktas_nurse). Urgent is
    High or Critical. KTAS 1 is Critical, 2 High, 3 Medium, 4 and 5 Low. The files that are written hold ids of
    visits and no words of a chart, but for --verbose-cases.
    """
    from cds_service.evaluation.triage.replay import clock, replay
    from cds_service.evaluation.triage.report import halves, report
    from cds_service.evaluation.triage.visits import read_visits
    from cds_service.settings import Setting
    from cds_service.terminal import progress

    found, setting, at = read_visits(requests, gold), Setting(options["setting"]), clock(options["as_of"])
    visits = found.visits[: options["limit"]]
    with progress() as show:
        outcomes, problems = replay(visits, setting, at, lambda share: show(STEP, share))
        if options["model"] == "on":
            outcomes = _with_drafts(outcomes, visits, at, setting, show)
    parts = halves(outcomes) if options["halves"] else {"all": outcomes}
    made = report(
        found.name,
        setting,
        parts,
        problems=(*found.problems, *problems),
        as_of=options["as_of"],
        made=datetime.now(UTC),
    )
    _write(made, outcomes, options, page="triage")


@click.command("vignettes")
@click.option(
    "--part",
    type=click.Choice(["tuning", "kept-out", "all"]),
    required=True,
    help="Which vignettes: those that rules may be tuned on, those kept out of it, or both.",
)
@_shared_options
@clear_errors
def vignettes(part: str, **options: Any) -> None:
    """Replay the project's own vignettes of primary and urgent care and compare priorities with their labels.

    Those kept out of tuning are counted and never listed case by case.
    """
    from cds_service.evaluation.triage.report import report
    from cds_service.evaluation.vignettes.reading import Part
    from cds_service.evaluation.vignettes.replay import replay_vignettes
    from cds_service.settings import Setting
    from cds_service.terminal import progress

    if part == Part.KEPT_OUT and options["cases_file"]:
        raise click.UsageError("--verbose-cases never shows the vignettes that are kept out of tuning.")
    setting = Setting(options["setting"])
    with progress() as show:
        parts = replay_vignettes(part, setting, lambda share: show(STEP, share))
    hidden = parts.get(Part.KEPT_OUT, [])
    made = report("vignettes", setting, parts, as_of="the day of each", made=datetime.now(UTC), hidden=hidden)
    _write(made, parts.get(Part.TUNING, []), options, page="vignettes")


def _with_drafts(
    outcomes: list[Outcome], visits: Sequence[Visit], at: Clock, setting: Setting, show: Show
) -> list[Outcome]:
    """The outcomes with the priority of the whole pipeline's answer and what became of the model's draft."""
    from cds_service.commands.own_pipeline import own_pipeline
    from cds_service.commands.read_settings import read_settings
    from cds_service.evaluation.triage.drafts import with_answer

    calls = {visit.id: visit.call for visit in visits}
    made: list[Outcome] = []
    with own_pipeline(read_settings(), setting, show, model=True) as pipeline:
        for number, outcome in enumerate(outcomes, start=1):
            call = calls[outcome.id]
            made.append(with_answer(outcome, pipeline.answer(call, at(call))))
            show("assessments", number / len(outcomes))
    return made


def _write(made: Report, cases: Sequence[Outcome], options: Mapping[str, Any], *, page: str) -> None:
    from rich.console import Console

    from cds_service.evaluation.triage.cases import write_cases
    from cds_service.evaluation.triage.figure import draw
    from cds_service.evaluation.triage.show import for_page, for_terminal
    from cds_service.evaluation.triage.tables import write_page

    Console(width=100, highlight=False).print(for_terminal(made))
    if options["json_file"]:
        write_json(options["json_file"], made.as_json())
    if options["figure_file"]:
        draw(options["figure_file"], made)
    if options["cases_file"]:
        write_cases(options["cases_file"], cases)
    if options["markdown_file"]:
        write_page(options["markdown_file"], f"{page} {made.setting}", for_page(made))
