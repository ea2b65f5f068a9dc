"""Reading the trail, its forms, and which settings changed."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from cds_service.ledger.audit import AuditEvent, EventKind, append, event_hash
from cds_service.ledger.database import Database
from cds_service.ledger.encoding import canonical_json
from cds_service.ledger.settings_trail import note_settings
from cds_service.ledger.trail import (
    Record,
    Wanted,
    history_of,
    last_verified,
    newest_first,
    note_reading,
    records,
    span,
)
from cds_service.ledger.trail_forms import Form, lines
from cds_service.ledger.vault import Vault
from cds_service.settings import Settings
from tests.support.ledger_values import NOW, later, new_keys

ONE, OTHER = "subj-" + "1" * 32, "subj-" + "2" * 32


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch):
    """The folder of models that all tests share is a setting too."""
    monkeypatch.delenv("CDS_MODELS_DIR", raising=False)


@pytest.fixture
def filled(database: Database) -> Database:
    """Six events, one a minute: of two patients, two actors, two kinds."""
    with database.transaction() as tx:
        for n in range(6):
            event = AuditEvent(
                kind=EventKind.HOOK_CALL if n % 2 else EventKind.VAULT_READ,
                actor="client:x" if n % 3 else "user:acct-1",
                subject=ONE if n < 4 else OTHER,
                detail={"n": n, "reason": "review", "empty": None},
            )
            append(tx, [event], now=later(60 * n))
    return database


def seqs(database: Database, wanted: Wanted) -> list[int]:
    with database.transaction(write=False) as tx:
        found = [record.seq for record in records(tx, wanted)]
        assert [r.seq for r in newest_first(tx, wanted, limit=2)] == sorted(found, reverse=True)[:2]
    return found


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), [1, 2, 3, 4, 5, 6]),
        (Wanted(since=later(60), until=later(180)), [2, 3]),
        (Wanted(kinds=frozenset({EventKind.VAULT_READ})), [1, 3, 5]),
        (Wanted(actor="user:acct-1"), [1, 4]),
        (Wanted(subject=OTHER), [5, 6]),
        (Wanted(subject=ONE, kinds=frozenset({EventKind.HOOK_CALL}), up_to=3), [2]),
    ],
)
def test_each_field_narrows(filled: Database, wanted: Wanted, expected: list[int]) -> None:
    assert seqs(filled, wanted) == expected


def test_a_history_is_everything_about_one_patient(filled: Database) -> None:
    with filled.transaction(write=False) as tx:
        found = list(history_of(tx, OTHER))
    assert [(r.seq, r.kind, r.detail["n"]) for r in found] == [(5, "vault-read", 4), (6, "hook-call", 5)]


def test_days_are_those_of_the_clinic_and_both_counted() -> None:
    since, until = span(date(2031, 3, 9), date(2031, 3, 9), ZoneInfo("America/Denver"))
    assert (since, until) == (datetime(2031, 3, 9, 7, tzinfo=UTC), datetime(2031, 3, 10, 6, tzinfo=UTC))
    assert span(None, None, UTC) == (None, None)


def test_a_reading_is_an_event_and_does_not_read_itself(filled: Database) -> None:
    with filled.transaction() as tx:
        bounded = note_reading(tx, Wanted(subject=ONE), act="export", actor="operator", now=NOW, how="csv")
    assert seqs(filled, bounded) == [1, 2, 3, 4]
    with filled.transaction(write=False) as tx:
        told = newest_first(tx, Wanted(), limit=1)[0]
        assert last_verified(tx) is None
    assert (told.kind, told.subject, told.detail) == (
        "audit-read",
        ONE,
        {"act": "export", "format": "csv", "up_to": 6},
    )


@pytest.mark.parametrize(("typed", "told"), [("user:acct-1", "user:acct-1"), ("Quirk,Ottoline", "nobody")])
def test_what_somebody_typed_for_an_actor_is_told_only_when_the_trail_knows_it(
    filled: Database, typed: str, told: str
) -> None:
    with filled.transaction() as tx:
        note_reading(tx, Wanted(actor=typed), act="page", actor="user:acct-2", now=NOW)
        assert newest_first(tx, Wanted(), limit=1)[0].detail["actor"] == told


def test_json_lines_hold_what_was_hashed_and_csv_no_formula(filled: Database) -> None:
    with filled.transaction() as tx:
        append(tx, [AuditEvent(kind=EventKind.FEEDBACK, actor="=cmd")], now=NOW)
    with filled.transaction(write=False) as tx:
        found = list(records(tx, Wanted()))
    for line in lines(found, Form.JSON, dict):
        fields = json.loads(line)
        assert event_hash({**fields, "detail": canonical_json(fields["detail"])}) == fields["hash"]
    rows = list(csv.DictReader(io.StringIO("".join(lines(found, Form.CSV, dict)))))
    assert [int(row["seq"]) for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    assert rows[6]["actor"] == "'=cmd"
    assert json.loads(rows[0]["detail"]) == {"empty": None, "n": 0, "reason": "review"}
    assert list(lines(found[:1], Form.FHIR, lambda fields: {"seq": fields["seq"]})) == ['{"seq":1}\n']


def test_a_record_that_somebody_changed_is_read_all_the_same(filled: Database) -> None:
    with filled.transaction() as tx:
        tx.execute(text("DROP TRIGGER audit_event_no_update"))
        tx.execute(text("UPDATE audit_event SET detail = 'rubbish' WHERE seq = 2"))
        tx.execute(text("UPDATE audit_event SET detail = '[1]' WHERE seq = 3"))
    with filled.transaction(write=False) as tx:
        found: list[Record] = list(records(tx, Wanted()))
    assert [dict(record.detail) for record in found[1:3]] == [{}, {}]


WORDS = st.text(max_size=20)


@given(
    st.fixed_dictionaries(
        dict.fromkeys(("time", "kind", "actor", "outcome", "detail", "previous"), WORDS)
        | {"seq": st.integers(), "subject": st.none() | WORDS}
    ),
    st.none() | st.integers(),
)
def test_the_hash_is_over_the_canonical_json(row: dict[str, Any], seq: int | None) -> None:
    written = canonical_json(row if seq is None else {**row, "seq": seq})
    assert event_hash(row, seq=seq) == sha256(written.encode("ascii")).hexdigest()


# -- settings ----------------------------------------------------------------------------------------------------------


class Start:
    """The service starts with these settings: what is audited then."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.vault, self.folder = database, Vault(new_keys()), folder

    def __call__(self, **changed: Any) -> list[tuple[object, ...]]:
        settings = Settings(data_dir=self.folder / "state", **changed)
        with self.database.transaction() as tx:
            count = note_settings(tx, self.vault, settings, now=NOW)
            found = newest_first(tx, Wanted(kinds=frozenset({EventKind.SETTING})), limit=count) if count else []
        return [(r.detail["setting"], r.detail["act"], r.detail.get("value")) for r in reversed(found)]


