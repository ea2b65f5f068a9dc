"""What every database behind the stores must do. The same claims run on SQLite and on PostgreSQL."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import func, insert, select, text

from cds_service.errors import ConfigurationError, StoreError
from cds_service.inference.jobs import (
    ATTEMPTS_EXHAUSTED,
    QUEUE_FULL,
    JobState,
    JobStore,
    LeaseLostError,
    WorkerRegistry,
)
from cds_service.inference.jobs import _move as move
from cds_service.ledger.audit import AuditEvent, EventKind, append
from cds_service.ledger.chain import Tamper, verify
from cds_service.ledger.database import Database, open_database
from cds_service.ledger.encoding import SUBJECT
from cds_service.ledger.errors import VaultError
from cds_service.ledger.keys import KeyFile
from cds_service.ledger.ledger import Ledger
from cds_service.ledger.migrate import is_current, migrate
from cds_service.ledger.queries import answer_by_id, feedback_for, recent_answers
from cds_service.ledger.records import AnswerRecord, FeedbackOutcome, FeedbackStatus
from cds_service.ledger.retirement import retire
from cds_service.ledger.rotation import Purpose, Rotation
from cds_service.ledger.seals import Seals
from cds_service.ledger.tables import audit_event, metadata, vault_item, vault_subject
from cds_service.ledger.tables import job as job_table
from cds_service.ledger.trail import Wanted, last_verified, newest_first, records
from cds_service.ledger.vault import Person, Vault
from cds_service.ledger.verification import note_verified, verify_trail
from tests.support.ledger_values import (
    CLIENT,
    FEEDBACK,
    HOOK_CALL,
    NOW,
    READ,
    SERVICE,
    accepted,
    advice,
    answer_record,
    card_record,
    later,
    new_keys,
    overridden,
)
from tests.support.postgres import MISSING, server_programs, throwaway_cluster

BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))

MakeUrl = Callable[[bool], str]


@pytest.fixture(scope="session")
def _postgresql() -> Iterator[MakeUrl]:
    programs = server_programs()
    if programs is None:
        pytest.skip(MISSING)
    with throwaway_cluster(programs) as cluster:
        migrated_url = cluster.url(cluster.new_database())
        migrate(migrated_url)

        def make(migrated: bool) -> str:
            if not migrated:
                return cluster.url(cluster.new_database())
            _empty(migrated_url)
            return migrated_url

        yield make


def _empty(url: str) -> None:
    """Delete all rows, past the triggers that refuse it: much faster than a new database for each test."""
    database = open_database(url)
    with database.transaction() as tx:
        tx.execute(text("SET LOCAL session_replication_role = replica"))
        for table in metadata.sorted_tables:
            tx.execute(table.delete())
    database.close()


@pytest.fixture(scope="session")
def _sqlite(tmp_path_factory: pytest.TempPathFactory) -> MakeUrl:
    template = tmp_path_factory.mktemp("template") / "cds.sqlite3"
    migrate(f"sqlite:///{template}")

    def make(migrated: bool) -> str:
        path = tmp_path_factory.mktemp("database") / "cds.sqlite3"
        if migrated:
            shutil.copy(template, path)
        return f"sqlite:///{path}"

    return make


@pytest.fixture(params=BOTH)
def make_url(request: pytest.FixtureRequest) -> MakeUrl:
    made: MakeUrl = request.getfixturevalue(f"_{request.param}")
    return made


@pytest.fixture
def url(make_url: MakeUrl) -> str:
    """A migrated, empty database. A test that damages its tables makes its own."""
    return make_url(True)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url)
    yield opened
    opened.close()


@pytest.fixture
def own_url(make_url: MakeUrl) -> str:
    """A migrated database of this test alone."""
    made = make_url(False)
    migrate(made)
    return made


@pytest.fixture
def own_database(own_url: str) -> Iterator[Database]:
    opened = open_database(own_url)
    yield opened
    opened.close()


@pytest.fixture
def vault() -> Vault:
    return Vault(new_keys())


@pytest.fixture
def ledger(vault: Vault) -> Ledger:
    return Ledger(vault, retention=timedelta(days=10))


@pytest.fixture
def jobs() -> JobStore:
    return JobStore(bound=3, max_attempts=2, ttl=timedelta(hours=1))


def in_processes(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What `work` of 0, 1, … returns, each in a forked process of its own, side by side."""
    fork = multiprocessing.get_context("fork")
    results = fork.SimpleQueue()
    processes = [fork.Process(target=lambda n=n: results.put((n, work(n)))) for n in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=60)
    assert [process.exitcode for process in processes] == [0] * count
    return [result for _, result in sorted(results.get() for _ in processes)]


def kinds(database: Database) -> list[str]:
    with database.transaction(write=False) as tx:
        return list(tx.execute(select(audit_event.c.kind).order_by(audit_event.c.seq)).scalars())


def chain_is_valid(database: Database) -> bool:
    with database.transaction(write=False) as tx:
        return verify(tx).valid


# -- database and migrations -----------------------------------------------------------------------------------------


def test_processes_that_start_together_make_one_current_database(make_url: MakeUrl) -> None:
    url = make_url(False)
    in_processes(3, lambda _: migrate(url))
    database = open_database(url)
    assert is_current(database)
    with database.transaction(write=False) as tx:
        assert compare_metadata(MigrationContext.configure(tx, opts={"compare_type": True}), metadata) == []
    database.close()


