"""The keys by command, over a real database and real files."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from cds_service.cli import main
from cds_service.ledger.chain import verify
from cds_service.ledger.database import open_database
from cds_service.ledger.keys import KeyFile
from cds_service.ledger.migrate import migrate
from cds_service.ledger.tables import audit_event
from cds_service.ledger.vault import Vault

NOW = datetime(2031, 5, 6, tzinfo=UTC)


class Place:
    """One clinic's files, with one patient in the vault, and the commands over them."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.env = folder, monkeypatch
        self.keys, self.master = folder / "config" / "keys.json", folder / "stick" / "master.json"
        monkeypatch.setenv("CDS_DATA_DIR", str(folder / "state"))
        monkeypatch.setenv("CDS_KEYS_FILE", str(self.keys))
        self.url = f"sqlite:///{folder / 'state' / 'cds.sqlite3'}"
        migrate(self.url)
        self.database = open_database(self.url)
        vault = Vault(KeyFile(self.keys).open())
        with self.database.transaction() as tx:
            subject = vault.subject_for(tx, tenant="ehr", patient_key="canary-1", now=NOW, actor="ehr")
            vault.store_snapshot(
                tx, subject=subject, payload={}, now=NOW, expires_at=NOW + timedelta(days=1), actor="ehr"
            )

    def call(self, *arguments, code=0):
        result = CliRunner().invoke(main, ["keys", *arguments])
        assert result.exit_code == code, result.output
        return result.output

    def acts(self):
        with self.database.transaction(write=False) as tx:
            assert verify(tx).problems == ()
            found = tx.execute(select(audit_event.c.detail).where(audit_event.c.kind == "key")).scalars()
            return [f"{d['purpose']} {d['act']}" for d in map(json.loads, found)]


@pytest.fixture
def place(tmp_path, monkeypatch):
    made = Place(tmp_path, monkeypatch)
    yield made
    made.database.close()


def test_rotate_all_and_retire_are_two_commands_and_every_step_is_audited(place):
    before = json.loads(place.keys.read_text())
    out = place.call("rotate", "all")
    assert [line.split()[0] for line in out.splitlines() if "moved" in line] == ["sealing", "index", "signing"]
    assert place.call("show").count("retired") == 3
    assert place.call("retire").count("destroyed") == 3
    now = json.loads(place.keys.read_text())
    assert all(now[name]["active"] != before[name]["active"] for name in ("sealing", "index", "signing"))
    assert now["hashing"] == before["hashing"]
    assert list(now["verifying"]) == [before["signing"]["active"]]
    assert "public key only" in place.call("show")
    assert "no retired key" in place.call("retire")
    assert "opens what the database holds" in place.call("check")
    acts = place.acts()
    assert acts[:4] == ["sealing rotate", "sealing in-use", "sealing moved", "sealing rotated"]
    assert acts[-6:] == [f"{name} {act}" for act in ("retire", "retired") for name in ("sealing", "index", "signing")]


def test_show_tells_no_key(place):
    secrets = [key for ring in json.loads(place.keys.read_text()).values() if isinstance(ring, dict) and "keys" in ring
               for key in ring["keys"].values()]  # fmt: skip
    assert len(secrets) == 4
    assert not any(secret in place.call("show") for secret in secrets)


def test_the_hashing_key_goes_only_with_a_yes(place):
    assert "--confirm" in place.call("rotate", "hashing", code=2)
    assert place.acts() == []
    place.call("rotate", "hashing", "--confirm")
    assert place.acts() == ["hashing rotate", "hashing in-use", "hashing rotated"]


def test_a_master_key_is_put_on_rotated_and_taken_away(place):
    place.call("wrap", code=2)
    place.env.setenv("CDS_MASTER_KEY_FILE", str(place.keys.parent / "master.json"))
    assert "protects nothing" in place.call("wrap", code=2)
    place.env.setenv("CDS_MASTER_KEY_FILE", str(place.master))
    assert "run cds-service keys wrap" in place.call("show", code=1)
    place.call("wrap")
    assert "wrapped with a master key" in place.call("show")
    first = place.master.read_text()
    assert "master" in place.call("rotate", "all")
    assert place.master.read_text() != first
    place.master.rename(place.folder / "away")
    assert "the master key file" in place.call("check", code=1)
    (place.folder / "away").rename(place.master)
    place.call("unwrap")
    place.env.delenv("CDS_MASTER_KEY_FILE")
    assert "is not set" in place.call("rotate", "master", code=1)
    assert "opens what the database holds" in place.call("check")
    assert {"master wrap", "master unwrap", "master rotated"} < set(place.acts())


def test_a_key_file_of_another_database_is_named_and_nothing_is_rotated(place):
    right = place.keys.read_bytes()
    place.keys.unlink()
    assert "which is gone" in place.call("check", code=1)
    assert "not the newest key file" in place.call("rotate", "all", code=1)
    assert place.acts() == []
    place.keys.write_bytes(right)
    place.call("check")
