"""Old pages of the database: a deleted row may stand in them until they are written over.

SQLite: `VACUUM` writes the file anew and `wal_checkpoint(TRUNCATE)` empties the write-ahead log; afterwards no deleted
byte is left in either. PostgreSQL: `VACUUM FULL` writes the tables anew; its write-ahead log, replicas and base backups
are the database server's, and this service cannot clean them.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from cds_service.ledger.database import Database
from cds_service.ledger.tables import metadata

SMALL_BYTES = 64_000_000
"""A database up to this size is written anew at once: no writer waits longer than it would for another writer."""

_TRIES = 5
_PAUSE_S = 0.2


def files_of(database: Database) -> tuple[Path, ...]:
    """The files of an SQLite database that exist; none for PostgreSQL."""
    name = database.engine.url.database
    if database.kind != "sqlite" or name is None:
        return ()
    return tuple(path for end in ("", "-wal", "-shm") if (path := Path(name + end)).exists())


def is_small(database: Database) -> bool:
    """Whether the database may be written anew while others use it."""
    files = files_of(database)
    return bool(files) and sum(path.stat().st_size for path in files) <= SMALL_BYTES


def clean(database: Database) -> bool:
    """Write the database anew, so that nothing deleted is left in it. False: others use it now; try again later.

    Writers wait meanwhile: a large database is cleaned at a quiet hour.
    """
    return _on_sqlite(database, "VACUUM") if database.kind == "sqlite" else _clean_postgresql(database)


def settle(database: Database) -> None:
    """Have what was deleted just now overwritten in the file, not in the write-ahead log alone. Nobody waits for it."""
    if database.kind == "sqlite":
        _on_sqlite(database)


def _on_sqlite(database: Database, *before: str) -> bool:
    """Whether `before` and the emptying of the write-ahead log went through."""
    with closing(database.engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute("PRAGMA query_only=OFF")
        for attempt in range(_TRIES):
            time.sleep(_PAUSE_S if attempt else 0)
            try:
                for statement in before:
                    cursor.execute(statement)
                (busy, *_) = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except sqlite3.OperationalError:  # somebody writes
                continue
            if not busy:
                return True
    return False


def _clean_postgresql(database: Database) -> bool:
    with closing(database.engine.raw_connection()) as connection:
        driver = connection.driver_connection
        if driver is None:
            return False
        driver.autocommit = True
        try:
            for table in metadata.sorted_tables:
                driver.execute(f'VACUUM FULL "{table.name}"')
        except Exception:  # noqa: BLE001 - the driver is optional and its errors cannot be named here
            return False
        finally:
            driver.autocommit = False
    return True
