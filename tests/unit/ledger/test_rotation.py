"""New keys for old: nothing is lost at any point, and what is destroyed opens nowhere."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import insert, select, text, update

from cds_service.errors import ConfigurationError, StoreError
from cds_service.ledger import envelope, private_file
from cds_service.ledger.blind_index import blind_index
from cds_service.ledger.chain import verify
from cds_service.ledger.database import Database, open_database
from cds_service.ledger.encoding import new_id
from cds_service.ledger.errors import VaultError
from cds_service.ledger.key_states import Purpose, states
from cds_service.ledger.keys import KeyFile
from cds_service.ledger.migrate import migrate
from cds_service.ledger.retirement import broken_data_keys, retire
from cds_service.ledger.rotation import Rotation
from cds_service.ledger.subject_keys import SubjectKeys
from cds_service.ledger.tables import audit_event, vault_item, vault_key, vault_subject
from cds_service.ledger.vault import ItemKind, Vault
from tests.support.ledger_values import NOW, READ, later

PEOPLE = ("p-1", "p-2", "p-3")


@dataclass(kw_only=True)
class Clinic:
    """A vault with three people: one sealed as before there were data keys, one half and half, one as today."""

    database: Database
    file: KeyFile
    vault: Vault
    subjects: dict[str, str] = field(default_factory=dict)
    items: dict[str, dict] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)

    def rotation(self, **changes) -> Rotation:
        values = {"clock": lambda: NOW, "actor": "operator", "pause": lambda _: None, "batch": 2}
        return Rotation(self.database, self.file, **{**values, **changes})

    def rotate(self, *purposes: Purpose):
        return [self.rotation().rotate(purpose) for purpose in purposes]

    def retire(self):
        return retire(self.database, self.file, clock=lambda: NOW, actor="operator")

    def everything_opens(self, vault: Vault | None = None) -> None:
        vault = vault or self.vault
        with self.database.transaction() as tx:
            for person, subject in self.subjects.items():
                assert vault.find_subject(tx, tenant="clinic", patient_key=person) == subject
                assert vault.read_person(tx, subject, now=NOW, audit=READ).patient_key == person
                link = vault.export_link(tx, export="exp-1", subject=subject, now=NOW, actor="a")
                assert link.code == self.codes[person]
            for item, payload in self.items.items():
                assert vault.read(tx, ItemKind.SNAPSHOT, item, now=NOW, audit=READ) == payload

    def acts(self) -> list[tuple[str, str]]:
        with self.database.transaction(write=False) as tx:
            found = tx.execute(select(audit_event.c.detail).where(audit_event.c.kind == "key")).scalars()
            return [(detail["purpose"], detail["act"]) for detail in map(json.loads, found)]

    def named(self, purpose: Purpose) -> set[str]:
        return {s.id for s in states(self.database, self.file.current()) if s.purpose is purpose and s.rows}


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    folder = tmp_path_factory.mktemp("clinic")
    url = f"sqlite:///{folder / 'cds.sqlite3'}"
    migrate(url)
    file = KeyFile(folder / "keys" / "keys.json").open()
    made = Clinic(database=open_database(url), file=file, vault=Vault(file))
    with made.database.transaction() as tx:
        for person in PEOPLE:
            subject = made.vault.subject_for(tx, tenant="clinic", patient_key=person, now=NOW, actor="a")
            made.subjects[person] = subject
            if person != "p-3":
                _as_before_data_keys(tx, file, subject, person, made)
            if person != "p-1":
                _store(tx, made, subject, {"of": person})
            made.codes[person] = made.vault.export_code(tx, export="exp-1", subject=subject, now=NOW, actor="a")
        _store(tx, made, None, {"of": "nobody"})
    made.everything_opens()
    made.database.close()
    return made


@pytest.fixture
def clinic(made_once: Clinic, tmp_path: Path) -> Iterator[Clinic]:
    shutil.copytree(made_once.file.path.parent, tmp_path / "keys")
    copy = _copy(made_once, tmp_path / "cds.sqlite3", KeyFile(tmp_path / "keys" / "keys.json").open())
    yield copy
    copy.database.close()


def _copy(clinic: Clinic, to: Path, file: KeyFile) -> Clinic:
    """A backup of the whole database, to be opened with the keys in `file`."""
    with (
        closing(sqlite3.connect(clinic.database.engine.url.database)) as source,
        closing(sqlite3.connect(to)) as target,
    ):
        source.backup(target)
    to.chmod(0o600)
    return Clinic(
        database=open_database(f"sqlite:///{to}"), file=file, vault=Vault(file),
        subjects=dict(clinic.subjects), items=dict(clinic.items), codes=clinic.codes,
    )  # fmt: skip


def _store(tx, clinic: Clinic, subject: str | None, payload: dict) -> None:
    item = clinic.vault.store(
        tx, ItemKind.SNAPSHOT, subject=subject, payload=payload, now=NOW, expires_at=later(99), actor="a"
    )
    clinic.items[item] = payload


def _as_before_data_keys(tx, file: KeyFile, subject: str, person: str, clinic: Clinic) -> None:
    """Give the subject the rows that the version before had written: sealed with the file's key, no data key."""
    key = envelope.file_key(file.current())
    tx.execute(vault_key.delete().where(vault_key.c.subject == subject))
    sealed = envelope.seal(key, "person", subject, subject, {"tenant": "clinic", "patient_key": person})
    tx.execute(update(vault_subject).where(vault_subject.c.subject == subject).values(sealed))
    item = new_id("snapshot")
    row = {"id": item, "kind": "snapshot", "subject": subject, "created_at": NOW, "expires_at": later(99)}
    tx.execute(insert(vault_item), row | envelope.seal(key, "snapshot", item, subject, {"old": person}))
    clinic.items[item] = {"old": person}


