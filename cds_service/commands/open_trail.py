"""The audit trail open for a command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cds_service.commands.read_settings import read_settings

if TYPE_CHECKING:
    from cds_service.ledger.database import Database
    from cds_service.ledger.seals import Seals
    from cds_service.ledger.vault import Vault
    from cds_service.settings import Settings

OPERATOR = "operator"


@dataclass(frozen=True, kw_only=True)
class OpenTrail:
    """What the commands need."""

    settings: Settings
    database: Database
    vault: Vault
    seals: Seals


@contextmanager
def open_trail() -> Iterator[OpenTrail]:
    """The trail of the settings. Raises ConfigurationError for a database of another version or another key file."""
    from cds_service.errors import ConfigurationError
    from cds_service.ledger.database import open_database, sqlite_file
    from cds_service.ledger.keys import open_keys
    from cds_service.ledger.migrate import is_current
    from cds_service.ledger.seals import Seals
    from cds_service.ledger.vault import Vault

    settings = read_settings()
    file = sqlite_file(settings.database)
    if file is not None and not file.exists():
        raise ConfigurationError("There is no database where CDS_DATABASE_URL says: put it back, or its backup.")
    if not settings.keys.exists():
        raise ConfigurationError("The key file is missing: put it back, or its backup. A new one would open nothing.")
    keys = open_keys(settings)
    with closing(open_database(settings.database)) as database:
        if not is_current(database):
            raise ConfigurationError("The database is not that of this version. Run `cds-service prepare` first.")
        vault = Vault(keys)
        with database.transaction(write=False) as tx:
            vault.check_keys(tx)
        yield OpenTrail(settings=settings, database=database, vault=vault, seals=Seals(keys, settings.seals_file))