def test_an_empty_database_is_not_current(make_url: MakeUrl) -> None:
    database = open_database(make_url(False))
    assert not is_current(database)
    database.close()


def test_migrating_again_keeps_what_is_there(url: str, database: Database) -> None:
    with database.transaction() as tx:
        append(tx, [HOOK_CALL], now=NOW)
    migrate(url)
    assert kinds(database) == ["hook-call"]


def test_a_database_of_a_newer_version_is_refused(own_url: str, own_database: Database) -> None:
    with own_database.transaction() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="newer version"):
        migrate(own_url)


def test_a_block_that_raises_writes_nothing(database: Database) -> None:
    def break_off() -> None:
        with database.transaction() as tx:
            append(tx, [HOOK_CALL], now=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert kinds(database) == []


def test_a_read_transaction_refuses_to_write(database: Database) -> None:
    with pytest.raises(StoreError, match="refused a read"), database.transaction(write=False) as tx:
        append(tx, [HOOK_CALL], now=NOW)
    with database.transaction() as tx:  # and the connection, used again, writes
        append(tx, [HOOK_CALL], now=NOW)
    assert kinds(database) == ["hook-call"]


def test_an_error_of_the_database_quotes_no_value(database: Database) -> None:
    row = {"id": "snapshot-1", "kind": "snapshot", "subject": "Zzyzx Canary", "sealing_key": "k", "nonce": b""}
    row |= {"sealed": b"", "created_at": NOW, "expires_at": NOW}
    with pytest.raises(StoreError) as caught, database.transaction() as tx:
        tx.execute(insert(vault_item), row)
    assert "Zzyzx" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_times_come_back_as_the_same_instant_in_utc(database: Database, jobs: JobStore) -> None:
    local = NOW.astimezone(timezone(timedelta(hours=-7)))
    with database.transaction() as tx:
        jobs.enqueue(tx, cache_key="k", payload="{}", now=local, actor="test")
    with database.transaction(write=False) as tx:
        found = jobs.lookup(tx, "k", now=NOW)
    assert found is not None
    assert found.queued_at == NOW
    assert found.queued_at.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(database: Database, jobs: JobStore) -> None:
    with pytest.raises((StoreError, ValueError)), database.transaction() as tx:
        jobs.enqueue(tx, cache_key="k", payload="{}", now=NOW.replace(tzinfo=None), actor="test")


# -- audit chain -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET actor = 'x'",
        "DELETE FROM audit_event",
        "DELETE FROM audit_event WHERE seq = 2",
        "INSERT INTO audit_event SELECT * FROM audit_event WHERE seq = 1",
    ],
)
def test_the_database_refuses_to_change_the_chain(database: Database, statement: str) -> None:
    with database.transaction() as tx:
        append(tx, [HOOK_CALL, HOOK_CALL], now=NOW)
    with pytest.raises(StoreError), database.transaction() as tx:
        tx.execute(text(statement))
    assert kinds(database) == ["hook-call"] * 2
    assert chain_is_valid(database)


def test_four_processes_append_one_chain(database: Database) -> None:
    def append_25(number: int) -> None:
        for _ in range(25):
            with database.transaction() as tx:
                append(tx, [AuditEvent(kind=EventKind.HOOK_CALL, actor=f"process-{number}")], now=datetime.now(UTC))

    in_processes(4, append_25)
    with database.transaction(write=False) as tx:
        report = verify(tx)
        by_actor = dict(tx.execute(select(audit_event.c.actor, func.count()).group_by(audit_event.c.actor)).all())
    assert report.valid
    assert report.events == report.last == 100
    assert by_actor == {f"process-{number}": 25 for number in range(4)}


def test_a_record_changed_behind_our_back_is_named(own_database: Database) -> None:
    with own_database.transaction() as tx:
        append(tx, [HOOK_CALL] * 5, now=NOW)
    with own_database.transaction() as tx:
        if own_database.kind == "sqlite":
            tx.execute(text("DROP TRIGGER audit_event_no_update"))
        else:
            tx.execute(text("ALTER TABLE audit_event DISABLE TRIGGER ALL"))
        tx.execute(text("UPDATE audit_event SET outcome = 'refused' WHERE seq = 3"))
    with own_database.transaction(write=False) as tx:
        problems = verify(tx).problems
    assert [(problem.seq, problem.kind) for problem in problems] == [(3, Tamper.CHANGED)]


def test_a_trail_is_sealed_filtered_and_verified_and_no_seal_can_be_changed(database: Database, tmp_path: Path) -> None:
    seals = Seals(new_keys(), tmp_path / "seals.jsonl")
    for _ in range(2):
        with database.transaction() as tx:
            append(tx, [HOOK_CALL, READ], now=NOW)
            assert seals.seal(tx, now=NOW, actor="operator") is not None
    found = verify_trail(database, seals)
    assert found.valid, found.problems
    assert found.status.newer == 1
    note_verified(database, found, now=later(60), actor="operator")
    with database.transaction(write=False) as tx:
        wanted = Wanted(since=later(1), kinds=frozenset({EventKind.AUDIT_READ}))
        assert [record.seq for record in records(tx, wanted)] == [found.chain.last + 1]
        assert last_verified(tx) == newest_first(tx, Wanted(), limit=1)[0]
    for statement in ("UPDATE audit_seal SET head = 'x'", "DELETE FROM audit_seal"):
        with pytest.raises(StoreError), database.transaction() as tx:
            tx.execute(text(statement))


