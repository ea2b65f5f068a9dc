"""``cds-service keys``: the keys of vault, look-up and signatures: show, check, rotate, retire, wrap."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.read_settings import read_settings

if TYPE_CHECKING:
    from cds_service.ledger.database import Database
    from cds_service.ledger.key_states import KeyState, Purpose
    from cds_service.ledger.keys import KeyFile
    from cds_service.ledger.rotation import Rotation
    from cds_service.settings import Settings

_OPERATOR = "operator"
_COST = (
    "After this nobody is recognised by a hash from before: care gaps that were dismissed are shown again, pilots no "
    "longer find their places, forms that were handed out do not open, and a new version of a patient's Consent is not "
    "known to replace the old one. Say --confirm, set the places of every pilot anew, and restart `serve`."
)


@click.group("keys")
def keys() -> None:
    """The keys that seal, find and sign: show, check, rotate, retire, wrap (docs/how-to/keys.md)."""


@keys.command("show")
@clear_errors
def show() -> None:
    """Every key by its id, what it is for, and how many rows name it. Never a key itself."""
    with _open() as opened:
        click.echo(f"{opened.file.path}{'  wrapped with a master key' if opened.file.is_wrapped() else ''}")
        _print(opened.states())


@keys.command("check")
@clear_errors
def check() -> None:
    """See that the key file opens what the database holds. Exit code 1 when it does not, or a rotation has no end."""
    from cds_service.ledger.key_states import Purpose
    from cds_service.ledger.retirement import broken_data_keys

    with _open() as opened:
        problems = [f"{s.rows} rows need the {_words(s)}, which is gone" for s in opened.states() if _is_missing(s)]
        broken = broken_data_keys(opened.database, opened.file)
        if broken:
            problems.append(f"{broken} data keys do not open")
        rotation = opened.rotation()
        problems += [f"a rotation of {p} has no end: run it again" for p in Purpose if rotation.unfinished(p)]
    if problems:
        raise click.ClickException("\n  ".join(["The keys are not in order.", *problems]))
    click.echo("The key file opens what the database holds, and no rotation is under way.")


@keys.command("rotate")
@click.argument("what", type=click.Choice(["sealing", "index", "signing", "hashing", "master", "all"]))
@click.option("--confirm", is_flag=True, help="Rotate the hashing key, knowing what that costs.")
@clear_errors
def rotate(what: str, confirm: bool) -> None:
    """Bring in a new key while the service runs, or end a rotation that was interrupted.

    `all`: sealing, index and signing, and the master key where there is one. Old keys stay until `keys retire`.
    """
    from cds_service.ledger.key_states import Purpose

    if what == Purpose.HASHING.value and not confirm:
        raise click.UsageError(_COST)
    with _open() as opened:
        everything = [Purpose.SEALING, Purpose.INDEX, Purpose.SIGNING]
        if opened.settings.master_key_file is not None:
            everything.append(Purpose.MASTER)
        failed = sum(
            _rotate(opened.rotation(), purpose) for purpose in (everything if what == "all" else [Purpose(what)])
        )
    if failed:
        raise click.ClickException(f"{failed} rows did not open and keep their old key: see `cds-service keys check`.")


@keys.command("retire")
@clear_errors
def retire() -> None:
    """Destroy the retired keys that no row names: copies of the database that need them open nothing any more."""
    from cds_service.ledger.retirement import retire as destroy

    with _open() as opened:
        retired = destroy(opened.database, opened.file, clock=_now, actor=_OPERATOR)
    for state in retired.destroyed:
        click.echo(f"destroyed  {state.purpose.value}  {state.id}")
    if retired.needed:
        needed = [f"{state.rows} rows need the {_words(state)}" for state in retired.needed]
        raise click.ClickException("\n  ".join(["Rotate first; nothing that is needed was destroyed.", *needed]))
    if not retired.destroyed:
        click.echo("There is no retired key.")


@keys.command("wrap")
@clear_errors
def wrap() -> None:
    """Wrap the key file with the master key in CDS_MASTER_KEY_FILE, which is made when there is none."""
    settings = read_settings()
    if settings.master_key_file is None:
        raise click.UsageError("Set CDS_MASTER_KEY_FILE first.")
    if settings.master_key_file.absolute().parent == settings.keys.absolute().parent:
        raise click.UsageError("A master key in the folder of the key file protects nothing: put it elsewhere.")
    _rewrite(wrapped=True)
    click.echo("The key file is wrapped. Back up the master key file apart from it, and restart `serve`.")


@keys.command("unwrap")
@clear_errors
def unwrap() -> None:
    """Take the master key away again: the key file opens by itself afterwards."""
    _rewrite(wrapped=False)
    click.echo("The key file opens by itself. Unset CDS_MASTER_KEY_FILE and restart `serve`.")


def _rotate(rotation: Rotation, purpose: Purpose) -> int:
    from cds_service.terminal import progress

    with progress() as show:
        rotated = rotation.rotate(purpose, show)
    again = "  (ended what was begun before)" if rotated.resumed else ""
    click.echo(f"{purpose.value:8} {rotated.key}  {rotated.moved} rows moved{again}")
    return rotated.failed


def _rewrite(*, wrapped: bool) -> None:
    from cds_service.ledger.audit import AuditEvent, EventKind, append
    from cds_service.ledger.database import open_database
    from cds_service.ledger.keys import KeyFile
    from cds_service.ledger.migrate import migrate

    settings = read_settings()
    migrate(settings.database)
    file = KeyFile(settings.keys, master=settings.master_key_file)
    detail = {"act": "wrap" if wrapped else "unwrap", "purpose": "master"}
    with closing(open_database(settings.database)) as database, database.transaction() as tx:
        append(tx, [AuditEvent(kind=EventKind.KEY, actor=_OPERATOR, detail=detail)], now=_now())
    file.rewrite(master=settings.master_key_file if wrapped else None)


def _print(states: tuple[KeyState, ...]) -> None:
    for state in states:
        use = "in use" if state.active else "retired" if state.secret else "public key only"
        click.echo(f"{state.purpose.value:8} {state.id}  {'MISSING' if _is_missing(state) else use}  {state.rows} rows")


def _is_missing(state: KeyState) -> bool:
    return bool(state.rows) and not state.secret


def _words(state: KeyState) -> str:
    return f"{state.purpose.value} key {state.id}"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class _Opened:
    settings: Settings
    database: Database
    file: KeyFile

    def states(self) -> tuple[KeyState, ...]:
        from cds_service.ledger.key_states import states

        return states(self.database, self.file.read())

    def rotation(self) -> Rotation:
        from cds_service.ledger.rotation import Rotation

        return Rotation(self.database, self.file, clock=_now, actor=_OPERATOR)


@contextmanager
def _open() -> Iterator[_Opened]:
    from cds_service.ledger.database import open_database
    from cds_service.ledger.keys import open_keys
    from cds_service.ledger.migrate import migrate

    settings = read_settings()
    migrate(settings.database)
    with closing(open_database(settings.database)) as database:
        yield _Opened(settings=settings, database=database, file=open_keys(settings))
