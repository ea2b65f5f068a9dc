"""The database: one engine, short transactions, one writer at a time.

SQLite (WAL) by default, PostgreSQL by URL. A write transaction takes the writer's lock when it begins (SQLite:
``BEGIN IMMEDIATE``; PostgreSQL: a transaction-level advisory lock). Every write is audited in one chain, so writers
have to queue anyway; taking the lock first rules out deadlocks and lost upgrades on both, and whatever a write
transaction reads stays true until it commits. A read transaction refuses writes.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from cds_service.errors import ConfigurationError, StoreError
from cds_service.ledger.encoding import canonical_json

Tx = Connection
"""An open transaction, as the methods of the stores take it."""

LOCK_WAIT_S = 3
"""Seconds a transaction waits for a lock before the database refuses it."""

_WRITER_LOCK = 0x6364735F6C656467
_WRITE = "cds_write"
_OPEN: weakref.WeakSet[Engine] = weakref.WeakSet()


class Database:
    """One open database. Safe to share between threads, and to inherit by fork (a child opens its own connections)."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._read = engine.execution_options(**{_WRITE: False, "postgresql_readonly": True})
        self._write = engine.execution_options(**{_WRITE: True})
        _OPEN.add(engine)

    @property
    def kind(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self.engine.dialect.name

    @contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[Tx]:
        """One transaction: committed at the end of the block, rolled back when the block raises.

        Keep it short (no model, network or waiting inside), and never open a second writing one inside it: it would
        wait for the first. Raises StoreError when the database refuses; the message holds no value.
        """
        try:
            with (self._write if write else self._read).begin() as connection:
                yield connection
        except (SQLAlchemyError, sqlite3.Error, UnicodeDecodeError) as error:  # the last: words of a damaged database
            raise StoreError(f"the database refused a {'write' if write else 'read'}: {_code(error)}") from None

    def close(self) -> None:
        """Close every connection. The object may be used again and then opens new ones."""
        self.engine.dispose()


@contextmanager
def any_text(tx: Tx) -> Iterator[None]:
    """Inside the block, bytes that are no text are read with U+FFFD in their place. Without it SQLite refuses them.

    For readers to whom a damaged record is something to tell of. PostgreSQL holds no such text.
    """
    if tx.dialect.name != "sqlite":
        yield
        return
    driver: Any = tx.connection.driver_connection
    before, driver.text_factory = driver.text_factory, _replacing
    try:
        yield
    finally:
        driver.text_factory = before


def _replacing(text: bytes) -> str:
    return str(text, "utf-8", "replace")


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError):
        raise ConfigurationError("CDS_DATABASE_URL is not an SQLAlchemy database URL") from None
    return parsed


def sqlite_file(url: str) -> Path | None:
    """The file that an SQLAlchemy `url` names, None for another kind. Raises ConfigurationError for no URL."""
    parsed = _parsed(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def open_database(url: str) -> Database:
    """The database at an SQLAlchemy `url`: ``sqlite:////path/file`` or ``postgresql://user@host/name``.

    A missing SQLite file is created (mode 0600, its folder 0700); tables are made by `migrate.migrate`.
    Raises ConfigurationError for another kind of URL, or when the driver is not installed.
    """
    parsed = _parsed(url)
    kind = parsed.get_backend_name()
    try:
        if kind == "sqlite":
            return _open_sqlite(parsed)
        if kind == "postgresql":
            return _open_postgresql(parsed)
    except ModuleNotFoundError:
        raise ConfigurationError("PostgreSQL needs its driver: pip install 'cds-service[postgres]'") from None
    except OSError as error:
        raise ConfigurationError(f"the database file cannot be created: {os.strerror(error.errno or 0)}") from None
    except sqlite3.Error as error:
        raise StoreError(f"the database file cannot be created: {_code(error)}") from None
    raise ConfigurationError("CDS_DATABASE_URL must name sqlite or postgresql")


def _open_sqlite(url: URL) -> Database:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise ConfigurationError(
            "CDS_DATABASE_URL must name an SQLite file: processes cannot share a database in memory"
        )
    _create_file(Path(url.database))
    engine = create_engine(
        url,
        hide_parameters=True,
        json_serializer=canonical_json,
        connect_args={"timeout": LOCK_WAIT_S, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself: `_begin` does
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get(_WRITE, True)
        connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if write else 'ON'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return Database(engine)


def _open_postgresql(url: URL) -> Database:
    engine = create_engine(url, hide_parameters=True, json_serializer=canonical_json, pool_pre_ping=True)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.autocommit = True
        connection.execute(f"SET lock_timeout = '{LOCK_WAIT_S}s'")
        connection.autocommit = False

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get(_WRITE, True):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")

    return Database(engine)


def _create_file(path: Path) -> None:
    """Make an empty private WAL database at `path`, unless there is one: written aside, then linked into place.

    Several processes may do this at once. SQLite gives its ``-wal`` and ``-shm`` files the mode of the database file.
    """
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    os.close(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        with closing(sqlite3.connect(aside, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        with suppress(FileExistsError):  # another process was first: its file serves as well
            os.link(aside, path)
    finally:
        aside.unlink()


def _code(error: Exception) -> str:
    """The database's own code of an error, or the error's class: never its text, which may quote a value."""
    cause = (error.orig if isinstance(error, DBAPIError) else error) or error
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return str(code or type(cause).__name__)


def _forget_connections() -> None:
    for engine in tuple(_OPEN):
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_connections)