# -- vault -----------------------------------------------------------------------------------------------------------


def test_keys_are_rotated_destroyed_and_a_subject_forgotten(database: Database, tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json").open()
    vault, old = Vault(file), file.current()
    subjects = [mint(database, vault, patient_key=f"p-{number}") for number in range(5)]
    with database.transaction() as tx:
        item = vault.store_comment(tx, subject=None, text="nobody's", now=NOW, expires_at=later(9), actor="a")
        links = [vault.export_link(tx, export="exp-1", subject=s, now=NOW, actor="a") for s in subjects]
    rotation = Rotation(database, file, clock=lambda: NOW, actor="operator", pause=lambda _: None, batch=2)
    assert [rotation.rotate(purpose).moved for purpose in (Purpose.SEALING, Purpose.INDEX)] == [6, 5]
    destroyed = retire(database, file, clock=lambda: NOW, actor="operator").destroyed
    assert {state.id for state in destroyed} == {old.sealing.active, old.index.active}
    with database.transaction() as tx:
        assert vault.forget_subject(tx, subjects[0], NOW, "a").links == 1
        assert vault.find_subject(tx, tenant="clinic", patient_key="p-0") is None
        assert vault.find_subject(tx, tenant="clinic", patient_key="p-1") == subjects[1]
        assert vault.export_link(tx, export="exp-1", subject=subjects[1], now=NOW, actor="a") == links[1]
        looked = newest_first(tx, Wanted(), limit=1)[0]
        assert (looked.kind, looked.subject) == ("vault-read", subjects[1])
        assert looked.detail == {"reason": "export", "item_kind": "export", "export": "exp-1"}
        assert vault.read_comment(tx, item, now=NOW, audit=READ) == "nobody's"
    assert chain_is_valid(database)


def mint(database: Database, vault: Vault, patient_key: str = "p-1", tenant: str = "clinic") -> str:
    with database.transaction() as tx:
        return vault.subject_for(tx, tenant=tenant, patient_key=patient_key, now=NOW, actor="test")


def test_a_person_has_one_random_subject_in_each_tenant(database: Database, vault: Vault) -> None:
    first, again = mint(database, vault), mint(database, vault)
    others = {mint(database, vault, patient_key="p-2"), mint(database, vault, tenant="other")}
    assert SUBJECT.fullmatch(first)
    assert first == again
    assert len({first, *others}) == 3
    assert kinds(database) == ["vault-mint"] * 3


def test_another_database_gives_the_same_person_another_subject(
    database: Database, own_database: Database, vault: Vault
) -> None:
    assert mint(database, vault) != mint(own_database, vault)


def test_a_lookup_mints_nothing(database: Database, vault: Vault) -> None:
    with database.transaction(write=False) as tx:
        assert vault.find_subject(tx, tenant="clinic", patient_key="p-1") is None
    minted = mint(database, vault)
    with database.transaction(write=False) as tx:
        assert vault.find_subject(tx, tenant="clinic", patient_key="p-1") == minted


def test_processes_that_mint_for_the_same_people_agree(database: Database, vault: Vault) -> None:
    people = [f"p-{number}" for number in range(20)]
    outputs = in_processes(3, lambda _: [mint(database, vault, person) for person in people])
    assert outputs[0] == outputs[1] == outputs[2]
    assert len(set(outputs[0])) == 20
    assert kinds(database) == ["vault-mint"] * 20
    assert chain_is_valid(database)


def test_a_snapshot_comes_back_and_the_reading_is_audited(database: Database, vault: Vault) -> None:
    subject = mint(database, vault)
    payload = {"name": "Zzyzx Canary", "times": {"obs-3": "2031-05-06T07:00:00Z"}, "note": "naïve\u0000 \ud800"}
    with database.transaction() as tx:
        item = vault.store_snapshot(
            tx, subject=subject, payload=payload, now=NOW, expires_at=later(100), actor="client:x"
        )
    with database.transaction() as tx:
        assert vault.read_snapshot(tx, item, now=later(99), audit=READ) == payload
    assert kinds(database) == ["vault-mint", "vault-write", "vault-read"]
    with database.transaction(write=False) as tx:
        row = tx.execute(select(audit_event).order_by(audit_event.c.seq.desc()).limit(1)).one()
    assert row.actor == "user:reviewer-1"
    assert row.subject == subject
    assert item in row.detail
    assert '"reason":"review"' in row.detail


def test_who_a_subject_is_can_be_read_and_is_audited(database: Database, vault: Vault) -> None:
    subject = mint(database, vault)
    with database.transaction() as tx:
        assert vault.read_person(tx, subject, now=NOW, audit=READ) == Person(tenant="clinic", patient_key="p-1")
    assert kinds(database)[-1] == "vault-read"
    with pytest.raises(VaultError), database.transaction() as tx:
        vault.read_person(tx, "subj-" + "0" * 32, now=NOW, audit=READ)


def test_reading_needs_an_event_of_its_kind(database: Database, vault: Vault) -> None:
    subject = mint(database, vault)
    with pytest.raises(ValueError, match="vault-read"), database.transaction() as tx:
        vault.read_person(tx, subject, now=NOW, audit=HOOK_CALL)


def test_retention_ends_a_snapshot_and_spares_the_next(database: Database, vault: Vault) -> None:
    subject = mint(database, vault)
    with database.transaction() as tx:
        old, new = (
            vault.store_snapshot(tx, subject=subject, payload={}, now=NOW, expires_at=later(s), actor="a")
            for s in (10, 20)
        )
    with pytest.raises(VaultError, match="retention"), database.transaction() as tx:
        vault.read_snapshot(tx, old, now=later(10), audit=READ)
    with database.transaction() as tx:
        assert vault.purge_expired(tx, now=later(10), actor="system") == 1
        assert vault.purge_expired(tx, now=later(10), actor="system") == 0
        assert vault.read_snapshot(tx, new, now=later(10), audit=READ) == {}
        assert list(tx.execute(select(vault_item.c.id)).scalars()) == [new]
    assert kinds(database)[-2:] == ["vault-purge", "vault-read"]


def test_no_word_of_the_vault_is_readable_in_the_database(database: Database, vault: Vault) -> None:
    subject = mint(database, vault, patient_key="https://fhir.example|Zzyzx-Canary")
    with database.transaction() as tx:
        vault.store_snapshot(
            tx, subject=subject, payload={"n": "Zzyzx Canary"}, now=NOW, expires_at=later(1), actor="a"
        )
        dump = [repr(row) for table in metadata.sorted_tables for row in tx.execute(select(table))]
    assert len(dump) >= 4
    assert not any("Zzyzx" in row for row in dump)


def test_the_wrong_keys_open_nothing(database: Database, vault: Vault) -> None:
    subject = mint(database, vault)
    stranger = Vault(new_keys())
    with pytest.raises(VaultError, match="restore the key file"), database.transaction() as tx:
        stranger.read_person(tx, subject, now=NOW, audit=READ)
    with pytest.raises(ConfigurationError, match="not the key file"), database.transaction(write=False) as tx:
        stranger.check_keys(tx)
    with pytest.raises(ConfigurationError, match="not the key file"):  # rather than a second subject for the person
        mint(database, stranger)
    with database.transaction(write=False) as tx:
        vault.check_keys(tx)
        assert tx.execute(select(func.count()).select_from(vault_subject)).scalar() == 1


def code(database: Database, vault: Vault, subject: str, export: str = "exp-1") -> str:
    with database.transaction() as tx:
        return vault.export_code(tx, export=export, subject=subject, now=NOW, actor="user:exporter")


def test_a_subject_has_one_random_code_in_an_export_and_another_in_the_next(database: Database, vault: Vault) -> None:
    first, second = mint(database, vault, "p-1"), mint(database, vault, "p-2")
    codes = [code(database, vault, *at) for at in ((first,), (second,), (first, "exp-2"))]
    assert len({*codes, first, second}) == 5
    assert code(database, vault, first) == codes[0]
    assert kinds(database) == [*["vault-mint"] * 5, "vault-read"], "finding a code again mints nothing"
    assert not any(first.removeprefix("subj-") in c for c in codes)


def test_dates_of_a_subject_move_by_one_offset_in_an_export(database: Database, vault: Vault) -> None:
    subjects = [mint(database, vault, f"p-{n}") for n in range(12)]
    with database.transaction() as tx:
        links = [vault.export_link(tx, export="exp-1", subject=s, now=NOW, actor="a") for s in (*subjects, *subjects)]
    offsets = [link.offset_days for link in links]
    assert offsets[:12] == offsets[12:]
    assert len(set(offsets)) > 1
    assert all(days and days % 7 == 0 for days in offsets)


def test_nothing_in_the_database_tells_code_or_offset(database: Database, vault: Vault) -> None:
    minted = code(database, vault, mint(database, vault))
    with database.transaction(write=False) as tx:
        dump = [repr(row) for table in metadata.sorted_tables for row in tx.execute(select(table))]
    assert not any(minted.removeprefix("rec-") in row or "offset" in row for row in dump)


def test_nobody_gets_no_code(database: Database, vault: Vault) -> None:
    with pytest.raises(VaultError, match="no such subject"):
        code(database, vault, "subj-" + "0" * 32)
    assert kinds(database) == []


def test_a_forgotten_export_leads_back_to_nobody(database: Database, vault: Vault) -> None:
    subject = mint(database, vault)
    old, kept = code(database, vault, subject), code(database, vault, subject, "exp-2")
    with database.transaction() as tx:
        assert vault.purge_expired(tx, now=later(10**9), actor="system") == 0, "retention of items spares the links"
        assert vault.forget_export(tx, export="exp-1", now=NOW, actor="user:officer") == 1
        assert vault.forget_export(tx, export="exp-1", now=NOW, actor="user:officer") == 0
    assert kinds(database)[-1] == "vault-purge"
    assert code(database, vault, subject) != old
    assert code(database, vault, subject, "exp-2") == kept


# -- answers and feedback --------------------------------------------------------------------------------------------


@pytest.fixture
def shown(database: Database, ledger: Ledger, vault: Vault) -> AnswerRecord:
    record = answer_record(subject=mint(database, vault), snapshot="snapshot-1", job="job-1")
    with database.transaction() as tx:
        ledger.record_answer(tx, record, audit=[HOOK_CALL])
    return record


def send(database: Database, ledger: Ledger, *items, client: str = CLIENT, service: str = SERVICE) -> list[str]:
    with database.transaction() as tx:
        results = ledger.record_feedback(
            tx, service=service, client=client, items=items, now=later(120), audit=FEEDBACK
        )
    assert [result.position for result in results] == list(range(len(items)))
    return [result.status for result in results]


def test_an_answer_comes_back_as_it_was_recorded(database: Database, shown: AnswerRecord) -> None:
    with database.transaction(write=False) as tx:
        found = answer_by_id(tx, shown.id)
        assert answer_by_id(tx, "ans-unknown") is None
    assert found is not None
    assert tuple(stored.card for stored in found.cards) == shown.cards
    assert found.created_at == NOW
    assert (found.priority, found.floor, found.status) == (advice().priority, advice().floor, "ready")
    assert found.findings[0]["values"] == {"score": 9, "at_rest": True}
    assert found.findings[0]["sources"] == ["obs-3", "obs-4"]
    assert found.passages == ({"id": "sepsis#first-hour.1", "version": "1", "score": 0.5},)
    assert found.assessment is not None
    assert found.assessment["assessment"] == "Concerning for infection."
    assert found.not_evaluated == ({"what": "labs", "reason": "not sent"},)
    assert found.versions == {"rules": "1", "model": "test-model"}
    assert found.timings_ms == {"rules": 3.5}
    assert (found.subject, found.snapshot, found.job) == (shown.subject, "snapshot-1", "job-1")
    assert kinds(database) == ["vault-mint", "hook-call", "card-shown", "card-shown"]


def test_an_answer_needs_its_event(database: Database, ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="event"), database.transaction() as tx:
        ledger.record_answer(tx, answer_record(), audit=[])


def test_an_answer_without_cards_is_recorded(database: Database, ledger: Ledger) -> None:
    record = answer_record(cards=())
    with database.transaction() as tx:
        ledger.record_answer(tx, record, audit=[HOOK_CALL])
        found = answer_by_id(tx, record.id)
    assert found is not None
    assert found.cards == ()


def test_a_hook_instance_that_is_no_uuid_is_not_kept(database: Database, ledger: Ledger) -> None:
    kept, dropped = answer_record(), answer_record(hook_instance="Zzyzx Canary 1931-01-01")
    with database.transaction() as tx:
        ledger.record_answer(tx, kept, audit=[HOOK_CALL])
        ledger.record_answer(tx, dropped, audit=[HOOK_CALL])
        found = {answer.id: answer.hook_instance for answer in recent_answers(tx, limit=9)}
    assert found == {kept.id: kept.hook_instance, dropped.id: None}


def test_the_newest_answers_come_first(database: Database, ledger: Ledger) -> None:
    records = [answer_record(created_at=later(second)) for second in (2, 3, 1)]
    with database.transaction() as tx:
        for record in records:
            ledger.record_answer(tx, record, audit=[HOOK_CALL])
        found = recent_answers(tx, limit=2)
    assert [answer.id for answer in found] == [records[1].id, records[0].id]


def test_feedback_is_joined_to_the_card(database: Database, ledger: Ledger, shown: AnswerRecord) -> None:
    item = overridden(shown.cards[0], reason_system="https://example.org/reasons", reason_code="not-applicable")
    assert send(database, ledger, item) == [FeedbackStatus.RECORDED]
    with database.transaction(write=False) as tx:
        (found,) = feedback_for(tx, shown.cards[0].uuid)
        answer = answer_by_id(tx, shown.id)
        assert feedback_for(tx, shown.cards[1].uuid) == feedback_for(tx, "no uuid") == ()
    assert answer is not None
    assert answer.cards[0].feedback == (found,)
    assert answer.cards[1].feedback == ()
    assert found.outcome is FeedbackOutcome.OVERRIDDEN
    assert (found.reason_system, found.reason_code) == ("https://example.org/reasons", "not-applicable")
    assert (found.outcome_at, found.received_at) == (later(90), later(120))


def test_a_card_may_be_accepted_and_later_overridden(database: Database, ledger: Ledger, shown: AnswerRecord) -> None:
    card = shown.cards[0]
    assert send(database, ledger, accepted(card), overridden(card)) == [FeedbackStatus.RECORDED] * 2
    with database.transaction(write=False) as tx:
        assert [item.outcome for item in feedback_for(tx, card.uuid)] == ["accepted", "overridden"]


def test_the_same_feedback_twice_is_recorded_once(database: Database, ledger: Ledger, shown: AnswerRecord) -> None:
    item = accepted(shown.cards[0], comment="Zzyzx Canary agreed")
    assert send(database, ledger, item, item) == [FeedbackStatus.RECORDED, FeedbackStatus.DUPLICATE]
    assert send(database, ledger, item) == [FeedbackStatus.DUPLICATE]
    with database.transaction(write=False) as tx:
        assert len(feedback_for(tx, shown.cards[0].uuid)) == 1
        assert tx.execute(select(func.count()).select_from(vault_item)).scalar() == 1


def test_feedback_that_differs_in_time_or_suggestion_is_another(
    database: Database, ledger: Ledger, shown: AnswerRecord
) -> None:
    card = shown.cards[0]
    items = accepted(card), accepted(card, outcome_at=later(61)), accepted(card, suggestions=card.suggestions)
    assert send(database, ledger, *items) == [FeedbackStatus.RECORDED] * 3


def test_each_bad_item_is_refused_by_itself(database: Database, ledger: Ledger, shown: AnswerRecord) -> None:
    first, second = shown.cards
    items = {
        accepted(card_record()): FeedbackStatus.UNKNOWN_CARD,
        accepted(first, card="' OR 1=1 -- \u0000"): FeedbackStatus.UNKNOWN_CARD,
        accepted(first, suggestions=second.suggestions[:1]): FeedbackStatus.UNKNOWN_SUGGESTION,
        accepted(first, suggestions=()): FeedbackStatus.NO_SUGGESTION,
        overridden(first, reason_code="of no system"): FeedbackStatus.BAD_REASON,
        overridden(first, reason_system="https://x.example", reason_code="Zzyzx Canary"): FeedbackStatus.BAD_REASON,
        accepted(first): FeedbackStatus.RECORDED,
        accepted(second, card=second.uuid.upper()): FeedbackStatus.RECORDED,
    }
    assert send(database, ledger, *items) == list(items.values())
    with database.transaction(write=False) as tx:
        rows = tx.execute(select(audit_event).where(audit_event.c.kind == "feedback").order_by(audit_event.c.seq)).all()
        assert len(feedback_for(tx, first.uuid)) == len(feedback_for(tx, second.uuid)) == 1
    assert [row.outcome for row in rows] == ["refused"] * 6 + ["success"] * 2
    assert not any("Zzyzx" in row.detail or "OR 1=1" in row.detail for row in rows)


def test_a_card_of_another_client_or_service_is_refused(
    database: Database, ledger: Ledger, shown: AnswerRecord
) -> None:
    item = accepted(shown.cards[0])
    assert send(database, ledger, item, client="https://other.example") == [FeedbackStatus.OTHER_CLIENT]
    assert send(database, ledger, item, service="other-service") == [FeedbackStatus.OTHER_SERVICE]
    with database.transaction(write=False) as tx:
        assert feedback_for(tx, shown.cards[0].uuid) == ()


def test_items_beyond_the_bound_are_refused_unread(
    database: Database, ledger: Ledger, shown: AnswerRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cds_service.ledger.ledger.MAX_ITEMS", 2)
    items = accepted(card_record()), accepted(shown.cards[0]), accepted(shown.cards[1])
    expected = [FeedbackStatus.UNKNOWN_CARD, FeedbackStatus.RECORDED, FeedbackStatus.TOO_MANY]
    assert send(database, ledger, *items) == expected
    assert kinds(database).count("feedback") == 2


def test_a_comment_lies_sealed_in_the_vault(
    database: Database, ledger: Ledger, vault: Vault, shown: AnswerRecord
) -> None:
    send(database, ledger, overridden(shown.cards[0], comment="Mrs Zzyzx Canary declines"))
    with database.transaction() as tx:
        (found,) = feedback_for(tx, shown.cards[0].uuid)
        assert found.comment is not None
        dump = [repr(row) for table in metadata.sorted_tables for row in tx.execute(select(table))]
        assert vault.read_comment(tx, found.comment, now=later(200), audit=READ) == "Mrs Zzyzx Canary declines"
        with pytest.raises(VaultError):  # a comment is not a snapshot
            vault.read_snapshot(tx, found.comment, now=later(200), audit=READ)
        assert vault.purge_expired(tx, now=NOW + timedelta(days=11), actor="system") == 1
    assert not any("Zzyzx" in row for row in dump)


# -- jobs ------------------------------------------------------------------------------------------------------------


def enqueue(database: Database, jobs: JobStore, key: str, second: float = 0):
    with database.transaction() as tx:
        return jobs.enqueue(tx, cache_key=key, payload=f'{{"case": "{key}"}}', now=later(second), actor="client:x")


def claim(database: Database, jobs: JobStore, second: float, worker: str = "worker:1", lease_s: float = 10):
    with database.transaction() as tx:
        return jobs.claim(tx, now=later(second), worker=worker, lease_s=lease_s)


def look(database: Database, jobs: JobStore, key: str, second: float = 0):
    with database.transaction(write=False) as tx:
        return jobs.lookup(tx, key, now=later(second))


def test_a_job_runs_and_its_result_is_kept(database: Database, jobs: JobStore) -> None:
    queued = enqueue(database, jobs, "k")
    held = claim(database, jobs, 1)
    assert (queued.state, held.state, held.attempts) == (JobState.QUEUED, JobState.RUNNING, 1)
    assert held.payload == '{"case": "k"}'
    with database.transaction() as tx:
        jobs.complete(tx, held, result='{"a":1}', now=later(5))
    done = look(database, jobs, "k", 6)
    assert (done.state, done.result, done.lease, done.worker) == (JobState.READY, '{"a":1}', None, None)
    assert kinds(database) == ["job"] * 3
    assert chain_is_valid(database)


def test_one_cache_key_has_one_job(database: Database, jobs: JobStore) -> None:
    first, again = enqueue(database, jobs, "k", 0), enqueue(database, jobs, "k", 1)
    assert first.id == again.id
    assert claim(database, jobs, 2) is not None
    assert enqueue(database, jobs, "k", 3).state is JobState.RUNNING
    assert claim(database, jobs, 4, worker="worker:2") is None


def test_the_newest_chart_is_claimed_first(database: Database, jobs: JobStore) -> None:
    for second, key in enumerate("abc"):
        enqueue(database, jobs, key, second)
    enqueue(database, jobs, "a", 5)  # this chart was opened again
    assert [claim(database, jobs, 6).cache_key for _ in range(3)] == ["a", "c", "b"]
    assert claim(database, jobs, 6) is None


def test_a_withheld_draft_keeps_its_reasons(database: Database, jobs: JobStore) -> None:
    enqueue(database, jobs, "k")
    held = claim(database, jobs, 1)
    with database.transaction() as tx:
        jobs.withhold(tx, held, reasons=["ungrounded", "no-hedge"], now=later(2))
    done = look(database, jobs, "k", 3)
    assert (done.state, done.reasons, done.result) == (JobState.WITHHELD, ("ungrounded", "no-hedge"), None)


def test_a_finished_result_answers_until_it_is_too_old(database: Database, jobs: JobStore) -> None:
    enqueue(database, jobs, "k")
    held = claim(database, jobs, 0)
    with database.transaction() as tx:
        jobs.complete(tx, held, result="1", now=NOW)
    assert look(database, jobs, "k", 3599).state is JobState.READY
    assert enqueue(database, jobs, "k", 3599).state is JobState.READY
    assert look(database, jobs, "k", 3600) is None
    anew = enqueue(database, jobs, "k", 3600)
    assert (anew.state, anew.result, anew.attempts, anew.finished_at) == (JobState.QUEUED, None, 0, None)


def test_a_failed_job_is_tried_again_when_the_chart_is_opened_again(database: Database, jobs: JobStore) -> None:
    enqueue(database, jobs, "k")
    held = claim(database, jobs, 1)
    with database.transaction() as tx:
        jobs.fail(tx, held, reason="model-timeout", now=later(2))
    assert look(database, jobs, "k", 3).reasons == ("model-timeout",)
    assert claim(database, jobs, 3) is None
    again = enqueue(database, jobs, "k", 4)
    assert (again.state, again.reasons) == (JobState.QUEUED, ())
    assert claim(database, jobs, 5) is not None


def test_a_lost_lease_makes_the_job_claimable_and_its_worker_powerless(database: Database, jobs: JobStore) -> None:
    enqueue(database, jobs, "k")
    stale = claim(database, jobs, 0, lease_s=10)
    assert claim(database, jobs, 9.9, worker="worker:2") is None
    fresh = claim(database, jobs, 10, worker="worker:2")
    assert (fresh.id, fresh.attempts, fresh.worker) == (stale.id, 2, "worker:2")
    with database.transaction() as tx:
        for attempt in (
            lambda: jobs.complete(tx, stale, result="stale", now=later(11)),
            lambda: jobs.withhold(tx, stale, reasons=["stale"], now=later(11)),
            lambda: jobs.fail(tx, stale, reason="stale", now=later(11)),
            lambda: jobs.heartbeat(tx, stale, now=later(11), lease_s=10),
            lambda: jobs.release(tx, stale, now=later(11)),
        ):
            with pytest.raises(LeaseLostError):
                attempt()
        jobs.complete(tx, fresh, result="fresh", now=later(12))
    assert look(database, jobs, "k", 13).result == "fresh"


def test_a_lease_that_ran_out_is_lost_even_when_nobody_took_the_job(database: Database, jobs: JobStore) -> None:
    enqueue(database, jobs, "k")
    held = claim(database, jobs, 0, lease_s=10)
    with pytest.raises(LeaseLostError), database.transaction() as tx:
        jobs.complete(tx, held, result="late", now=later(10))


def test_the_same_worker_claiming_again_does_not_revive_its_old_lease(database: Database, jobs: JobStore) -> None:
    enqueue(database, jobs, "k")
    first = claim(database, jobs, 0, lease_s=10)
    assert claim(database, jobs, 10) is not None
    with pytest.raises(LeaseLostError), database.transaction() as tx:
        jobs.complete(tx, first, result="old", now=later(11))


def test_a_heartbeat_keeps_the_job(database: Database, jobs: JobStore) -> None:
    enqueue(database, jobs, "k")
    held = claim(database, jobs, 0, lease_s=10)
    with database.transaction() as tx:
        held = jobs.heartbeat(tx, held, now=later(9), lease_s=10)
    assert claim(database, jobs, 18, worker="worker:2") is None
    with database.transaction() as tx:
        assert jobs.complete(tx, held, result="1", now=later(18)).state is JobState.READY


def test_a_job_that_kills_its_workers_fails_in_the_end(database: Database, jobs: JobStore) -> None:
    enqueue(database, jobs, "k")
    assert claim(database, jobs, 0, lease_s=1).attempts == 1
    assert claim(database, jobs, 1, lease_s=1).attempts == 2
    assert claim(database, jobs, 2, lease_s=1) is None
    done = look(database, jobs, "k", 3)
    assert (done.state, done.reasons) == (JobState.FAILED, (ATTEMPTS_EXHAUSTED,))


def test_a_released_job_waits_again_and_lost_no_attempt(database: Database, jobs: JobStore) -> None:
    enqueue(database, jobs, "k")
    held = claim(database, jobs, 0)
    with database.transaction() as tx:
        assert jobs.release(tx, held, now=later(1)).state is JobState.QUEUED
    assert claim(database, jobs, 2).attempts == 1


def test_beyond_the_bound_the_oldest_waiting_job_is_shed(database: Database, jobs: JobStore) -> None:
    enqueue(database, jobs, "running", 0)
    claim(database, jobs, 0.5, lease_s=100)
    for second, key in enumerate("abcd", start=1):
        assert enqueue(database, jobs, key, second).state is JobState.QUEUED
    shed = look(database, jobs, "a")
    assert (shed.state, shed.reasons) == (JobState.SHED, (QUEUE_FULL,))
    assert [look(database, jobs, key).state for key in "bcd"] == [JobState.QUEUED] * 3
    assert look(database, jobs, "running").state is JobState.RUNNING
    assert kinds(database).count("shed") == 1
    assert enqueue(database, jobs, "a", 9).state is JobState.QUEUED  # opened again: it waits, and "b" gives way
    assert look(database, jobs, "b").state is JobState.SHED


def test_an_idle_worker_learns_by_reading_whether_to_claim(database: Database, jobs: JobStore) -> None:
    def claimable(second: float) -> bool:
        with database.transaction(write=False) as tx:
            return jobs.claimable(tx, now=later(second))

    assert not claimable(0)
    enqueue(database, jobs, "k")
    assert claimable(0)
    claim(database, jobs, 0, lease_s=10)
    assert not claimable(9)
    assert claimable(10)


def test_the_figures_count_each_state_and_the_longest_wait(database: Database, jobs: JobStore) -> None:
    with database.transaction(write=False) as tx:
        assert jobs.stats(tx, now=NOW).oldest_queued_s is None
    for second, key in enumerate("abc"):
        enqueue(database, jobs, key, second)
    claim(database, jobs, 3)
    with database.transaction(write=False) as tx:
        stats = jobs.stats(tx, now=later(10))
    assert stats.oldest_queued_s == 10
    assert stats.counts == {
        JobState.QUEUED: 2,
        JobState.RUNNING: 1,
        JobState.READY: 0,
        JobState.WITHHELD: 0,
        JobState.FAILED: 0,
        JobState.SHED: 0,
    }


def test_purging_deletes_old_finished_jobs_only(database: Database, jobs: JobStore) -> None:
    enqueue(database, jobs, "done")
    held = claim(database, jobs, 0)
    with database.transaction() as tx:
        jobs.complete(tx, held, result="1", now=later(1))
    enqueue(database, jobs, "waiting")
    with database.transaction() as tx:
        assert jobs.purge_finished(tx, before=later(1), now=later(2), actor="system") == 0
        assert jobs.purge_finished(tx, before=later(1.1), now=later(2), actor="system") == 1
        assert list(tx.execute(select(job_table.c.cache_key)).scalars()) == ["waiting"]


def test_four_processes_share_the_jobs_and_none_runs_twice(database: Database) -> None:
    store = JobStore(bound=100, max_attempts=2, ttl=timedelta(hours=1))
    made = [enqueue(database, store, f"k-{number}").id for number in range(40)]

    def work(number: int) -> list[str]:
        done = []
        while held := claim(database, store, 1, worker=f"worker:{number}"):
            with database.transaction() as tx:
                done.append(store.complete(tx, held, result="1", now=later(2)).id)
        return done

    shares = in_processes(4, work)
    assert sorted(job for share in shares for job in share) == sorted(made)
    with database.transaction(write=False) as tx:
        assert store.stats(tx, now=NOW).counts[JobState.READY] == 40
        assert verify(tx).valid


def test_a_restart_keeps_everything(url: str, database: Database, ledger: Ledger, jobs: JobStore) -> None:
    record = answer_record()
    with database.transaction() as tx:
        ledger.record_answer(tx, record, audit=[HOOK_CALL])
    enqueue(database, jobs, "k")
    database.close()
    migrate(url)
    reopened = open_database(url)
    with reopened.transaction(write=False) as tx:
        assert answer_by_id(tx, record.id) is not None
        assert jobs.lookup(tx, "k", now=NOW) is not None
        assert verify(tx).valid
    reopened.close()


@pytest.mark.parametrize("to", [JobState.RUNNING, JobState.READY, JobState.SHED])
def test_a_finished_job_goes_back_to_the_queue_or_nowhere(database: Database, jobs: JobStore, to: JobState) -> None:
    enqueue(database, jobs, "k")
    held = claim(database, jobs, 0)
    with database.transaction() as tx:
        done = jobs.complete(tx, held, result="1", now=later(1))
    with pytest.raises(ValueError, match="a ready job cannot become"), database.transaction() as tx:
        move(tx, done, to, now=later(2), actor="test")
    assert look(database, jobs, "k", 2) == done


# -- workers ---------------------------------------------------------------------------------------------------------


def test_a_worker_is_alive_as_long_as_it_beats(database: Database) -> None:
    registry = WorkerRegistry()
    with database.transaction() as tx:
        assert registry.latest(tx, now=NOW, within_s=30) is None
        registry.beat(tx, worker="worker:1", model_version="m-1", now=NOW)
        registry.beat(tx, worker="worker:2", model_version="m-2", now=later(5))
        registry.beat(tx, worker="worker:1", model_version="m-1", now=later(10))
    with database.transaction() as tx:
        latest = registry.latest(tx, now=later(39), within_s=30)
        assert latest is not None
        assert (latest.worker, latest.model_version, latest.beat_at) == ("worker:1", "m-1", later(10))
        assert registry.latest(tx, now=later(40), within_s=30) is None
        registry.leave(tx, worker="worker:1")
        assert registry.latest(tx, now=later(34), within_s=30).worker == "worker:2"


def test_an_event_of_the_caller_lies_in_the_same_transaction_as_the_change(database: Database, jobs: JobStore) -> None:
    enqueue(database, jobs, "k")
    held = claim(database, jobs, 1)

    def break_off() -> None:
        with database.transaction() as tx:
            jobs.complete(tx, held, result="1", now=later(2))
            append(tx, [AuditEvent(kind=EventKind.MODEL_CALL, actor="worker:1")], now=later(2))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert look(database, jobs, "k", 3).state is JobState.RUNNING
    assert kinds(database) == ["job", "job"]
