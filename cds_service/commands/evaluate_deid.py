"""``cds-service evaluate deid``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.evaluation_files import OUT, a_figure, in_a_folder

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("deid")
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option(
    "--profile",
    type=click.Choice(["safe-harbor-prompts", "safe-harbor-exports"]),
    default="safe-harbor-prompts",
    show_default=True,
    help="The policy of the gate.",
)
@click.option("--baseline/--no-baseline", default=True, show_default=True, help="Measure Presidio's defaults too.")
@click.option("--terms/--no-terms", default=True, show_default=True, help="Measure clinical terms that must stay.")
@click.option(
    "--charts",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of FHIR Bundles: how many charts the gate refuses. May be given more than once.",
)
@click.option("--dialogues", is_flag=True, help="Of ACI-Bench read the conversations instead of the notes.")
@click.option("--limit", type=click.IntRange(1), help="At most so many documents of each file, evenly spread.")
@click.option("--json", "json_file", type=OUT, callback=in_a_folder, help="Write every figure as JSON.")
@click.option(
    "--markdown",
    "markdown_file",
    type=OUT,
    callback=in_a_folder,
    help="Write Markdown; in a page with marks, between them.",
)
@click.option(
    "--figure", "figure_file", type=OUT, callback=a_figure, help="Draw the chart (png, svg or pdf by its ending)."
)
@click.option(
    "--verbose-leaks",
    "faults_file",
    type=OUT,
    callback=in_a_folder,
    help="Write leaks WITH THEIR TEXT as JSON lines.",
)
@clear_errors
def deid(
    files: tuple[Path, ...],
    profile: str,
    baseline: bool,
    terms: bool,
    charts: tuple[Path, ...],
    dialogues: bool,
    limit: int | None,
    json_file: Path | None,
    markdown_file: Path | None,
    figure_file: Path | None,
    faults_file: Path | None,
) -> None:
    """Measure de-identification on labelled texts: leaks, over-masking and speed, beside Presidio's defaults.

    FILES are JSON lines {"text", "spans": [[start, end, label], …], "bundle"}, the JSON of presidio-research, or CSV
    files of ACI-Bench with their metadata beside them. Without --verbose-leaks nothing that is written holds a text
    of theirs.
    """
    from rich.console import Console

    from cds_service.evaluation.deid.evaluate import evaluate
    from cds_service.evaluation.deid.reading import read_gold
    from cds_service.evaluation.deid.report import write_faults
    from cds_service.evaluation.deid.table import terminal_tables, write_markdown
    from cds_service.evaluation.deid.terms import packaged_mentions
    from cds_service.terminal import progress

    sets = [read_gold(path, dialogues=dialogues) for path in files]
    with progress() as show:
        report = evaluate(
            sets,
            show,
            now=datetime.now(UTC),
            baseline=baseline,
            mentions=packaged_mentions() if terms else (),
            charts=charts,
            limit=limit,
            profile=profile,
        )
    Console(width=100).print(terminal_tables(report))
    if json_file:
        json_file.write_text(json.dumps(report.as_json(), indent=1) + "\n", "utf-8")
    if markdown_file:
        write_markdown(markdown_file, report)
    if figure_file:
        from cds_service.evaluation.deid.figure import draw

        draw(figure_file, report)
    if faults_file:
        write_faults(faults_file, report.sets)
