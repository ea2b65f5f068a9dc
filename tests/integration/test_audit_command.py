"""The audit trail by command, over a real database and real files: sealed, verified, exported, and broken."""

import csv
import errno
import io
import json
import os
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from cds_service.cli import main
from cds_service.ledger.audit import AuditEvent, EventKind, append
from cds_service.ledger.database import open_database
from cds_service.ledger.keys import KeyFile
from cds_service.ledger.migrate import migrate
from cds_service.ledger.vault import Vault
from fhir_mappers import r4

NOW = datetime(2031, 5, 6, 23, 30, tzinfo=UTC)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A clinic's files: one patient, looked at on two days; and the command over them."""
    monkeypatch.setenv("CDS_DATA_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("CDS_KEYS_FILE", str(tmp_path / "keys.json"))
    url = f"sqlite:///{tmp_path / 'state' / 'cds.sqlite3'}"
    migrate(url)
    database = open_database(url)
    vault = Vault(KeyFile(tmp_path / "keys.json").open())
    with database.transaction() as tx:
        subject = vault.subject_for(tx, tenant="ehr", patient_key="canary-1", now=NOW, actor="ehr")
        vault.subject_for(tx, tenant="ehr", patient_key="canary-2", now=NOW, actor="ehr")
        event = AuditEvent(kind=EventKind.HOOK_CALL, actor="ehr", subject=subject)
        append(tx, [event], now=NOW + timedelta(days=1))

    def call(*arguments, code=0, **more):
        result = CliRunner().invoke(main, ["audit", *arguments], **more)
        assert result.exit_code == code, result.output
        return result

    def tamper(*statements):
        with database.transaction() as tx:
            for one in statements:
                tx.execute(text(one))

    files = {"folder": tmp_path, "file": tmp_path / "state"}
    yield SimpleNamespace(subject=subject, call=call, tamper=tamper, close=database.close, **files)
    database.close()


def test_verify_says_what_is_sealed_and_what_is_newer(place):
    assert "never sealed: 3 events" in place.call("verify").output
    assert "seal 1: events 1 to 4" in place.call("seal").output
    assert "nothing new to seal" in place.call("seal").output
    assert "sealed up to event 4 (seal 1, " in place.call("verify").output
    found = json.loads(place.call("verify", "--json").stdout)
    assert (found["valid"], found["events"], found["sealed_up_to"], found["not_sealed"]) == (True, 6, 4, 2)
    keys = json.loads(place.call("public-keys").output)
    assert keys.keys() == {found["newest_seal"]["key_id"]}


def test_what_was_touched_is_named_with_exit_code_1_and_nothing_is_added(place):
    place.call("seal")
    place.tamper(
        "DROP TRIGGER audit_event_no_update",
        "DROP TRIGGER audit_event_no_delete",
        "UPDATE audit_event SET actor = 'nobody' WHERE seq = 2",
        "DELETE FROM audit_event WHERE seq > 2",
    )
    for _ in range(2):
        told = place.call("verify", code=1).output
        assert "audit event 2 was changed" in told
        assert "seal 1 covers events 1 to 3, but the chain ends before: its end was cut off" in told
        assert "2 events, chain broken" in told
    assert "the audit chain ends before the last seal" in place.call("seal", code=1).output


def test_a_seal_that_was_taken_from_the_table_is_not_put_back(place):
    place.call("seal")
    place.tamper("DROP TRIGGER IF EXISTS audit_seal_no_delete", "DELETE FROM audit_seal")
    assert "the database lacks a seal that the file has" in place.call("seal", code=1).output
    assert "seal 1 stands in the seals file and not in the database" in place.call("verify", code=1).output


def test_what_is_no_seal_at_the_end_of_the_file_stays_as_evidence(place):
    place.call("seal")
    file = place.file / "audit-seals.jsonl"
    place.call("verify")  # an event to seal
    file.write_bytes(file.read_bytes() + b"x" * 300)
    assert "the end of the seals file is not a seal" in place.call("seal", code=1).output
    assert file.read_bytes().endswith(b"x" * 300)


def test_a_period_without_end_is_a_period(place):
    assert "events" in place.call("export", "--since", "0001-01-01", "--until", "9999-12-31").stderr


def test_a_seal_over_a_rewritten_trail_is_made_and_reported(place):
    place.call("seal")
    place.tamper("DROP TRIGGER audit_event_no_update", "UPDATE audit_event SET hash = 'x' WHERE seq = 3")
    place.tamper("INSERT INTO audit_event SELECT 5, time, kind, actor, outcome, subject, detail, hash, 'y' "
                 "FROM audit_event WHERE seq = 1")  # fmt: skip
    told = place.call("seal", code=1).output
    assert "seal 2: events 4 to 5" in told
    assert "events 1 to 3 are not those that seal 1 was put on" in told


def test_a_disk_of_the_seals_that_does_not_answer_is_met_while_nobody_waits_for_the_lock(place, monkeypatch):
    def slow(_descriptor):
        place.tamper("DELETE FROM vault_item")  # a writer that would be refused if the lock were held
        raise OSError(errno.EIO, "quoted nowhere")

    monkeypatch.setattr(os, "fsync", slow)
    assert "the seals file cannot be written: Input/output error" in place.call("seal", code=1).output


@pytest.mark.parametrize("damage", ["truncated", "schema", "key-file", "no-database", "seals-file"])
def test_what_cannot_be_read_is_told_clearly_with_exit_code_3(place, damage):
    place.call("seal")
    database, seals = place.file / "cds.sqlite3", place.file / "audit-seals.jsonl"
    if damage == "truncated":
        place.close()  # what the log of SQLite holds goes into the file
        database.write_bytes(database.read_bytes()[: database.stat().st_size // 3])
        expected = "the database refused a read: SQLITE_CORRUPT"
    elif damage == "schema":  # SQLite quotes it in an error, which its driver then cannot read
        place.close()
        database.write_bytes(database.read_bytes().replace(b"CREATE TABLE account", b"CREATE TABL\xff account"))
        expected = "the database refused a read: UnicodeDecodeError"
    elif damage == "key-file":
        (place.folder / "keys.json").unlink()
        expected = "The key file is missing: put it back"
    elif damage == "no-database":
        place.close()
        database.unlink()
        expected = "There is no database where CDS_DATABASE_URL says: put it back"
    else:
        seals.unlink()
        seals.mkdir()
        expected = "the seals file cannot be read: Is a directory"
    told = place.call("verify", code=3).output
    assert f"cannot be verified: {expected}" in told
    assert (database.exists(), (place.folder / "keys.json").exists()) == (damage != "no-database", damage != "key-file")
    assert "Traceback" not in told


def test_a_patients_history_is_exported_by_the_id_in_the_ehr_with_a_reason_and_audited(place):
    asked = ("export", "--client", "ehr", "--reason", "patient-request")
    told = place.call(*asked, input="canary-1\n")
    resources = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
    assert len(resources) == 3, "the mint, the hook call, and this look-up"
    for resource in resources:
        r4.validate(resource)
        assert resource["entity"][0]["what"]["identifier"]["value"] == place.subject
    assert "canary" not in "".join(told.stdout.splitlines()[1:])
    rows = list(csv.DictReader(io.StringIO(place.call("export", "--format", "csv").stdout)))
    assert [row["kind"] for row in rows[-2:]] == ["vault-read", "audit-read"]
    assert json.loads(rows[-2]["detail"])["reason"] == "patient-request"
    assert (rows[-1]["subject"], rows[-1]["actor"]) == (place.subject, "operator")
    assert "knows no such patient" in place.call(*asked, "--patient", "canary-3", code=1).output


def test_a_period_is_exported_in_days_of_the_clinic_into_a_file(place, monkeypatch):
    monkeypatch.setenv("CDS_CLINIC_TIMEZONE", "Europe/Vienna")
    out = place.folder / "period.ndjson"
    told = place.call("export", "--since", "2031-05-08", "--until", "2031-05-08", "--format", "json", "--out", str(out))
    assert "1 events" in told.stderr
    assert [json.loads(line)["seq"] for line in out.read_text().splitlines()] == [3]
    assert out.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--subject", "subj-x", "--client", "ehr"),
        ("--patient", "canary-1"),
        ("--client", "ehr"),
        ("--client", "ehr", "--reason", "curiosity"),
        ("--subject", "subj-nope"),
        ("--since", "2031-05-09", "--until", "2031-05-08"),
    ],
)
def test_a_patient_is_named_one_way_and_with_a_reason(place, arguments):
    assert "canary" not in place.call("export", *arguments, code=2).output
