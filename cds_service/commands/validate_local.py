"""``cds-service validate-local``: what the service would say, or said in shadow, on a clinic's own charts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.evaluation_files import output_options, write_json
from cds_service.commands.read_settings import read_settings

if TYPE_CHECKING:
    from cds_service.evaluation.local.summary import Validation
    from cds_service.settings import Settings
    from cds_service.stations import Stations
    from cds_service.terminal import Show

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command("validate-local")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--ledger", is_flag=True, help="Read what the ledger holds instead of files: a week in shadow.")
@click.option("--since", type=_DAY, help="First day of the ledger, UTC.  [default: seven days ago]")
@click.option("--until", type=_DAY, help="Last day of the ledger, UTC.  [default: now]")
@click.option("--groups", is_flag=True, help="Open the sealed charts of the ledger for the groups; each is audited.")
@click.option("--days-after", default=0, show_default=True, type=click.IntRange(0, 3660),
              help="Open each chart of a file so many days after its newest time.")  # fmt: skip
@click.option("--charts-per-day", type=click.IntRange(1), help="How many charts the clinic opens, for alerts a day.")
@click.option("--limit", type=click.IntRange(1), help="At most so many files, evenly spread.")
@click.option("--list-files", is_flag=True, help="Say which file each number is. File names may name patients.")
@output_options
@clear_errors
def validate_local(
    paths: tuple[Path, ...], ledger: bool, since: datetime | None, until: datetime | None, groups: bool,
    days_after: int, charts_per_day: int | None, limit: int | None, list_files: bool, **files: Any,
) -> None:  # fmt: skip
    """Report alerts, yield of each rule and differences between groups on the clinic's own charts, before go-live.

    PATHS are files or folders of FHIR R4 Bundles, one patient each, or of patient-view requests (.json, .ndjson,
    .jsonl; .gz and .xz too). Each goes down the road of the hook under this clinic's settings, without a model; nothing
    is stored. With --ledger the answers of a shadow week are read.
    """
    if bool(paths) is ledger:
        raise click.UsageError("Name files or folders, or --ledger.")
    settings = read_settings()
    if ledger:
        made = _from_ledger(settings, since, until, groups=groups)
    else:
        made = _from_files(settings, paths, days_after, charts_per_day, limit, list_files=list_files)
    _write(made, files)


def _from_files(
    settings: Settings, paths: tuple[Path, ...], days_after: int, per_day: int | None, limit: int | None,
    *, list_files: bool,
) -> Validation:  # fmt: skip
    from cds_service.evaluation.local.replay import files_in, replay
    from cds_service.evaluation.local.summary import summarise
    from cds_service.terminal import progress

    found = files_in(list(paths), limit)
    if not found:
        raise click.ClickException("There is no .json, .jsonl or .ndjson file in these folders.")
    if list_files:
        for number, path in enumerate(found, start=1):
            click.echo(f"file {number}: {path}", err=True)
    with progress() as show, _stations(settings, show) as stations:
        replayed = replay(stations, found, opened, days_after, show)
        versions = _versions(settings) | {"guidelines": stations.index_version}
    if not replayed.facts:
        raise click.ClickException(
            "No file holds a chart that can be used: a FHIR R4 Bundle with a Patient, or a call."
        )
    return summarise(
        replayed.facts,
        replayed.problems,
        made=datetime.now(UTC),
        source=f"a replay of {len(found):,} files",
        setting=settings.setting,
        versions=versions,
        days=len(replayed.facts) / per_day if per_day else None,
    )


def opened(bundle: dict[str, Any], days: int) -> dict[str, Any] | None:
    """The request of an EHR that opens the chart in `bundle`; on day 0 its newest encounter is open."""
    from cds_service.evaluation.trials import USER
    from cds_service.sandbox.fhir_files import FhirFiles
    from cds_service.sandbox.prefetch import fill
    from cds_service.sandbox.source import newest_encounter
    from hooks.services import PATIENT_TRIAGE

    source = FhirFiles([bundle])
    patient = next(iter(source.patients()), None)
    if patient is None:
        return None
    encounter = newest_encounter(source, patient) if days == 0 else None
    context = {"userId": USER, "patientId": patient} | ({"encounterId": encounter} if encounter else {})
    return {
        "hook": "patient-view",
        "hookInstance": str(uuid.uuid5(uuid.NAMESPACE_OID, patient)),
        "context": context,
        "prefetch": fill(PATIENT_TRIAGE.prefetch, context, source).prefetch,
    }


def _from_ledger(settings: Settings, since: datetime | None, until: datetime | None, *, groups: bool) -> Validation:
    from cds_service.evaluation.local.past import read_past
    from cds_service.evaluation.local.summary import summarise
    from cds_service.ledger.database import open_database
    from cds_service.ledger.keys import open_keys
    from cds_service.ledger.migrate import migrate
    from cds_service.ledger.trail import span
    from cds_service.ledger.vault import Vault
    from cds_service.terminal import progress

    now = datetime.now(UTC)
    begin, end = span(since.date() if since else None, until.date() if until else None, UTC)
    first, last = begin or now - timedelta(days=7), end or now
    migrate(settings.database)
    with closing(open_database(settings.database)) as database, progress() as show:
        vault = Vault(open_keys(settings)) if groups else None
        past = read_past(database, first, last, show, vault=vault, now=now)
    if not past.facts:
        raise click.ClickException("The ledger holds no answer of this time.")
    return summarise(
        past.facts,
        (),
        made=now,
        source=f"the ledger, {past.days} days with answers",
        setting=settings.setting,
        versions=_versions(settings),
        days=past.days,
    )


def _write(made: Validation, files: dict[str, Any]) -> None:
    from rich.console import Console

    from cds_service.evaluation.local.show import draw, for_page, for_terminal
    from cds_service.evaluation.triage.tables import write_page

    Console(width=100, highlight=False).print(for_terminal(made))
    if files["json_file"]:
        write_json(files["json_file"], made.as_json())
    if files["figure_file"]:
        draw(files["figure_file"], made)
    if files["markdown_file"]:
        write_page(files["markdown_file"], f"validation {made.setting}", for_page(made))


def _versions(settings: Settings) -> dict[str, str]:
    from cds_service import __version__
    from cds_service.clinical import RULES, version_of

    return {"service": __version__, "rules": version_of([r for r in RULES if r.id not in settings.rules_off])}


@contextmanager
def _stations(settings: Settings, show: Show) -> Iterator[Stations]:
    """The road under the clinic's own settings, on state that is deleted afterwards."""
    from cds_service.bootstrap import open_stations
    from cds_service.commands.own_settings import own_settings
    from cds_service.prepare import prepare
    from cds_service.settings import ModelKind

    with own_settings(settings) as apart:
        own = apart.model_copy(
            update={"model": ModelKind.NONE, "unreviewed_guidelines": settings.unreviewed_guidelines}
        )
        prepare(own, show)
        yield open_stations(own)
