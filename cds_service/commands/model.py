"""``cds-service model``: the registry of adapters, and which one serves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.read_settings import read_settings

if TYPE_CHECKING:
    from cds_service.inference.registry.gates import Verdict
    from cds_service.inference.registry.pack import Packing
    from cds_service.inference.registry.store import Registry
    from cds_service.settings import Settings

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)
_RESTART = "The model worker takes it when it starts again: restart `cds-service serve`, or the worker."
_OPERATOR = "operator"


@click.group("model")
def model() -> None:
    """Adapters: what was added, how it was measured, which one serves."""


@model.command("list")
@clear_errors
def show_all() -> None:
    """Every adapter in the registry, newest first; the one that serves is marked."""
    with _open() as (_, registry):
        serving = registry.head().entry
        for entry in registry.all():
            mark = "serves" if serving is not None and entry.digest == serving.digest else ""
            click.echo(f"{mark:7} {entry.id}  added {entry.added_at:%Y-%m-%d %H:%M} UTC  digest {entry.digest[:12]}")
        if serving is None:
            click.echo("No adapter serves: the model answers alone.")


@model.command("show")
@click.argument("adapter_id", metavar="ID")
@clear_errors
def show_one(adapter_id: str) -> None:
    """The model card of an adapter, after every hash was checked."""
    with _open() as (_, registry):
        adapter = registry.read(registry.find(adapter_id))
        click.echo((adapter.folder / "card.md").read_text(encoding="utf-8"), nl=False)
        click.echo(f"\nFolder: {adapter.folder}")


@model.command("add")
@click.argument("folder", type=_FOLDER)
@click.option("--id", "adapter_id", help="Its name in the registry.  [default: base, kind of run and a hash]")
@click.option("--evaluation", type=_FILE, help="File of `cds-service evaluate assessment`, with it and what serves.")
@click.option("--bias", type=_FILE, help="File of `cds-service evaluate bias`, with it and what serves.")
@click.option("--licence", type=_FILE, help="The base model's terms, where the service does not know them.")
@click.option("--may-raise/--words-only", default=None, help="Whether a draft may give a priority above the rules'.")
@clear_errors
def add(folder: Path, adapter_id: str | None, evaluation: Path | None, bias: Path | None, licence: Path | None,
        may_raise: bool | None) -> None:  # fmt: skip
    """Take the adapter of a training run, or an adapter folder, into the registry. It does not serve yet.

    To give an adapter newer figures, add it again with them.
    """
    with _open() as (settings, registry):
        packing = _packing(settings, adapter_id, evaluation, bias, licence, may_raise)
        adapter = registry.add(folder, packing, actor=_OPERATOR)
        click.echo(f"added {adapter.manifest.id}")


@model.command("pack")
@click.argument("folder", type=_FOLDER)
@click.argument("out", type=_FOLDER)
@click.option("--id", "adapter_id", help="Its name.  [default: base, kind of run and a hash]")
@click.option("--evaluation", type=_FILE, help="File of `cds-service evaluate assessment`.")
@click.option("--bias", type=_FILE, help="File of `cds-service evaluate bias`.")
@click.option("--licence", type=_FILE, help="The base model's terms, where the service does not know them.")
@click.option("--may-raise/--words-only", default=None, help="Whether a draft may give a priority above the rules'.")
@clear_errors
def pack(folder: Path, out: Path, adapter_id: str | None, evaluation: Path | None, bias: Path | None,
         licence: Path | None, may_raise: bool | None) -> None:  # fmt: skip
    """Make the adapter folder OUT of a training run: to give away, and to `add` elsewhere. Holds no GGUF form."""
    from dataclasses import replace

    from cds_service.inference.registry.pack import no_gguf
    from cds_service.inference.registry.pack import pack as make

    packing = _packing(read_settings(), adapter_id, evaluation, bias, licence, may_raise)
    adapter = make(folder, out, replace(packing, gguf_of=no_gguf))
    click.echo(f"packed {adapter.manifest.id}: {out}")


@model.command("promote")
@click.argument("adapter_id", metavar="ID")
@click.option("--reason", required=True, help="Why, for the audit chain.")
@clear_errors
def promote(adapter_id: str, reason: str) -> None:
    """Let an adapter serve, if every gate lets it. Its figures must stand beside those of what serves now."""
    from cds_service.inference.models import check_base
    from cds_service.inference.registry.acts import promote as act

    with _open() as (settings, registry):
        verdicts = act(
            registry,
            adapter_id,
            reason=reason,
            check_base=lambda adapter: check_base(settings, adapter),
            now=datetime.now(UTC),
            actor=_OPERATOR,
        )
    _print(verdicts)
    failed = sum(not v.passed for v in verdicts)
    if failed:
        raise click.ClickException(
            f"Not promoted: {failed} of {len(verdicts)} figures failed. What serves is unchanged."
        )
    click.echo(f"{adapter_id} is promoted. {_RESTART}")


@model.command("rollback")
@click.option("--reason", required=True, help="Why, for the audit chain.")
@clear_errors
def rollback(reason: str) -> None:
    """Let serve again what served before the newest promotion."""
    from cds_service.inference.registry.acts import check_reason

    with _open() as (_, registry):
        entry = registry.rollback(reason=check_reason(reason), now=datetime.now(UTC), actor=_OPERATOR)
    click.echo(f"{entry.id if entry else 'The model alone'} serves again. {_RESTART}")


@model.command("verify")
@clear_errors
def verify() -> None:
    """Check the hash of every file of every adapter, and that what was promoted belongs to the configured model."""
    from cds_service.errors import BackendError
    from cds_service.inference.models import check_base, serving_adapter

    problems = 0
    with _open() as (settings, registry):
        for entry in registry.all():
            try:
                registry.read(entry)
                click.echo(f"whole    {entry.id}  {entry.digest[:12]}")
            except BackendError as error:
                problems += 1
                click.echo(f"refused  {entry.id}  {entry.digest[:12]}: {error}")
        try:
            adapter = serving_adapter(settings)
            if adapter is not None:
                check_base(settings, adapter)
            click.echo(f"serving  {adapter.manifest.id if adapter else 'the model alone'}")
        except BackendError as error:
            problems += 1
            click.echo(f"refused  what was promoted: {error}")
    if problems:
        raise click.ClickException("Not everything is as it was added. The rules serve without a model until it is.")


def _print(verdicts: Sequence[Verdict]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("gate", "figure", "cases", "serves", "candidate", "worst case", "margin", "verdict", box=None)
    for v in verdicts:
        numbers = [f"{n:.3f}" if n is not None else "" for n in (v.serving, v.candidate, v.low)]
        margin = f"-{v.margin:.2f}" if v.margin is not None else ""
        verdict = "passed" if v.passed else f"FAILED: {v.reason}"
        table.add_row(v.gate, v.figure, str(v.cases) if v.cases is not None else "", *numbers, margin, verdict)
    Console(width=140).print(table)


def _packing(settings: Settings, adapter_id: str | None, evaluation: Path | None, bias: Path | None,
             licence: Path | None, may_raise: bool | None) -> Packing:  # fmt: skip
    from cds_service.inference.models import known_gguf
    from cds_service.inference.registry.pack import Packing

    return Packing(
        now=datetime.now(UTC),
        id=adapter_id,
        may_raise=may_raise,
        licence=licence,
        evaluation=evaluation,
        bias=bias,
        gguf_of=lambda sha256: known_gguf(settings, sha256),
    )


@contextmanager
def _open() -> Iterator[tuple[Settings, Registry]]:
    from cds_service.inference.registry.store import Registry
    from cds_service.ledger.database import open_database
    from cds_service.ledger.migrate import migrate

    settings = read_settings()
    migrate(settings.database)
    with closing(open_database(settings.database)) as database:
        yield settings, Registry(database, settings.adapters_dir)
