"""``cds-service evaluate burden``."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.evaluate_triage import SETTINGS
from cds_service.commands.evaluation_files import output_options, write_json

if TYPE_CHECKING:
    from cds_service.commands.own_pipeline import OwnPipeline

DAYS = (0, 30)


@click.command("burden")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--setting", type=SETTINGS, required=True, help="Care setting by which flags are graded.")
@click.option(
    "--days-after",
    "days",
    multiple=True,
    type=click.IntRange(0, 3660),
    default=DAYS,
    show_default=True,
    help="Open each chart so many days after its newest time. May be given more than once.",
)
@click.option("--limit", type=click.IntRange(1), help="At most so many files of each folder, evenly spread.")
@output_options
@clear_errors
def burden(paths: tuple[Path, ...], setting: str, days: tuple[int, ...], limit: int | None, **files: Any) -> None:
    """Count the cards that charts get from the whole service without a model.

    PATHS are files or folders of FHIR R4 Bundles, one patient each (.json, .json.xz, .ndjson). Each chart is opened as
    an EHR does it: the prefetch is filled from the Bundle. On day 0 the newest encounter is open; later none is.
    """
    from rich.console import Console

    from cds_service.clinical import RULES_VERSION
    from cds_service.commands.own_pipeline import own_pipeline
    from cds_service.commands.read_settings import read_settings
    from cds_service.evaluation.burden import BurdenReport, measure_folder
    from cds_service.evaluation.burden_show import draw, for_page, for_terminal
    from cds_service.evaluation.triage.tables import write_page
    from cds_service.settings import Setting
    from cds_service.terminal import progress

    with progress() as show, own_pipeline(read_settings(), Setting(setting), show) as pipeline:
        measured = [
            measure_folder(path, lambda chart, d: opened(pipeline, chart, d), sorted(set(days)), show, most=limit)
            for path in paths
        ]
        versions = {"rules": RULES_VERSION, "guidelines": pipeline.service.retriever.version}
    folders = tuple(folder for folder in measured if any(b.charts for b in folder.by_days))
    if not folders:
        raise click.ClickException("There is no FHIR Bundle with a patient in these files.")
    made = BurdenReport(made=datetime.now(UTC), setting=Setting(setting), versions=versions, folders=folders)
    Console(width=100, highlight=False).print(for_terminal(made))
    if files["json_file"]:
        write_json(files["json_file"], made.as_json())
    if files["figure_file"]:
        draw(files["figure_file"], made)
    if files["markdown_file"]:
        write_page(files["markdown_file"], f"burden {setting}", for_page(made))


def opened(pipeline: OwnPipeline, chart: dict[str, Any], days: int) -> Mapping[str, Any] | None:
    """The response when an EHR opens `chart` so many days after its newest time; None where it cannot be answered."""
    from cds_service.evaluation.charts import newest_time
    from cds_service.evaluation.triage.visits import hook_call
    from cds_service.evaluation.trials import USER
    from cds_service.sandbox.fhir_files import FhirFiles
    from cds_service.sandbox.prefetch import fill
    from cds_service.sandbox.source import newest_encounter
    from fhir_mappers.errors import MappingError
    from hooks.errors import HookError
    from hooks.services import PATIENT_TRIAGE

    source = FhirFiles([chart])
    patient_id = next(iter(source.patients()))
    encounter = newest_encounter(source, patient_id) if days == 0 else None
    context = {"userId": USER, "patientId": patient_id} | ({"encounterId": encounter} if encounter else {})
    body = {
        "hook": "patient-view",
        "hookInstance": str(uuid.uuid5(uuid.NAMESPACE_OID, patient_id)),
        "context": context,
        "prefetch": fill(PATIENT_TRIAGE.prefetch, context, source).prefetch,
    }
    try:
        return pipeline.answer(hook_call(body), newest_time(chart) + timedelta(days=days))
    except (HookError, MappingError):
        return None