def test_a_new_sealing_key_takes_over_every_data_key_and_what_older_versions_sealed(clinic: Clinic) -> None:
    before = clinic.file.current().sealing.active
    (rotated,) = clinic.rotate(Purpose.SEALING)
    assert rotated.key == clinic.file.current().sealing.active != before
    assert (rotated.moved, rotated.failed, rotated.resumed) == (3 + 2 + 2 + 1, 0, False)
    assert clinic.named(Purpose.SEALING) == {rotated.key}
    with clinic.database.transaction(write=False) as tx:
        sealed_by = set(tx.execute(select(vault_subject.c.sealing_key)).scalars())
    assert all(name.startswith("data-") for name in sealed_by)
    clinic.everything_opens()
    moved = clinic.rotate(Purpose.SEALING)[0].moved
    assert moved == 3 + 1, "from now on one data key a person, and what is nobody's"
    clinic.everything_opens()


def test_a_new_index_key_finds_everybody_and_the_old_one_nobody(clinic: Clinic) -> None:
    before = clinic.file.current().index
    (rotated,) = clinic.rotate(Purpose.INDEX)
    assert (rotated.moved, clinic.named(Purpose.INDEX)) == (3, {rotated.key})
    clinic.everything_opens()
    with clinic.database.transaction(write=False) as tx:
        kept = set(tx.execute(select(vault_subject.c.blind_index)).scalars())
    assert not kept & {blind_index(before.key, "clinic", person) for person in PEOPLE}


def test_both_index_keys_are_good_while_people_move(clinic: Clinic) -> None:
    def after_one(_: float) -> None:
        clinic.everything_opens()
        with clinic.database.transaction() as tx:
            again = clinic.vault.subject_for(tx, tenant="clinic", patient_key="p-3", now=NOW, actor="a")
        assert again == clinic.subjects["p-3"]

    assert clinic.rotation(batch=1, pause=after_one).rotate(Purpose.INDEX).moved == 3


