"""Opt-outs, holds and the vault by command, over a real database."""

import json

import pytest
from click.testing import CliRunner

from cds_service.cli import main
from tests.support.rights_values import consent
from tests.support.site import a_clinic

EHR = "https://ehr.example"
PATIENT = ("--client", EHR, "--patient", "canary-1")


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Runs a command and gives exit code and output."""
    a_clinic(tmp_path).recorder.database.close()
    monkeypatch.setenv("CDS_DATA_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("CDS_KEYS_FILE", str(tmp_path / "keys.json"))

    def run(*arguments, typed=None):
        result = CliRunner().invoke(main, list(arguments), input=typed)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    return run


def test_an_opt_out_is_added_listed_and_withdrawn(call):
    code, out = call("opt-out", "add", *PATIENT, "--reason", "patient-request", "--words", "A letter of Ottilie.")
    assert code == 0
    entry = out.split()[0]
    listed = call("opt-out", "list")[1]
    assert entry in listed
    assert "canary-1" not in listed + call("opt-out", "list", "--closed")[1]
    assert call("opt-out", "withdraw", entry)[0] == 0
    assert call("opt-out", "list")[1] == ""
    assert "withdrawn before" in call("opt-out", "withdraw", entry)[1]


def test_consents_are_imported_and_what_cannot_be_read_is_named_by_file_and_line(call, tmp_path):
    file = tmp_path / "consents.ndjson"
    file.write_text(f"{json.dumps(consent('canary-1', 'deny'))}\n{{\n", encoding="utf-8")
    code, out = call("opt-out", "import", str(file), "--client", EHR)
    assert code == 1
    assert "denies 1, unreadable 1" in out
    assert "consents.ndjson:2: not-json" in out
    assert "opted out: yes" in call("vault", "find", *PATIENT, "--reason", "complaint")[1]


def test_a_hold_keeps_a_patient_from_being_shredded_until_it_is_released(call):
    hold = call("hold", "add", *PATIENT, "--reason", "audit")[1].split()[0]
    assert hold in call("hold", "list")[1]
    shred = ("vault", "shred", *PATIENT, "--reason", "court-order")
    code, out = call(*shred, typed="canary-1\n")
    assert (code, "legal hold" in out) == (1, True)
    code, out = call("vault", "search", *PATIENT, "--reason", "complaint")
    assert (code, "FOUND in table vault_subject" in out) == (1, True)
    call("hold", "release", hold)
    assert "held patients: 0" in call("vault", "report")[1]
    code, out = call(*shred, typed="canary-2\n")
    assert (code, "differ" in out) == (1, True)
    code, out = call(*shred, typed="canary-1\n")
    assert code == 0
    assert "Nothing that leads back to the patient was found." in out
    assert "keys retire" in out
    assert "no such patient" in call("vault", "find", *PATIENT, "--reason", "complaint")[1]
    assert "Found in none" in call("vault", "search", *PATIENT, "--reason", "complaint")[1]
    assert "chain whole" in call("audit", "verify")[1]


def test_a_patient_id_that_is_not_given_is_asked_for(call):
    code, out = call("vault", "find", "--client", EHR, "--reason", "complaint", typed="canary-1\n")
    assert (code, "no such patient" in out) == (1, True)


def test_the_report_counts_what_is_kept(call):
    call("opt-out", "add", *PATIENT, "--reason", "patient-request", "--words", "x")
    kept = json.loads(call("vault", "report", "--json")[1])
    assert (kept["kind"], kept["count"]) == ("sealed note", 1)
    assert kept["first"] == kept["last"] > kept["newest"]
    assert call("vault", "clean")[0] == 0
