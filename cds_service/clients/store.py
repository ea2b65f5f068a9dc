"""What all web processes must know of each other's callers: tokens already used, and calls in this minute.

The embedded default is a small SQLite file of its own beside the database, so that it neither waits for the ledger's
writer nor makes it wait. PostgreSQL and Redis serve several machines. The data is worth keeping for minutes; losing it
in a power failure lets a token that is still valid be used a second time, nothing more.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, create_engine, delete, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from cds_service.errors import ConfigurationError, StoreError

WINDOW_S = 60
LOCK_WAIT_S = 2
"""Seconds a call waits for the store before this process goes on with its own memory."""

MAX_REMEMBERED = 200_000


@dataclass(frozen=True, kw_only=True)
class Admission:
    """`replayed`: the token was used before. `calls`: calls of this client in the current minute, this one included."""

    replayed: bool
    calls: int


class SharedStore(Protocol):
    """Remembers tokens and counts calls, for all processes together."""

    def admit(self, *, client: str, token: str | None, expires: datetime | None, now: datetime) -> Admission:
        """Note one call of `client` with the token id `token` (None: no token). Raises StoreError.

        A replayed token is not counted as a call.
        """
        ...


class MemoryStore:
    """One process's own memory: for tests, and for what goes on while the shared store does not answer."""

    def __init__(self) -> None:
        self._tokens: dict[str, datetime] = {}
        self._calls: Counter[str] = Counter()
        self._window = 0
        self._lock = threading.Lock()

    def admit(self, *, client: str, token: str | None, expires: datetime | None, now: datetime) -> Admission:
        """See `SharedStore.admit`."""
        with self._lock:
            if _window(now) != self._window:
                self._window = _window(now)
                self._calls.clear()
                self._tokens = {key: until for key, until in self._tokens.items() if until > now}
            if token is not None and expires is not None:
                if token in self._tokens:
                    return Admission(replayed=True, calls=self._calls[client])
                if len(self._tokens) >= MAX_REMEMBERED:
                    del self._tokens[next(iter(self._tokens))]  # the oldest: being full locks nobody out
                self._tokens[token] = expires
            self._calls[client] += 1
            return Admission(replayed=False, calls=self._calls[client])


_metadata = MetaData()
_used_token = Table(
    "used_token",
    _metadata,
    Column("id", String(64), primary_key=True),
    Column("expires", BigInteger, nullable=False, index=True),
)
_call_count = Table(
    "call_count",
    _metadata,
    Column("client", String(200), primary_key=True),
    Column("window", BigInteger, primary_key=True),
    Column("calls", Integer, nullable=False),
)


_PATIENT_SQLITE = {"timeout": LOCK_WAIT_S, "check_same_thread": False}
_PATIENT_POSTGRESQL = {
    "connect_timeout": LOCK_WAIT_S,
    "tcp_user_timeout": LOCK_WAIT_S * 1000,
    "options": f"-c lock_timeout={LOCK_WAIT_S}s -c statement_timeout={LOCK_WAIT_S}s",
}