def test_keyed_hashes_outlive_every_rotation_but_their_own(clinic: Clinic) -> None:
    before = clinic.vault.keyed("user", "nora")
    clinic.rotate(Purpose.SEALING, Purpose.INDEX, Purpose.SIGNING)
    clinic.retire()
    assert clinic.vault.keyed("user", "nora") == before
    clinic.rotate(Purpose.HASHING)
    assert clinic.vault.keyed("user", "nora") != before


def test_a_running_process_follows_without_being_told(clinic: Clinic) -> None:
    other = Vault(KeyFile(clinic.file.path).open())
    clinic.everything_opens(other)
    clinic.rotate(Purpose.SEALING, Purpose.INDEX)
    clinic.retire()
    clinic.everything_opens(other)
    with clinic.database.transaction() as tx:
        fresh = other.subject_for(tx, tenant="clinic", patient_key="p-9", now=NOW, actor="a")
        key = tx.execute(select(vault_key.c.sealing_key).where(vault_key.c.subject == fresh)).scalar_one()
    assert key == clinic.file.current().sealing.active


def test_a_process_that_cannot_read_the_new_keys_mints_nobody_twice(clinic: Clinic) -> None:
    stale = Vault(clinic.file.current())
    with pytest.raises(KeyboardInterrupt):
        clinic.rotation(pause=_interrupt).rotate(Purpose.INDEX)
    moved = 0
    for person in PEOPLE:
        with clinic.database.transaction() as tx:
            if stale.find_subject(tx, tenant="clinic", patient_key=person) is None:
                moved += 1
                with pytest.raises(ConfigurationError, match="restore it"):
                    stale.subject_for(tx, tenant="clinic", patient_key=person, now=NOW, actor="a")
    assert moved == 2
    clinic.everything_opens()


def test_keys_that_rows_name_are_kept_and_others_destroyed(clinic: Clinic) -> None:
    old = clinic.file.current()
    with pytest.raises(KeyboardInterrupt):
        clinic.rotation(pause=_interrupt).rotate(Purpose.SEALING)
    retired = clinic.retire()
    assert [(s.id, s.rows > 0) for s in retired.needed] == [(old.sealing.active, True)]
    assert retired.destroyed == ()
    clinic.everything_opens()
    clinic.rotate(Purpose.SEALING, Purpose.INDEX)
    assert {s.id for s in clinic.retire().destroyed} == {old.sealing.active, old.index.active}
    assert old.sealing.active not in clinic.file.path.read_text()
    clinic.everything_opens()
    assert clinic.acts()[-4:] == [
        ("sealing", "retire"),
        ("index", "retire"),
        ("sealing", "retired"),
        ("index", "retired"),
    ]
    with clinic.database.transaction(write=False) as tx:
        assert verify(tx).problems == ()


def _interrupt(_: float) -> None:
    raise KeyboardInterrupt


def test_the_public_key_of_a_destroyed_seed_still_verifies(clinic: Clinic) -> None:
    ring = clinic.file.current().signing
    signature = Ed25519PrivateKey.from_private_bytes(ring.key).sign(b"a manifest")
    clinic.rotate(Purpose.SIGNING)
    clinic.retire()
    keys = clinic.file.current()
    assert ring.active not in keys.signing.keys
    Ed25519PublicKey.from_public_bytes(keys.public_keys()[ring.active]).verify(signature, b"a manifest")
    assert keys.signing.active in keys.public_keys()


def test_what_is_written_during_rotations_opens_afterwards(clinic: Clinic) -> None:
    """A process that held the old keys goes on writing while two rotations and a retirement pass."""
    fork = multiprocessing.get_context("fork")
    started, results = fork.Event(), fork.SimpleQueue()

    def write() -> None:
        with clinic.database.transaction() as tx:
            _store(tx, clinic, None, {"of": "the start"})
        started.set()
        for number in range(30):
            with clinic.database.transaction() as tx:
                subject = clinic.vault.subject_for(tx, tenant="clinic", patient_key=f"n-{number}", now=NOW, actor="a")
                _store(tx, clinic, [subject, clinic.subjects["p-1"], None][number % 3], {"of": number})
        results.put(clinic.items)

    writer = fork.Process(target=write)
    writer.start()
    started.wait(10)
    for _ in range(2):
        clinic.rotation(pause=time.sleep).rotate(Purpose.SEALING)
    clinic.retire()
    clinic.items = results.get()
    writer.join()
    assert len(clinic.items) == 5 + 1 + 30
    clinic.everything_opens()
    assert not [s for s in states(clinic.database, clinic.file.current()) if s.rows and not s.secret]


