"""Bring a database to the tables of this version, through Alembic, with the scripts that the package carries."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from cds_service.errors import ConfigurationError
from cds_service.ledger.database import Database, open_database

SCRIPTS = Path(__file__).parent / "migrations"


def migrate(url: str) -> None:
    """Create or upgrade the database at `url`. Does nothing when it is current; all or nothing otherwise.

    Several processes may start at once: the upgrade runs under the writer's lock, and who comes second finds it done.
    Raises ConfigurationError when the database was made by a newer version, StoreError when it refuses.
    """
    database = open_database(url)
    try:
        if not is_current(database):
            _upgrade(database)
    finally:
        database.close()


def is_current(database: Database) -> bool:
    """Whether the database has exactly the tables of this version."""
    with database.transaction(write=False) as tx:
        return MigrationContext.configure(tx).get_current_revision() == _head()


def _upgrade(database: Database) -> None:
    config = _config()
    try:
        with database.transaction() as tx:
            config.attributes["connection"] = tx
            command.upgrade(config, "head")
    except CommandError:
        raise ConfigurationError(
            "the database was made by a newer version of this service: install that version, or restore a backup"
        ) from None


def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