def test_a_setting_is_audited_when_it_changes_and_only_then(database: Database, tmp_path: Path) -> None:
    start = Start(database, tmp_path)
    assert start() == [("data_dir", "set", None)]
    url = "postgresql://user:hunter2@host/db"
    assert start(model="none", database_url=url) == [("database_url", "set", None), ("model", "set", None)]
    assert start(model="none", database_url=url) == []
    assert start(model="llamacpp", database_url=url) == [("model", "set", None)]
    assert start() == [("database_url", "default", None), ("model", "default", None)]
    assert start() == []


def test_no_value_that_may_be_secret_is_in_the_trail_and_no_digest_that_can_be_guessed(
    database: Database, tmp_path: Path
) -> None:
    for _ in range(2):  # each with keys of its own
        Start(database, tmp_path)(database_url="postgresql://user:hunter2@host/db")
    with database.transaction(write=False) as tx:
        found = list(records(tx, Wanted()))
    assert "hunter2" not in str(found)
    assert str(tmp_path) not in str(found)
    assert len({record.detail["digest"] for record in found}) == 4


def test_rules_that_are_switched_off_are_named(database: Database, tmp_path: Path) -> None:
    start = Start(database, tmp_path)
    start()
    assert start(rules_off=("qsofa", "news2")) == [("rules_off", "set", "news2 qsofa")]
    assert start() == [("rules_off", "default", "")]


@pytest.mark.parametrize("value", ["'rubbish'", "CAST(x'ff' AS TEXT)"])
def test_a_setting_event_that_somebody_changed_keeps_no_service_from_starting(
    database: Database, tmp_path: Path, value: str
) -> None:
    start = Start(database, tmp_path)
    start()
    with database.transaction() as tx:
        tx.execute(text("DROP TRIGGER audit_event_no_update"))
        tx.execute(text(f"UPDATE audit_event SET detail = {value}"))
    assert start() == [("data_dir", "set", None)]