class SqlStore:
    """Two small tables in SQLite or PostgreSQL, made on first use.

    Writers of one SQLite file take turns anyway: with one connection for each process they queue here, and not in
    SQLite's own busy wait, which is not fair.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        is_sqlite = parsed.get_backend_name() == "sqlite"
        pool: dict[str, Any] = {"pool_size": 1, "max_overflow": 0} if is_sqlite else {"pool_pre_ping": True}
        patience = _PATIENT_SQLITE if is_sqlite else _PATIENT_POSTGRESQL
        self._engine = create_engine(
            parsed, hide_parameters=True, connect_args=patience, pool_timeout=LOCK_WAIT_S, poolclass=QueuePool, **pool
        )
        self._insert = (sqlite if is_sqlite else postgresql).insert
        self._has_tables = False
        if is_sqlite:
            _configure_sqlite(self._engine, Path(parsed.database or ""))

    def admit(self, *, client: str, token: str | None, expires: datetime | None, now: datetime) -> Admission:
        """See `SharedStore.admit`."""
        window = _window(now)
        try:
            self._make_tables()
            with self._engine.begin() as connection:
                if token is not None and expires is not None:
                    fresh = self._insert(_used_token).values(id=token, expires=int(expires.timestamp()) + 1)
                    stored = fresh.on_conflict_do_nothing().returning(_used_token.c.id)
                    if connection.execute(stored).one_or_none() is None:
                        return Admission(replayed=True, calls=0)
                counted = self._insert(_call_count).values(client=client, window=window, calls=1)
                counted = counted.on_conflict_do_update(
                    index_elements=["client", "window"], set_={"calls": _call_count.c.calls + 1}
                )
                calls = connection.execute(counted.returning(_call_count.c.calls)).scalar_one()
                if calls == 1:  # the first call of this minute clears up
                    connection.execute(delete(_used_token).where(_used_token.c.expires < int(now.timestamp())))
                    connection.execute(delete(_call_count).where(_call_count.c.window < window - 1))
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise StoreError(f"the shared store refused a write: {type(error).__name__}") from None
        return Admission(replayed=False, calls=calls)

    def _make_tables(self) -> None:
        if self._has_tables:
            return
        try:
            _metadata.create_all(self._engine)
        except (SQLAlchemyError, sqlite3.Error):  # another process may have made them at the same moment: once more
            _metadata.create_all(self._engine)
        self._has_tables = True


def _configure_sqlite(engine: Any, path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        raise ConfigurationError(f"CDS_SHARED_URL: the file cannot be made: {os.strerror(error.errno or 0)}") from None

    @event.listens_for(engine, "connect")
    def _pragmas(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


class RedisStore:
    """Keys with an expiry in Redis, for several machines."""

    def __init__(self, url: str) -> None:
        try:
            import redis
        except ModuleNotFoundError:
            raise ConfigurationError("Redis needs its client: pip install 'cds-service[redis]'") from None
        self._errors = redis.RedisError
        self._redis = redis.Redis.from_url(url, socket_timeout=LOCK_WAIT_S, socket_connect_timeout=LOCK_WAIT_S)

    def admit(self, *, client: str, token: str | None, expires: datetime | None, now: datetime) -> Admission:
        """See `SharedStore.admit`."""
        window = _window(now)
        try:
            if token is not None and expires is not None:
                until = int(expires.timestamp()) + 1
                if not self._redis.set(f"cds:token:{token}", b"1", nx=True, exat=max(until, int(now.timestamp()) + 1)):
                    return Admission(replayed=True, calls=0)
            with self._redis.pipeline(transaction=True) as together:
                together.incr(f"cds:calls:{window}:{client}")
                together.expire(f"cds:calls:{window}:{client}", 2 * WINDOW_S)
                calls = together.execute()[0]
        except self._errors as error:
            raise StoreError(f"the shared store refused a write: {type(error).__name__}") from None
        return Admission(replayed=False, calls=int(calls))


def open_store(url: str) -> SharedStore:
    """The store at ``sqlite:///file``, ``postgresql+psycopg://…``, ``redis://…``, ``rediss://…`` or ``unix://socket``.

    Raises ConfigurationError for another URL, a missing driver, or a file that cannot be made.
    """
    if url.startswith(("redis://", "rediss://", "unix://")):
        return RedisStore(url)
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql" or (parsed.get_backend_name() == "sqlite" and _is_file(parsed)):
            return SqlStore(url)
    except ArgumentError:
        pass
    except ModuleNotFoundError:
        raise ConfigurationError("PostgreSQL needs its driver: pip install 'cds-service[postgres]'") from None
    raise ConfigurationError("CDS_SHARED_URL must name sqlite, postgresql or redis")


def _is_file(url: URL) -> bool:
    """Whether an SQLite URL names a file: processes cannot share a database in memory."""
    return bool(url.database) and url.database != ":memory:" and not str(url.database).startswith("file:")


def _window(now: datetime) -> int:
    return int(now.timestamp()) // WINDOW_S
