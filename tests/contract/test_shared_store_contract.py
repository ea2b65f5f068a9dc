"""What every store of used tokens and call counts must do: memory, SQLite, PostgreSQL, Redis."""

import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import redis
from sqlalchemy import create_engine, text

from cds_service.clients import store as module
from cds_service.clients.store import LOCK_WAIT_S, MemoryStore, open_store
from cds_service.errors import ConfigurationError, StoreError
from tests.support import postgres, redis_server

NOW = datetime.now(UTC).replace(second=10, microsecond=0)
SOON = NOW + timedelta(minutes=50)
KINDS = (
    "memory",
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.postgres),
    pytest.param("redis", marks=pytest.mark.redis),
)
SHARED = KINDS[1:]


@pytest.fixture(scope="module")
def cluster():
    programs = postgres.server_programs()
    if programs is None:
        pytest.skip(postgres.MISSING)
    with postgres.throwaway_cluster(programs) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def redis_url():
    program = redis_server.server_program()
    if program is None:
        pytest.skip(redis_server.MISSING)
    with redis_server.throwaway_redis(program) as (url, _):
        yield url


@pytest.fixture
def make_url(request, tmp_path):
    """Makes the URL of an empty store of a kind."""

    def made(kind):
        if kind == "postgresql":
            cluster = request.getfixturevalue("cluster")
            return cluster.url(cluster.new_database())
        if kind == "redis":
            url = request.getfixturevalue("redis_url")
            redis.Redis.from_url(url).flushall()
            return url
        return f"sqlite:///{tmp_path / 'shared.sqlite3'}"

    return made


@pytest.fixture
def make(make_url):
    """Makes an empty store of a kind."""
    return lambda kind: MemoryStore() if kind == "memory" else open_store(make_url(kind))


def admit(store, token="t1", client="ehr", now=NOW, expires=SOON):
    return store.admit(client=client, token=token, expires=expires, now=now)


@pytest.mark.requirement("J10", "J16")
@pytest.mark.parametrize("kind", KINDS)
def test_a_token_is_used_once(make, kind):
    store = make(kind)
    assert not admit(store).replayed
    assert admit(store).replayed
    assert not admit(store, token="t2").replayed


@pytest.mark.parametrize("kind", KINDS)
def test_a_replay_is_no_call(make, kind):
    store = make(kind)
    admit(store)
    admit(store)
    assert admit(store, token="t2").calls == 2


@pytest.mark.parametrize("kind", KINDS)
def test_calls_are_counted_by_client_and_minute(make, kind):
    store = make(kind)
    assert [admit(store, token=None).calls for _ in range(3)] == [1, 2, 3]
    assert admit(store, token=None, client="another").calls == 1
    assert admit(store, token=None, now=NOW + timedelta(minutes=1)).calls == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_is_remembered_until_it_expires(make, kind):
    store = make(kind)
    admit(store)
    assert admit(store, now=NOW + timedelta(minutes=4)).replayed


@pytest.mark.parametrize("kind", KINDS)
def test_of_many_at_once_one_gets_through(make, kind):
    store = make(kind)
    with ThreadPoolExecutor(8) as pool:
        admitted = list(pool.map(lambda _: admit(store, token="raced"), range(24)))
    assert sum(not a.replayed for a in admitted) == 1


def _race(url, ready, results):
    store = open_store(url)
    ready.wait()
    results.put(sum(not admit(store, token=f"t{n}").replayed for n in range(50)))


@pytest.mark.requirement("J16")
@pytest.mark.parametrize("kind", SHARED)
def test_processes_know_of_each_other_s_tokens(make_url, kind):
    url = make_url(kind)
    context = multiprocessing.get_context("spawn")
    ready, results = context.Barrier(3), context.Queue()
    workers = [context.Process(target=_race, args=(url, ready, results)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sum(results.get(timeout=10) for _ in workers) == 50


@pytest.mark.parametrize("kind", SHARED)
def test_what_is_over_is_cleared_away(make_url, kind):
    """Neither tokens nor counts pile up."""
    url = make_url(kind)
    store = open_store(url)
    for minute in range(5):
        admit(store, token=f"t{minute}", now=NOW + timedelta(minutes=minute), expires=NOW + timedelta(minutes=minute))
    if kind == "redis":
        client = redis.Redis.from_url(url)
        assert all(client.ttl(key) <= 420 for key in client.scan_iter())
        return
    with create_engine(url).connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM used_token")).scalar() <= 2
        assert connection.execute(text("SELECT count(*) FROM call_count")).scalar() <= 2


def test_a_sqlite_store_is_private(tmp_path):
    open_store(f"sqlite:///{tmp_path / 'inner' / 'shared.sqlite3'}")
    assert (tmp_path / "inner" / "shared.sqlite3").stat().st_mode & 0o077 == 0


@pytest.mark.redis
def test_a_server_that_is_gone_is_a_store_error():
    program = redis_server.server_program()
    if program is None:
        pytest.skip(redis_server.MISSING)
    with redis_server.throwaway_redis(program) as (url, _):
        store = open_store(url)
        admit(store)
    with pytest.raises(StoreError):
        admit(store, token="t2")


def test_a_memory_that_is_full_locks_nobody_out(monkeypatch):
    monkeypatch.setattr(module, "MAX_REMEMBERED", 3)
    store = MemoryStore()
    assert not any(admit(store, token=f"t{n}").replayed for n in range(10))
    assert admit(store, token="t9").replayed


@pytest.mark.postgres
def test_a_locked_store_gives_up_soon(cluster):
    """PostgreSQL waits for ever by itself; the floor must not."""
    url = cluster.url(cluster.new_database())
    store = open_store(url)
    admit(store)
    with create_engine(url).begin() as holder:
        holder.execute(text("LOCK TABLE used_token, call_count IN ACCESS EXCLUSIVE MODE"))
        started = time.monotonic()
        with pytest.raises(StoreError):
            admit(store, token="t2")
        assert time.monotonic() - started < 3 * LOCK_WAIT_S


def test_a_store_that_is_not_there_is_no_reason_not_to_start():
    store = open_store("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(StoreError):
        admit(store)


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://x/y", "http://127.0.0.1/", "sqlite://", "sqlite:///:memory:"])
def test_another_url_is_refused(url):
    with pytest.raises(ConfigurationError, match="CDS_SHARED_URL"):
        open_store(url)