# -- forgetting ------------------------------------------------------------------------------------------------------


def test_nothing_of_a_forgotten_subject_opens_and_a_backup_only_until_the_key_is_destroyed(
    clinic: Clinic, tmp_path: Path
) -> None:
    backup = _copy(clinic, tmp_path / "backup.sqlite3", clinic.file)
    subject = clinic.subjects["p-2"]
    with clinic.database.transaction() as tx:
        gone = clinic.vault.forget_subject(tx, subject, NOW, "user:acc-1")
        assert (gone.keys, gone.person, gone.items, gone.links) == (1, 1, 2, 1)
        assert clinic.vault.find_subject(tx, tenant="clinic", patient_key="p-2") is None
        for item in [i for i, payload in clinic.items.items() if "p-2" in payload.values()]:
            with pytest.raises(VaultError):
                clinic.vault.read(tx, ItemKind.SNAPSHOT, item, now=NOW, audit=READ)
        with pytest.raises(VaultError, match="no such subject"):
            clinic.vault.read_person(tx, subject, now=NOW, audit=READ)
        with pytest.raises(VaultError, match="no such subject"):
            clinic.vault.export_link(tx, export="exp-2", subject=subject, now=NOW, actor="a")
        with pytest.raises(VaultError, match="no such subject"):
            _store(tx, clinic, subject, {"late": "answer"})
        assert clinic.vault.subject_for(tx, tenant="clinic", patient_key="p-2", now=NOW, actor="a") != subject
    backup.everything_opens()
    clinic.rotate(Purpose.SEALING, Purpose.INDEX)
    backup.everything_opens()
    clinic.retire()
    vault = Vault(clinic.file)
    with backup.database.transaction() as tx:
        assert vault.find_subject(tx, tenant="clinic", patient_key="p-2") is None
        with pytest.raises(VaultError):
            vault.read_person(tx, subject, now=NOW, audit=READ)
        for item in clinic.items:
            with pytest.raises(VaultError):
                vault.read(tx, ItemKind.SNAPSHOT, item, now=NOW, audit=READ)
    backup.database.close()
    del clinic.subjects["p-2"]
    clinic.items = {item: payload for item, payload in clinic.items.items() if "p-2" not in payload.values()}
    clinic.everything_opens()


def test_deleted_rows_put_back_without_their_key_do_not_open(clinic: Clinic) -> None:
    subject = clinic.subjects["p-3"]
    with clinic.database.transaction() as tx:
        rows = tx.execute(select(vault_item).where(vault_item.c.subject == subject)).mappings().all()
        clinic.vault.forget_subject(tx, subject, NOW, "a")
        tx.execute(insert(vault_item), [dict(row) for row in rows])
        assert len(rows) == 1
        with pytest.raises(VaultError, match="data key is gone"):
            clinic.vault.read(tx, ItemKind.SNAPSHOT, rows[0]["id"], now=NOW, audit=READ)


def test_forgetting_is_audited_with_counts_and_safe_to_repeat(clinic: Clinic) -> None:
    with clinic.database.transaction() as tx:
        clinic.vault.forget_subject(tx, clinic.subjects["p-1"], NOW, "user:acc-1")
        again = clinic.vault.forget_subject(tx, clinic.subjects["p-1"], NOW, "user:acc-1")
        written = select(audit_event.c.detail).where(audit_event.c.kind == "vault-purge").order_by(audit_event.c.seq)
        first = json.loads(tx.execute(written).scalars().first())
    assert (again.keys, again.person, again.items, again.links) == (0, 0, 0, 0)
    assert first == {"item_kind": "subject", "keys": 1, "person": 1, "items": 1, "links": 1}


