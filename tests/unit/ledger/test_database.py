from __future__ import annotations

import os
import sqlite3
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from cds_service.errors import ConfigurationError, StoreError
from cds_service.ledger import database as module
from cds_service.ledger.audit import append
from cds_service.ledger.chain import verify
from cds_service.ledger.database import Database, open_database
from tests.support.ledger_values import HOOK_CALL, NOW


def pragma(database: Database, name: str) -> object:
    with database.transaction(write=False) as tx:
        return tx.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_sqlite_keeps_what_was_acknowledged_and_lets_readers_read(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDS_TEST_WAIT_FOR_DISK", "1")  # what serving sets, not what the other tests make of it
    database.close()
    assert pragma(database, "journal_mode") == "wal"
    assert pragma(database, "synchronous") == 2
    assert pragma(database, "foreign_keys") == 1
    assert pragma(database, "busy_timeout") == 3000


def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        database = open_database(f"sqlite:///{tmp_path / 'new' / 'cds.sqlite3'}")
        with database.transaction() as tx:
            tx.execute(text("CREATE TABLE t (x)"))
    finally:
        os.umask(before)
    files = list((tmp_path / "new").iterdir())
    assert {"cds.sqlite3", "cds.sqlite3-wal"} <= {file.name for file in files}
    assert all(file.stat().st_mode & 0o077 == 0 for file in [*files, tmp_path / "new"])
    database.close()


def test_a_reader_does_not_wait_for_a_writer(database: Database) -> None:
    with database.transaction() as writing:
        append(writing, [HOOK_CALL], now=NOW)
        with database.transaction(write=False) as reading:
            assert verify(reading).events == 0
    with database.transaction(write=False) as reading:
        assert verify(reading).events == 1


def test_a_second_writer_waits_for_the_first(database: Database) -> None:
    order = []

    def second() -> None:
        with database.transaction():
            order.append("second")

    thread = threading.Thread(target=second)
    with database.transaction():
        thread.start()
        time.sleep(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_writer_that_waits_too_long_is_refused_with_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_WAIT_S", 0.1)
    database = open_database(f"sqlite:///{tmp_path / 'cds.sqlite3'}")
    with database.transaction(), pytest.raises(StoreError, match="refused a write: SQLITE_BUSY"):  # noqa: SIM117
        with database.transaction():
            pass
    database.close()


def test_a_forked_child_opens_its_own_connections(database: Database) -> None:
    with database.transaction() as tx:
        append(tx, [HOOK_CALL], now=NOW)
    inherited = database.engine.pool
    child = os.fork()
    if child == 0:
        os._exit(0 if database.engine.pool is not inherited else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert database.engine.pool is inherited


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nonsense", "not an SQLAlchemy database URL"),
        ("sqlite+nothing:///file", "not an SQLAlchemy database URL"),
        ("mysql://host/name", "must name sqlite or postgresql"),
        ("sqlite://", "share a database in memory"),
        ("sqlite:///:memory:", "share a database in memory"),
        ("sqlite:////proc/nowhere/cds.sqlite3", "cannot be created: No such file"),
    ],
)
def test_a_url_that_cannot_serve_is_refused_with_the_reason(url: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        open_database(url)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigurationError, match=r"cds-service\[postgres\]"):
        open_database("postgresql://localhost/nothing")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cds.sqlite3"
    path.write_bytes(b"Zzyzx Canary, born 1931" * 100)
    database = open_database(f"sqlite:///{path}")
    with pytest.raises(StoreError, match="refused a read: SQLITE_NOTADB"), database.transaction(write=False):
        pass


def test_a_database_of_other_mode_is_put_into_wal(tmp_path: Path) -> None:
    path = tmp_path / "cds.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    database = open_database(f"sqlite:///{path}")
    assert pragma(database, "journal_mode") == "wal"
    database.close()
