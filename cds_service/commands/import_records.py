"""``cds-service import``: past records of the clinic into its part of a training set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.engine_options import engine_options, open_engine
from cds_service.commands.open_rights import known_client
from cds_service.commands.writing import writing

if TYPE_CHECKING:
    from cds_service.importing.books import Book
    from cds_service.importing.output import Imported
    from cds_service.importing.records import Wanted
    from cds_service.settings import Settings

_DAY = click.DateTime(formats=["%Y-%m-%d"])
ACTOR = "operator"


@click.command("import")
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder that is made.")
@click.option(
    "--client",
    callback=known_client,
    help="Registered client whose patients they are: opt-outs and the vault know them by it.",
)
@click.option("--without-database", is_flag=True, help="Import apart from the clinic's database and its opt-outs.")
@click.option("--since", type=_DAY, help="First day of the visits, UTC.")
@click.option("--until", type=_DAY, help="Last day of the visits, UTC.")
@click.option("--triage-code", "triage", multiple=True, metavar="SYSTEM|CODE",
              help="Code of an Observation that holds your triage level, 1 to 5.")  # fmt: skip
@click.option("--style", type=click.Choice(["compact", "worked"]), default="compact", show_default=True,
              help="Form of the prompt that the model will be served with.")  # fmt: skip
@click.option("--encoding", type=click.Choice(["json", "tagged"]), default="json", show_default=True,
              help="Encoding of the output contract.")  # fmt: skip
@engine_options
@click.option("--resume", is_flag=True, help="Go on with an import that was stopped.")
@click.option("--despite-unread-consents", is_flag=True,
              help="Go on although a Consent does not say whose it is. It may be an opt-out.")  # fmt: skip
@click.option("--list-files", is_flag=True, help="Say which file each number is. File names may name patients.")
@clear_errors
def import_records(
    sources: tuple[Path, ...], out: Path, client: str | None, without_database: bool, since: datetime | None,
    until: datetime | None, triage: tuple[str, ...], style: str, encoding: str, engine: str, workers: int,
    resume: bool, despite_unread_consents: bool, list_files: bool,
) -> None:  # fmt: skip
    """Read past records, de-identify them, and write the clinic's part of a training set into the folder --out.

    SOURCES are folders of a FHIR Bulk Data export (NDJSON, packed with gzip or not) and Bundles of past encounters
    (.json, .ndjson, .jsonl). Visits with a coded triage level become clinic.jsonl, which `data build --clinic` reads;
    the others inputs.jsonl. What cannot be read is told with file and line and costs only itself.
    """
    from cds_service.commands.read_settings import read_settings
    from cds_service.importing.importer import Importer, Order
    from cds_service.importing.records import Wanted
    from cds_service.importing.sources import source_files
    from cds_service.inference.contract import Encoding
    from cds_service.inference.style import Style
    from cds_service.ledger.trail import span
    from cds_service.terminal import progress

    if bool(client) is without_database:
        raise click.UsageError("Name the --client whose patients they are, or say --without-database.")
    settings = read_settings()
    begin, end = span(since.date() if since else None, until.date() if until else None, UTC)
    wanted = Wanted(
        since=begin,
        until=end,
        triage=frozenset(map(_code, triage)),
        style=Style(style),
        encoding=Encoding(encoding),
    )
    if list_files:
        for file in source_files(sources):
            click.echo(f"{file.name}: {file.path}", err=True)
    runs_on = open_engine(engine, workers)
    with writing(), progress() as show, prepared(settings, show) as own, _book(settings, client) as book:
        importer = Importer(runs_on, partial(_build, own, wanted), book, clock=lambda: datetime.now(UTC), show=show)
        done = importer.run(
            Order(
                sources=sources,
                out=out,
                wanted=wanted,
                versions=_versions(own),
                client=client,
                resume=resume,
                despite_unread_consents=despite_unread_consents,
            )
        )
    _tell(done, out, without_database=without_database)


def _build(settings: Settings, wanted: Wanted) -> Callable[..., Any]:
    from cds_service.commands.import_work import build_work

    return build_work(settings, wanted)


@contextmanager
def prepared(settings: Settings, show: Callable[[str, float], None]) -> Iterator[Settings]:
    """`settings` over a guideline index of their own, with the clinic's own choices of rules and limits."""
    from cds_service.commands.own_road import GATE_MS
    from cds_service.commands.own_settings import own_settings
    from cds_service.prepare import prepare
    from cds_service.settings import ModelKind

    with own_settings(settings) as apart:
        own = apart.model_copy(update={"model": ModelKind.NONE, "gate_timeout_ms": GATE_MS})
        prepare(own, show)
        yield own


@contextmanager
def _book(settings: Settings, client: str | None) -> Iterator[Callable[[Path], Book]]:
    from cds_service.importing.books import ClinicBook, OwnBook
    from cds_service.ledger.database import open_database
    from cds_service.ledger.keys import open_keys
    from cds_service.ledger.migrate import migrate
    from cds_service.ledger.vault import Vault
    from cds_service.rights.rights import Rights

    if client is None:
        yield OwnBook
        return
    migrate(settings.database)
    with closing(open_database(settings.database)) as database:
        vault = Vault(open_keys(settings))
        rights = Rights(database, vault, settings)
        yield lambda _: ClinicBook(database, vault, rights, client=client, actor=ACTOR)


def _versions(settings: Settings) -> dict[str, str]:
    from anonymization.policy import packaged_policy
    from cds_service.commands.import_work import POLICY
    from cds_service.commands.own_road import VERSIONS
    from cds_service.retrieval.chroma import ChromaIndex

    policy = packaged_policy(POLICY)
    rules_off = " ".join(sorted(settings.rules_off))
    return VERSIONS | {
        "policy": f"{policy.name} {policy.version}",
        "guidelines": ChromaIndex(settings.index_dir).version,
        "rules_off": rules_off,
    }


def _code(text: str) -> tuple[str, str]:
    system, bar, code = text.rpartition("|")
    if not bar or not system or not code:
        raise click.BadParameter("a system and a code with a bar between them", param_hint="--triage-code")
    return system, code


def _tell(done: Imported, out: Path, *, without_database: bool) -> None:
    from cds_service.importing.problems import REASONS

    click.echo(f"{done.patients} patients, {done.opted_out} opted out")
    click.echo(f"clinic.jsonl: {done.clinic} visits with a target; inputs.jsonl: {done.inputs} without")
    for what, count in done.counts.items():
        click.echo(f"  {count:>7} {what}")
    for reason, count in done.problems.items():
        click.echo(f"  {count:>7} not used: {REASONS[reason]}")
    if without_database:
        click.echo("The clinic's own list of opt-outs was not asked, and no audit trail knows of this import.")
    click.echo(f"Report: {out / 'import.md'}")