def test_a_forgotten_subject_is_passed_over_by_rotation(clinic: Clinic) -> None:
    with clinic.database.transaction() as tx:
        for subject in clinic.subjects.values():
            clinic.vault.forget_subject(tx, subject, NOW, "a")
    assert [r.moved for r in clinic.rotate(Purpose.SEALING, Purpose.INDEX)] == [1, 0]
    with clinic.database.transaction(write=False) as tx:
        clinic.vault.check_keys(tx)


# -- interrupted -----------------------------------------------------------------------------------------------------

POINTS = ("after the first event", "before the file has its name", "after the file", "in the rows", "before the end")


class Killed(BaseException):
    """Stands for the end of the process: nothing between here and the test catches it."""


def _die_at(point: str, clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> dict:
    """Make a rotation die at `point`; returns what its constructor needs for that."""

    def die(*_, **__) -> None:
        raise Killed

    if point == POINTS[0]:
        monkeypatch.setattr(KeyFile, "change", die)
    elif point == POINTS[1]:
        monkeypatch.setattr(Path, "replace", die)
    elif point == POINTS[2]:
        monkeypatch.setattr(KeyFile, "change", lambda file, make: (original(file, make), die()))
    elif point == POINTS[3]:
        return {"pause": die, "batch": 1}
    else:
        note = Rotation._note
        monkeypatch.setattr(
            Rotation, "_note", lambda self, act, *a, **k: die() if act == "rotated" else note(self, act, *a, **k)
        )
    return {}


original = KeyFile.change


@pytest.mark.parametrize(
    ("purpose", "point"),
    [*((Purpose.SEALING, point) for point in POINTS), *((Purpose.INDEX, point) for point in POINTS[2:4])],
)
def test_a_rotation_that_dies_loses_nothing_and_goes_on(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, purpose: Purpose, point: str
) -> None:
    old = clinic.file.current().ring(purpose.value).active
    with monkeypatch.context() as patched, pytest.raises(Killed):
        clinic.rotation(**_die_at(point, clinic, patched)).rotate(purpose)
    restarted = Vault(KeyFile(clinic.file.path).open())
    clinic.everything_opens(restarted)
    begun = clinic.rotation().unfinished(purpose)
    ended = clinic.rotation().rotate(purpose)
    assert (ended.key, ended.resumed) == (begun, True)
    assert clinic.named(purpose) == {begun}
    assert list(clinic.file.current().ring(purpose.value).keys) == [old, begun]
    assert clinic.rotation().unfinished(purpose) is None
    clinic.everything_opens(restarted)
    assert not list(clinic.file.path.parent.glob(".*")), "nothing half-written is left beside the key file"


@pytest.mark.parametrize("inside", [True, False])
def test_a_process_killed_in_the_rows_loses_nothing(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, inside: bool
) -> None:
    def kill(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if inside:
        monkeypatch.setattr(SubjectKeys, "rewrap", kill)
    rotation = clinic.rotation(batch=1, pause=kill)
    process = multiprocessing.get_context("fork").Process(target=rotation.rotate, args=(Purpose.SEALING,))
    process.start()
    process.join()
    monkeypatch.undo()
    assert process.exitcode == -signal.SIGKILL
    assert len(clinic.named(Purpose.SEALING)) == (1 if inside else 2)
    clinic.everything_opens()
    assert clinic.rotate(Purpose.SEALING)[0].resumed
    assert len(clinic.named(Purpose.SEALING)) == 1
    clinic.everything_opens()
    assert len(clinic.retire().destroyed) == 1


@pytest.mark.parametrize("full", [errno.ENOSPC, errno.EROFS])
def test_a_full_disk_leaves_the_key_file_as_it_was(clinic: Clinic, monkeypatch: pytest.MonkeyPatch, full: int) -> None:
    before = clinic.file.path.read_bytes()

    def fsync(_: int) -> None:
        raise OSError(full, os.strerror(full))

    with monkeypatch.context() as patched:
        patched.setattr(private_file.os, "fsync", fsync)
        with pytest.raises(ConfigurationError, match="cannot be written, and is as it was"):
            clinic.rotate(Purpose.SEALING)
        with pytest.raises(ConfigurationError, match="as it was"):
            clinic.file.change(lambda keys: keys)
    assert clinic.file.path.read_bytes() == before
    assert [p.name for p in clinic.file.path.parent.iterdir()] == ["keys.json"]
    assert clinic.rotate(Purpose.SEALING)[0].resumed
    clinic.everything_opens()


def test_a_retirement_that_cannot_write_the_file_destroys_nothing(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.rotate(Purpose.INDEX)
    with monkeypatch.context() as patched:
        patched.setattr(KeyFile, "change", _no_space)
        with pytest.raises(ConfigurationError):
            clinic.retire()
    assert ("index", "retired") not in clinic.acts()
    assert len(clinic.file.current().index.keys) == 2
    assert len(clinic.retire().destroyed) == 1


def _no_space(*_: object) -> None:
    raise ConfigurationError("the key file cannot be written")


def test_a_refused_write_of_rows_is_told_and_the_rotation_goes_on_later(clinic: Clinic) -> None:
    with clinic.database.transaction() as tx:
        tx.execute(text("CREATE TRIGGER full BEFORE UPDATE ON vault_key BEGIN SELECT RAISE(ABORT, 'full'); END"))
    with pytest.raises(StoreError):
        clinic.rotate(Purpose.SEALING)
    clinic.everything_opens()
    with clinic.database.transaction() as tx:
        tx.execute(text("DROP TRIGGER full"))
    assert clinic.rotate(Purpose.SEALING)[0].resumed
    clinic.everything_opens()


def test_a_row_that_was_altered_is_counted_and_keeps_its_key(clinic: Clinic) -> None:
    old = clinic.file.current().sealing.active
    with clinic.database.transaction() as tx:
        tx.execute(text("UPDATE vault_key SET sealed = x'00' WHERE subject = :s"), {"s": clinic.subjects["p-3"]})
    (rotated,) = clinic.rotate(Purpose.SEALING)
    assert rotated.failed == 1
    assert broken_data_keys(clinic.database, clinic.file) == 1
    assert [state.id for state in clinic.retire().needed] == [old]
    assert clinic.rotate(Purpose.SEALING)[0].key != rotated.key, "it does not stand in the way of the next one"


@pytest.mark.parametrize("purpose", [Purpose.SEALING, Purpose.INDEX])
def test_an_older_key_file_is_refused_before_anything_happens(clinic: Clinic, tmp_path: Path, purpose: Purpose) -> None:
    older = tmp_path / "older.json"
    shutil.copy(clinic.file.path, older)
    clinic.rotate(purpose)
    newest, acts = clinic.file.path.read_bytes(), clinic.acts()
    shutil.copy(older, clinic.file.path)
    with pytest.raises(ConfigurationError, match="not the newest key file"):
        clinic.rotate(purpose)
    with clinic.database.transaction(write=False) as tx, pytest.raises(ConfigurationError, match="restore"):
        Vault(KeyFile(clinic.file.path).open()).check_keys(tx)
    assert clinic.acts() == acts
    clinic.file.path.write_bytes(newest)
    clinic.everything_opens()


def test_a_clock_that_was_set_back_does_not_matter(clinic: Clinic) -> None:
    clinic.rotate(Purpose.SEALING)
    earlier = clinic.rotation(clock=lambda: later(-(10**8))).rotate(Purpose.SEALING)
    assert (clinic.file.current().sealing.active, clinic.rotation().unfinished(Purpose.SEALING)) == (earlier.key, None)
    clinic.everything_opens()
