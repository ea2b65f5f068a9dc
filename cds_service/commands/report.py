"""``cds-service report``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.read_settings import read_settings
from cds_service.commands.writing import writing

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("report")
@click.option(
    "--period", type=click.Choice(["daily", "weekly", "monthly"]), default="weekly", show_default=True, help="How much."
)
@click.option(
    "--end",
    type=click.DateTime(["%Y-%m-%d"]),
    help="A day within the day, week or month.  [default: the newest that is over]",
)
@click.option("--json", "json_file", type=_FILE, help="Write the report as JSON.")
@click.option("--markdown", "markdown_file", type=_FILE, help="Write the report as Markdown.")
@click.option("--figure", "figure_file", type=_FILE, help="Write the trends as an SVG picture.")
@clear_errors
def report(
    period: str, end: datetime | None, json_file: Path | None, markdown_file: Path | None, figure_file: Path | None
) -> None:
    """Report whether the service helps: agreement, triage, cards, times, drift, and what follows from them.

    Without a file, the report is printed. Small counts are hidden in every form (docs/reference/monitoring-figures.md).
    """
    import json

    from cds_service.bootstrap import open_oversight, open_recorder
    from cds_service.errors import ConfigurationError
    from cds_service.ledger.migrate import is_current
    from cds_service.oversight import charts, show
    from cds_service.oversight.periods import EARLIEST, Period

    settings = read_settings()
    recorder = open_recorder(settings)
    if not is_current(recorder.database):
        raise ConfigurationError("The database is not that of this version. Run `cds-service prepare` first.")
    oversight = open_oversight(recorder, settings)
    now = datetime.now(UTC)
    day = end.date() if end else None
    if day and not EARLIEST <= day <= now.astimezone(oversight.zone).date():
        raise click.BadParameter("there are figures from 2020 until today", param_hint="--end")
    made = oversight.report(Period(period), now, day=day)
    if json_file:
        _write(json_file, json.dumps(made.as_json(), indent=2, allow_nan=False) + "\n")
    if markdown_file:
        _write(markdown_file, show.markdown(made))
    if figure_file:
        _write(figure_file, charts.sheet(made.trends))
    if not (json_file or markdown_file or figure_file):
        click.echo(show.markdown(made), nl=False)


def _write(path: Path, text: str) -> None:
    from cds_service.whole_file import whole_file

    with writing(), whole_file(path) as out:
        out.write(text)
