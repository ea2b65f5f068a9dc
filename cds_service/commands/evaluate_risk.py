"""``cds-service evaluate risk``."""

from __future__ import annotations

from pathlib import Path

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.evaluation_files import OUT, in_a_folder, write_json


@click.command("risk")
@click.argument("charts", type=click.Path(path_type=Path, exists=True))
@click.option("--k", default=11, show_default=True, type=click.IntRange(2), help="How many must look alike.")
@click.option("--suppress", default=0.05, show_default=True, type=click.FloatRange(0, 0.99), help="Most left out.")
@click.option("--json", "json_file", type=OUT, callback=in_a_folder, help="Write every figure as JSON.")
@click.option("--markdown", "markdown_file", type=OUT, callback=in_a_folder, help="Write the report to read.")
@click.option("--figure", "figure_file", type=OUT, callback=in_a_folder, help="Draw the class sizes (PNG).")
@clear_errors
def risk(
    charts: Path,
    k: int,
    suppress: float,
    json_file: Path | None,
    markdown_file: Path | None,
    figure_file: Path | None,
) -> None:
    """Say how easily patients are found again by age, sex, place, year and conditions, and what generalising does.

    CHARTS is a file that `cds-service data synth` wrote, or a folder of FHIR Bundles. Nothing is written but the
    report.
    """
    from cds_service.evaluation.risk import people_of
    from cds_service.export.risk import Generaliser, report

    subjects = list(people_of(charts))
    if not subjects:
        raise click.UsageError("no patient was found there")
    plan = Generaliser(most_suppressed=suppress).plan(subjects, k)
    found = report(subjects, plan=plan, applied=False)
    if json_file is not None:
        write_json(json_file, found.as_json())
    if figure_file is not None:
        figure_file.write_bytes(found.figure())
    if markdown_file is not None:
        markdown_file.write_text(found.markdown(), encoding="utf-8")
    else:
        click.echo(found.markdown())
