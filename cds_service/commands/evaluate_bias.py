"""``cds-service evaluate bias``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.evaluation_files import output_options, write_json
from cds_service.commands.measured_models import command_words, model_and_case_options
from cds_service.twins import ATTRIBUTES

if TYPE_CHECKING:
    from cds_service.assessor import Similarity
    from cds_service.evaluation.assessment.cases import CaseSet
    from cds_service.evaluation.bias.kept import Walked
    from cds_service.evaluation.bias.measure import Model, Report
    from cds_service.evaluation.bias.pairs import Pair
    from cds_service.settings import Settings
    from cds_service.terminal import Show

FLOOR = "floor"


@click.command("bias")
@model_and_case_options("family-practice")
@click.option("--attribute", "attributes", type=click.Choice(ATTRIBUTES), multiple=True, default=ATTRIBUTES,
              help="What is swapped. May be given more than once.  [default: all]")  # fmt: skip
@click.option("--add", "earlier", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="JSON of an earlier measurement of these models: its other attributes are added.")  # fmt: skip
@output_options
@clear_errors
def bias(specs: tuple[str, ...], **options: Any) -> None:
    """Swap who the patient is where it may not matter, and count answers that change.

    Sex, age within a neutral band, race or ethnicity, name, language and insurance; and whether differences that do
    matter (pregnancy, diseases of one sex, bands of age) are still told. The files hold figures and no word of a chart.
    """
    from rich.console import Console

    from cds_service.commands.loading import distinct
    from cds_service.evaluation.bias.show import draw, for_page, for_terminal
    from cds_service.evaluation.triage.tables import write_page
    from cds_service.terminal import progress

    with progress() as show:
        made = _measure(distinct(specs), options, show)
    made = _with_earlier(made, options["earlier"])
    Console(width=140, highlight=False).print(for_terminal(made))
    if options["json_file"]:
        write_json(options["json_file"], made.as_json())
    if options["figure_file"]:
        draw(options["figure_file"], made)
    if options["markdown_file"]:
        write_page(options["markdown_file"], "bias", for_page(made))


def _with_earlier(made: Report, file: Path | None) -> Report:
    import json

    from cds_service.evaluation.bias.earlier import OtherMeasurement, with_earlier

    if file is None:
        return made
    try:
        return with_earlier(made, json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        why = str(error) if isinstance(error, OtherMeasurement) else "it cannot be read as JSON"
        raise click.BadParameter(f"{file}: {why}", param_hint="--add") from None


def _measure(specs: Sequence[str], options: Mapping[str, Any], show: Show) -> Report:
    from cds_service.bootstrap import open_similarity
    from cds_service.commands.loading import check_specs
    from cds_service.commands.own_road import VERSIONS, own_road
    from cds_service.commands.read_settings import read_settings
    from cds_service.evaluation.bias.kept import SETTING, walk_kept
    from cds_service.evaluation.bias.measure import Report
    from cds_service.evaluation.bias.pairs import pairs_of

    chosen = _sets(options)
    settings = read_settings()
    check_specs((spec for spec in specs if spec != FLOOR), settings)
    pairs: list[Pair] = []
    with own_road(settings, show) as road:
        for each in chosen:
            name = f"road: {each.name}"
            pairs += pairs_of(
                each,
                road.under(each.setting),
                VERSIONS,
                lambda share, name=name: show(name, share),  # type: ignore[misc]
                options["attributes"],
            )
        kept = walk_kept(road.under(SETTING), VERSIONS)
    similarity = open_similarity()
    models = [_model(spec, pairs, kept, settings, similarity, show) for spec in specs]
    return Report(
        made=datetime.now(UTC),
        command=command_words("bias", specs, options, *_asked(options["attributes"])),
        versions=VERSIONS,
        sets=chosen,
        models=models,
    )


def _asked(attributes: Sequence[str]) -> list[str]:
    return [] if tuple(attributes) == ATTRIBUTES else [f"--attribute '{name}'" for name in attributes]


def _sets(options: Mapping[str, Any]) -> list[CaseSet]:
    from cds_service.evaluation.assessment import cases
    from cds_service.settings import Setting

    settings = [Setting(name) for name in dict.fromkeys(options["settings"])]
    found = cases.synthetic(options["cases"], settings) if options["cases"] else []
    if options["vignettes"]:
        found += [s for setting in settings for s in cases.vignettes(options["vignettes"], setting)]
    if not found:
        raise click.UsageError("Nothing to measure on: give --cases or --vignettes.")
    return [s.limited(options["limit"]) for s in found]


def _model(
    spec: str,
    pairs: Sequence[Pair],
    kept: Sequence[Walked],
    settings: Settings,
    similarity: Similarity,
    show: Show,
) -> Model:
    """One model's figures. Raises BackendError."""
    from cds_service.assessor import Assessor
    from cds_service.commands.loading import PATIENCE_S, loaded, shown
    from cds_service.evaluation.bias.answers import Answers
    from cds_service.evaluation.bias.measure import measure
    from cds_service.settings import Setting

    def step(share: float) -> None:
        show(f"{shown(spec)}: pairs", share)

    if spec == FLOOR:
        return measure(spec, None, pairs, kept, Answers(None), step)
    with loaded(spec, settings, show) as (backend, info):

        def assessor_for(setting: Setting) -> Assessor:
            return Assessor(
                backend,
                similarity=similarity,
                setting=setting,
                deadline_s=PATIENCE_S,
                may_raise=info.may_raise,
            )

        return measure(shown(spec), info.adapter, pairs, kept, Answers(assessor_for), step, may_raise=info.may_raise)
