"""Worker processes that die by SIGKILL: no job is lost, none is done twice, the chain stays whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cds_service.inference.jobs import Job, JobState, JobStore, LeaseLostError
from cds_service.ledger.chain import verify
from cds_service.ledger.database import Database, open_database
from cds_service.ledger.migrate import migrate

LEASE_S = 1.5
WORKER = f"""
import sys, time
from datetime import UTC, datetime, timedelta
from cds_service.inference.jobs import JobStore
from cds_service.ledger.database import open_database

url, name, then = sys.argv[1:]
database = open_database(url)
store = JobStore(bound=10, max_attempts=3, ttl=timedelta(hours=1))
with database.transaction() as tx:
    held = store.claim(tx, now=datetime.now(UTC), worker=name, lease_s={LEASE_S})
if then == "hold":
    print(held.id, flush=True)
    time.sleep(600)
with database.transaction() as tx:
    store.complete(tx, held, result='"unacknowledged"', now=datetime.now(UTC))
    print(held.id, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = f"sqlite:///{tmp_path / 'cds.sqlite3'}"
    migrate(made)
    return made


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url)
    yield opened
    opened.close()


@pytest.fixture
def store() -> JobStore:
    return JobStore(bound=10, max_attempts=3, ttl=timedelta(hours=1))


def enqueue(database: Database, store: JobStore) -> Job:
    with database.transaction() as tx:
        return store.enqueue(tx, cache_key="k", payload="{}", now=datetime.now(UTC), actor="client:x")


def claim(database: Database, store: JobStore) -> Job | None:
    with database.transaction() as tx:
        return store.claim(tx, now=datetime.now(UTC), worker="worker:2", lease_s=60)


def claim_when_free(database: Database, store: JobStore) -> Job:
    deadline = time.monotonic() + 10
    while (held := claim(database, store)) is None:
        assert time.monotonic() < deadline, "the job never became claimable"
        time.sleep(0.05)
    return held


def kill_worker_that(then: str, url: str) -> str:
    """Start a worker, wait until it holds the job, kill it; the job's id as the worker printed it."""
    process = subprocess.Popen([sys.executable, "-c", WORKER, url, "worker:1", then], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    job = process.stdout.readline().strip()
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    return job


def test_the_job_of_a_killed_worker_runs_again(url: str, database: Database, store: JobStore) -> None:
    wanted = enqueue(database, store)
    assert kill_worker_that("hold", url) == wanted.id
    with database.transaction(write=False) as tx:
        left = store.lookup(tx, "k", now=datetime.now(UTC))
    assert left is not None
    assert (left.state, left.worker) == (JobState.RUNNING, "worker:1")
    again = claim_when_free(database, store)
    assert (again.id, again.attempts, again.payload) == (wanted.id, 2, "{}")
    with pytest.raises(LeaseLostError), database.transaction() as tx:
        store.complete(tx, left, result='"ghost"', now=datetime.now(UTC))
    with database.transaction() as tx:
        done = store.complete(tx, again, result='"real"', now=datetime.now(UTC))
    assert done.result == '"real"'
    with database.transaction(write=False) as tx:
        assert verify(tx).valid


def test_a_worker_killed_before_its_commit_wrote_nothing(url: str, database: Database, store: JobStore) -> None:
    wanted = enqueue(database, store)
    assert kill_worker_that("complete", url) == wanted.id
    with database.transaction(write=False) as tx:
        left = store.lookup(tx, "k", now=datetime.now(UTC))
        report = verify(tx)
    assert left is not None
    assert (left.state, left.result) == (JobState.RUNNING, None)
    assert report.valid
    assert claim_when_free(database, store).id == wanted.id
