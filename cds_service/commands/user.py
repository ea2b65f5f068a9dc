"""``cds-service user``: who may sign in to the pages. Every act is in the audit chain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.password import read_password
from cds_service.commands.read_settings import read_settings

if TYPE_CHECKING:
    from cds_service.accounts.store import Accounts

_ROLES = ("nurse", "physician", "compliance", "administrator")
_name = click.argument("name")
_role = click.option("--role", type=click.Choice(_ROLES), required=True, help="What this person does in the clinic.")
_password = click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File whose first line is the password.  [default: it is asked for]",
)
_lasting = click.option(
    "--keep-password", is_flag=True, help="The password need not be changed at the first sign-in: it is their own."
)


@click.group("user")
def user() -> None:
    """The people who may sign in: accounts, roles, passwords. NAME is the name that is typed, or an account's id."""


@user.command("add")
@_name
@_role
@click.option("--name", "shown", help="The name on pages and signatures.  [default: NAME]")
@click.option("--issuer", help="OpenID Connect issuer that knows this person; then there is no password.")
@click.option("--subject", help="What that issuer calls this person (`sub`).")
@_password
@_lasting
@clear_errors
def add(name: str, role: str, shown: str | None, issuer: str | None, subject: str | None,
        password_file: Path | None, keep_password: bool) -> None:  # fmt: skip
    """Make an account."""
    from cds_service.accounts.roles import Role

    if (issuer is None) != (subject is None):
        raise click.UsageError("--issuer and --subject go together.")
    with _open() as accounts:
        made = accounts.add(
            name,
            role=Role(role),
            shown=shown or name,
            password=read_password(password_file, twice=True) if issuer is None else None,
            must_change=not keep_password,
            issuer=issuer,
            issuer_subject=subject,
            now=_now(),
        )
    click.echo(f"added {made.id}")


@user.command("list")
@clear_errors
def show_all() -> None:
    """Every account, oldest first."""
    now = _now()
    with _open() as accounts:
        for account in accounts.all():
            marks = [
                word
                for word, holds in (
                    ("disabled", account.disabled_at is not None),
                    ("locked", account.locked_until is not None and account.locked_until > now),
                    ("must change password", account.must_change),
                    ("by provider", account.linked),
                )
                if holds
            ]
            name = account.name or "-"
            click.echo(f"{account.id}  {account.role.value:13}  {name:20}  {account.shown}  {', '.join(marks)}")


@user.command("disable")
@_name
@clear_errors
def disable(name: str) -> None:
    """Let nobody sign in to it any more, and sign it out at once. Accounts are never deleted: signatures name them."""
    with _open() as accounts:
        accounts.disable(accounts.find(name).id, now=_now())
    click.echo("disabled, and signed out everywhere")


@user.command("enable")
@_name
@clear_errors
def enable(name: str) -> None:
    """Undo `disable`, and end a lock after failed sign-ins."""
    with _open() as accounts:
        accounts.enable(accounts.find(name).id, now=_now())
    click.echo("enabled")


@user.command("role")
@_name
@_role
@clear_errors
def role(name: str, role: str) -> None:
    """Give another role, and sign the account out everywhere."""
    from cds_service.accounts.roles import Role

    with _open() as accounts:
        accounts.set_role(accounts.find(name).id, Role(role), now=_now())
    click.echo(f"{role} from now on, and signed out everywhere")


@user.command("password")
@_name
@_password
@_lasting
@clear_errors
def password(name: str, password_file: Path | None, keep_password: bool) -> None:
    """Set another password, end a lock, and sign the account out everywhere."""
    with _open() as accounts:
        account = accounts.find(name)
        accounts.set_password(
            account, read_password(password_file, twice=True), must_change=not keep_password, now=_now()
        )
    click.echo("changed, and signed out everywhere")


@user.command("reset-sessions")
@_name
@clear_errors
def reset_sessions(name: str) -> None:
    """Sign an account out everywhere."""
    with _open() as accounts:
        ended = accounts.end_sessions(accounts.find(name).id, now=_now())
    click.echo(f"{ended} sessions ended")


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _open() -> Iterator[Accounts]:
    from cds_service.accounts.store import Accounts
    from cds_service.ledger.database import open_database
    from cds_service.ledger.migrate import migrate

    settings = read_settings()
    migrate(settings.database)
    with closing(open_database(settings.database)) as database:
        yield Accounts(database, settings=settings)
