"""The vault under attack; what it does in peace is in ``tests/contract/test_store_contract.py``."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from cds_service.errors import ConfigurationError, StoreError
from cds_service.ledger.database import Database
from cds_service.ledger.errors import VaultError
from cds_service.ledger.key_rings import new_key_id
from cds_service.ledger.keys import KeyRing
from cds_service.ledger.vault import ItemKind, Vault
from tests.support.ledger_values import NOW, READ, later, new_keys

KEYS = new_keys()
VAULT = Vault(KEYS)


@pytest.fixture
def subjects(database: Database) -> list[str]:
    with database.transaction() as tx:
        return [
            VAULT.subject_for(tx, tenant="clinic", patient_key=key, now=NOW, actor="test") for key in ("p-1", "p-2")
        ]


@pytest.fixture
def items(database: Database, subjects: list[str]) -> list[str]:
    with database.transaction() as tx:
        return [
            VAULT.store_snapshot(tx, subject=subject, payload={"of": subject}, now=NOW, expires_at=later(9), actor="t")
            for subject in subjects
        ]


def read(database: Database, item: str, vault: Vault = VAULT) -> dict:
    with database.transaction() as tx:
        return vault.read_snapshot(tx, item, now=NOW, audit=READ)


def run(database: Database, statement: str, **values: object) -> None:
    with database.transaction() as tx:
        tx.execute(text(statement), values)


@pytest.mark.parametrize(
    "change",
    [
        "sealed = CAST(x'00' || substr(sealed, 2) AS BLOB)",
        "sealed = substr(sealed, 1, length(sealed) - 1)",
        "sealed = x''",
        "sealed = 'text'",
        "nonce = randomblob(12)",
        "nonce = x''",
    ],
)
def test_an_altered_value_does_not_open(database: Database, items: list[str], change: str) -> None:
    run(database, f"UPDATE vault_item SET {change} WHERE id = :id", id=items[0])
    with pytest.raises(VaultError, match="altered"):
        read(database, items[0])
    assert read(database, items[1])


def test_values_swapped_between_rows_do_not_open(database: Database, items: list[str]) -> None:
    with database.transaction() as tx:
        rows = [tx.execute(text("SELECT nonce, sealed FROM vault_item WHERE id = :id"), {"id": i}).one() for i in items]
    for item, other in zip(items, reversed(rows), strict=True):
        run(
            database,
            "UPDATE vault_item SET nonce = :nonce, sealed = :sealed WHERE id = :id",
            id=item,
            nonce=other.nonce,
            sealed=other.sealed,
        )
    for item in items:
        with pytest.raises(VaultError, match="altered"):
            read(database, item)


def test_a_row_given_to_another_subject_does_not_open(
    database: Database, subjects: list[str], items: list[str]
) -> None:
    run(database, "UPDATE vault_item SET subject = :to WHERE id = :id", to=subjects[1], id=items[0])
    with pytest.raises(VaultError, match="altered"):
        read(database, items[0])


def test_a_row_passed_off_as_another_kind_does_not_open(database: Database, items: list[str]) -> None:
    run(database, "UPDATE vault_item SET kind = 'comment' WHERE id = :id", id=items[0])
    with pytest.raises(VaultError, match="altered"), database.transaction() as tx:
        VAULT.read_comment(tx, items[0], now=NOW, audit=READ)


def test_a_person_under_another_subject_does_not_open(database: Database, subjects: list[str]) -> None:
    copied = "sealing_key, nonce, sealed"
    run(
        database,
        f"UPDATE vault_subject SET ({copied}) = (SELECT {copied} FROM vault_subject WHERE subject = :other) "
        "WHERE subject = :id",
        id=subjects[0],
        other=subjects[1],
    )
    with pytest.raises(VaultError, match="altered"), database.transaction() as tx:
        VAULT.read_person(tx, subjects[0], now=NOW, audit=READ)


def test_another_key_under_the_same_name_opens_nothing(database: Database, items: list[str]) -> None:
    forged = KeyRing(active=KEYS.sealing.active, keys={KEYS.sealing.active: bytes(32)})
    with pytest.raises(VaultError, match="altered, or was sealed with another key"):
        read(database, items[0], Vault(replace(KEYS, sealing=forged)))


def test_a_new_active_key_keeps_old_values_and_subjects(
    database: Database, subjects: list[str], items: list[str]
) -> None:
    rotated = Vault(replace(KEYS, sealing=KEYS.sealing.rotated(new_key_id()), index=KEYS.index.rotated(new_key_id())))
    assert read(database, items[0], rotated) == {"of": subjects[0]}
    with database.transaction() as tx:
        assert rotated.subject_for(tx, tenant="clinic", patient_key="p-1", now=NOW, actor="t") == subjects[0]
        assert rotated.subject_for(tx, tenant="clinic", patient_key="p-3", now=NOW, actor="t") not in subjects


def test_a_snapshot_of_nobody_is_refused(database: Database) -> None:
    with pytest.raises(StoreError), database.transaction() as tx:
        VAULT.store_snapshot(tx, subject="subj-" + "0" * 32, payload={}, now=NOW, expires_at=later(1), actor="t")


def test_the_index_tells_tenant_and_patient_apart(database: Database) -> None:
    with database.transaction() as tx:
        made = {
            VAULT.subject_for(tx, tenant=tenant, patient_key=key, now=NOW, actor="t")
            for tenant, key in (("a", "bc"), ("ab", "c"), ("abc", ""))
        }
    assert len(made) == 3


@pytest.mark.parametrize("change", ["export = 'exp-2'", "subject = :other", "sealed = x''"])
def test_an_export_link_moved_or_altered_does_not_open(database: Database, subjects: list[str], change: str) -> None:
    def code(export: str, subject: str) -> str:
        with database.transaction() as tx:
            return VAULT.export_code(tx, export=export, subject=subject, now=NOW, actor="test")

    code("exp-1", subjects[0])
    run(database, f"UPDATE vault_export SET {change}", **({"other": subjects[1]} if ":other" in change else {}))
    with database.transaction(write=False) as tx:
        at = tx.execute(text("SELECT export, subject FROM vault_export")).one()
    with pytest.raises(VaultError, match="altered"):
        code(at.export, at.subject)


@pytest.mark.parametrize("detail", [{}, {"reason": ""}, {"reason": "curiosity"}, {"reason": 1}, {"why": "review"}])
def test_nothing_is_read_without_a_reason(
    database: Database, subjects: list[str], items: list[str], detail: dict
) -> None:
    audit = replace(READ, detail=detail)
    with database.transaction() as tx:
        for read_one in (
            lambda: VAULT.read_person(tx, subjects[0], now=NOW, audit=audit),
            lambda: VAULT.read_snapshot(tx, items[0], now=NOW, audit=audit),
            lambda: VAULT.read_comment(tx, items[0], now=NOW, audit=audit),
            lambda: VAULT.read(tx, ItemKind.NOTE, items[0], now=NOW, audit=audit),
        ):
            with pytest.raises(ValueError, match="needs a reason"):
                read_one()
    assert read(database, items[0])


def test_a_wrong_key_file_is_refused_before_anybody_is_minted(database: Database, subjects: list[str]) -> None:
    for wrong in (
        replace(KEYS, index=new_keys().index),
        replace(KEYS, sealing=new_keys().sealing),
        new_keys(),
    ):
        with pytest.raises(ConfigurationError, match="CDS_KEYS_FILE is not"), database.transaction() as tx:
            Vault(wrong).subject_for(tx, tenant="clinic", patient_key="p-9", now=NOW, actor="t")
    with database.transaction() as tx:
        tx.execute(text("DELETE FROM vault_key"))
        VAULT.check_keys(tx)


def test_every_subject_has_a_data_key_of_its_own(database: Database, subjects: list[str], items: list[str]) -> None:
    with database.transaction(write=False) as tx:
        keys = tx.execute(text("SELECT id, sealed FROM vault_key")).all()
        people = tx.execute(text("SELECT sealing_key FROM vault_subject")).scalars().all()
        sealed_by = tx.execute(text("SELECT sealing_key FROM vault_item")).scalars().all()
    assert {key.id for key in keys} == set(people) == set(sealed_by)
    assert len({key.sealed for key in keys}) == len(subjects) == 2


def test_a_data_key_put_in_the_place_of_another_opens_nothing(
    database: Database, subjects: list[str], items: list[str]
) -> None:
    copied = "sealing_key, nonce, sealed"
    run(
        database,
        f"UPDATE vault_key SET ({copied}) = (SELECT {copied} FROM vault_key WHERE subject = :other) "
        "WHERE subject = :id",
        id=subjects[0],
        other=subjects[1],
    )
    with pytest.raises(VaultError, match="altered"):
        read(database, items[0])
    assert read(database, items[1])
