"""The rights of patients for a command: the stores open, the options that name a patient, times for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from cds_service.commands.read_settings import read_settings

if TYPE_CHECKING:
    from cds_service.rights.rights import Rights

OPERATOR = "operator"


def patient_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--client and --patient; a patient id that is not given is asked for, so that no shell remembers it."""
    command = click.option("--patient", prompt="Patient id in that EHR", help="Id in the EHR.  [default: asked for]")(
        command
    )
    return client_option(command)


def known_client(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """`value`; says so where the clients file has no such client. One that was removed may still have patients."""
    from cds_service.clients.registry import read_clients

    file = read_settings().clients_file if value else None
    if file is not None and value not in {client.name for client in read_clients(file)}:
        click.echo(
            "Note: the clients file has no client of this name. A patient is found only under the name with which the "
            "EHR calls.",
            err=True,
        )
    return value


client_option = click.option(
    "--client", required=True, callback=known_client, help="The EHR, as the service knows it (clients file)."
)


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


def day(moment: datetime | None) -> str:
    """A day for people."""
    return "-" if moment is None else moment.date().isoformat()


@contextmanager
def open_rights() -> Iterator[Rights]:
    """The rights over the database and the key file of the settings."""
    from cds_service.ledger.database import open_database
    from cds_service.ledger.keys import open_keys
    from cds_service.ledger.migrate import migrate
    from cds_service.ledger.vault import Vault
    from cds_service.rights.rights import Rights

    settings = read_settings()
    migrate(settings.database)
    with closing(open_database(settings.database)) as database:
        vault = Vault(open_keys(settings))
        with database.transaction(write=False) as tx:
            vault.check_keys(tx)
        yield Rights(database, vault, settings)
