"""Past records into the clinic's part of a training set: on the real gate, with opt-outs, labels, kills and resumes."""

import json
import multiprocessing
import os
import signal
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from anonymization.gate import Gate
from anonymization.policy import packaged_policy
from cds_service.bootstrap import open_recorder, stations_over
from cds_service.commands.import_work import POLICY, work_on
from cds_service.engines.processes import Processes
from cds_service.importing.books import ClinicBook
from cds_service.importing.errors import ImportRefused
from cds_service.importing.importer import Importer
from cds_service.importing.output import CLINIC_FILE, INPUTS_FILE, MANIFEST_FILE, SUMMARY_FILE
from cds_service.importing.records import Wanted
from cds_service.ledger.migrate import migrate
from cds_service.ledger.tables import audit_event, vault_export
from cds_service.rights.rights import Rights
from cds_service.settings import Settings
from cds_service.training.build.outside import clinic_examples
from tests.support.fhir_values import LOINC, coded, document, observation
from tests.support.import_values import (
    CANARY,
    NOW,
    counting,
    importer,
    level,
    ndjson,
    of,
    order,
    people_export,
    person,
    slowly,
    visit,
)

ONE = Processes()
VISIT = {"reference": "Encounter/e1"}
R = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}


@pytest.fixture(scope="module")
def work(built):
    gate = Gate(packaged_policy(POLICY), scrubber=built.gate._scrubber)
    settings = built.settings.model_copy(update={"gate_timeout_ms": 60_000})
    return work_on(stations_over(settings, gate, built.retriever), Wanted())


@pytest.fixture(scope="module")
def imported(work, tmp_path_factory):
    """One import of a few people on the real road: folder, and manifest."""
    home = tmp_path_factory.mktemp("import")
    told = f"Chest pain since breakfast, {CANARY} says. Call 907-278-1234. Seen by Dr. {CANARY} on 5/6/2031."
    note = document(told, at="2031-05-06T11:01:00Z", type=coded(LOINC, "54094-8"), id="n1", subject=_of("p1"))
    pulse = observation("8867-4", 148, "/min", ucum="/min", category="vital-signs", id="o1", subject=_of("p1"))
    late = document("Discharged with myocardial infarction.", at="2031-05-06T14:00:00Z", id="n2", subject=_of("p1"))
    outcome = of("p1", "Condition", "c9", encounter=VISIT, code={"text": "Myocardial infarction"})
    ndjson(home / "in" / "Patient.ndjson", person(), person("p2"), person("p3", meta={"security": [R]}), person("p4"))
    ndjson(
        home / "in" / "Encounter.000.ndjson",
        visit(reason=f"chest pain, {CANARY} reports"),
        visit("p2", "e2", reason="sore throat"),
        visit("p3", "e3", reason="cough"),
        visit("p4", "e4", reason="cough", meta={"security": [R]}),
        visit("p5", "e5"),
        raw=b"{half",
    )
    ndjson(home / "in" / "Observation.000.ndjson", level(2), pulse | {"effectiveDateTime": "2031-05-06T11:04:00Z"})
    ndjson(home / "in" / "DocumentReference.000.ndjson", note, late)
    ndjson(home / "in" / "Condition.ndjson", outcome)
    importer(ONE, lambda: work, home / "codes").run(order(home / "in", home / "out"))
    return home / "out"


def _of(patient):
    return {"reference": f"Patient/{patient}"}


def lines(folder, name=CLINIC_FILE):
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def told(folder):
    return json.loads((folder / MANIFEST_FILE).read_text())


# -- on the real road --------------------------------------------------------------------------------------------------


def test_a_visit_with_a_coded_level_is_an_example_that_data_build_reads(imported):
    problems = []
    (example,) = clinic_examples([imported / CLINIC_FILE], lambda *problem: problems.append(problem))
    assert not problems
    assert example.patient.startswith("rec-")
    assert '"priority":"High"' in example.assistant
    assert "chest pain" in example.user.lower()


def test_a_visit_without_a_level_is_an_input_and_no_target_is_made_up(imported):
    (line,) = lines(imported, INPUTS_FILE)
    assert line["reason"] == "no-level"
    assert [m["role"] for m in line["messages"]] == ["system", "user"]
    assert "sore throat" in line["messages"][1]["content"].lower()


def test_no_identifier_and_nothing_that_only_the_visit_showed_is_written(imported):
    written = " ".join(path.read_text() for path in imported.iterdir()).lower()
    for word in (CANARY, "ottoline", "278-1234", "5/6/2031", "2031-05-06", "p1", "infarction"):
        assert word.lower() not in written.replace("policy", ""), word


def test_labels_missing_patients_and_bad_lines_cost_themselves_and_are_told(imported):
    found = told(imported)
    assert found["outcomes"]["patient: restricted by a label, or larger than is looked through"] == 1
    assert found["outcomes"]["visit: restricted by a label"] == 1
    assert found["outcomes"]["patient: no Patient resource"] == 1
    assert found["problems"]["listed"] == [{"place": "Encounter.000.ndjson, line 6", "reason": "truncated"}]
    assert "Encounter.000.ndjson, line 6" in (imported / SUMMARY_FILE).read_text()


# -- kill and resume, without a gate -----------------------------------------------------------------------------------


def _killed(source, out, codes):
    importer(ONE, slowly, codes).run(order(source, out))


def test_a_killed_import_goes_on_and_gives_the_bytes_of_one_that_was_not(tmp_path):
    source, codes, out = people_export(tmp_path / "in"), tmp_path / "codes", tmp_path / "out"
    importer(ONE, counting, codes).run(order(source, tmp_path / "whole"))
    child = multiprocessing.get_context("fork").Process(target=_killed, args=(source, out, codes))
    child.start()
    journal = tmp_path / ".out.importing" / "journal.jsonl"
    deadline = time.monotonic() + 20
    while not (journal.exists() and journal.read_bytes().count(b"\n") > 5) and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    before = journal.read_bytes().count(b"\n")
    assert 5 < before < 60
    assert not out.exists()
    with journal.open("ab") as file:
        file.write(b'{"code": "rec-')
    worked = []
    importer(ONE, lambda: lambda p: worked.append(p.code) or counting()(p), codes).run(order(source, out, resume=True))
    assert len(worked) == 60 - before
    for name in (CLINIC_FILE, INPUTS_FILE):
        assert (out / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not journal.parent.exists()
    with pytest.raises(ImportRefused, match="finished"):
        importer(ONE, counting, codes).run(order(source, out, resume=True))


def breaking():
    def make(_):
        raise OSError(28, "No space left on device")

    return make


def test_a_disk_that_refuses_leaves_no_folder_no_scratch_and_can_be_gone_on_with(tmp_path):
    source, codes, out = people_export(tmp_path / "in", 5), tmp_path / "codes", tmp_path / "out"
    with pytest.raises(OSError, match="No space"):
        importer(ONE, breaking, codes).run(order(source, out))
    assert not out.exists()
    assert not list(tmp_path.rglob("scratch*"))
    with pytest.raises(ImportRefused, match="--resume"):
        importer(ONE, counting, codes).run(order(source, out))
    assert importer(ONE, counting, codes).run(order(source, out, resume=True)).clinic == 5


def test_an_output_without_a_name_of_its_own_is_refused(tmp_path):
    source = people_export(tmp_path / "in", 1)
    with pytest.raises(ImportRefused, match="name of its own"):
        importer(ONE, counting, tmp_path / "codes").run(order(source, Path()))


def test_files_that_changed_meanwhile_refuse_to_go_on(tmp_path):
    source, codes, out = people_export(tmp_path / "in", 5), tmp_path / "codes", tmp_path / "out"
    with pytest.raises(OSError):
        importer(ONE, breaking, codes).run(order(source, out))
    patients = source / "Patient.ndjson"
    patients.write_bytes(patients.read_bytes().replace(b"female", b"femals"))
    with pytest.raises(ImportRefused, match="changed"):
        importer(ONE, counting, codes).run(order(source, out, resume=True))


def test_another_client_does_not_go_on_with_an_import(tmp_path):
    source, codes, out = people_export(tmp_path / "in", 5), tmp_path / "codes", tmp_path / "out"
    with pytest.raises(OSError):
        importer(ONE, breaking, codes).run(replace(order(source, out), client="ehr"))
    for other in ("another", None):
        with pytest.raises(ImportRefused, match="not those with which the import was begun"):
            importer(ONE, counting, codes).run(replace(order(source, out, resume=True), client=other))


# -- opt-outs ----------------------------------------------------------------------------------------------------------


def denial(patient, name="d1"):
    scope = coded("http://terminology.hl7.org/CodeSystem/consentscope", "research")
    provision = {"type": "deny"}
    return of(patient, "Consent", name, status="active", scope=scope, provision=provision, dateTime="2031-01-01")


def test_a_consent_that_denies_keeps_its_patient_out(tmp_path):
    source = people_export(tmp_path / "in", 5)
    ndjson(source / "Consent.ndjson", denial("q3"))
    done = importer(ONE, counting, tmp_path / "codes").run(order(source, tmp_path / "out"))
    assert (done.opted_out, done.clinic) == (1, 4)


def test_a_consent_of_nobody_stops_the_import_unless_told_otherwise(tmp_path):
    source = people_export(tmp_path / "in", 3)
    ndjson(source / "Consent.ndjson", raw=b"{}\n")
    run = importer(ONE, counting, tmp_path / "codes").run
    with pytest.raises(ImportRefused, match=r"Consent\.ndjson, line 1"):
        run(order(source, tmp_path / "out"))
    assert run(order(source, tmp_path / "out", resume=True, despite_unread_consents=True)).clinic == 3


@pytest.fixture
def clinic(tmp_path):
    settings = Settings(data_dir=tmp_path / "state", keys_file=tmp_path / "keys.json", model="none")
    migrate(settings.database)
    recorder = open_recorder(settings)
    yield recorder.database, recorder.vault, Rights(recorder.database, recorder.vault, settings)
    recorder.database.close()


def test_with_the_clinics_database_opt_outs_hold_codes_are_the_vaults_and_all_is_audited(tmp_path, clinic):
    database, vault, rights = clinic
    source = people_export(tmp_path / "in", 6)
    ndjson(source / "Consent.ndjson", denial("q3"))
    rights.opt_out("ehr", "q1", reason="patient-request", actor="user:test", now=NOW)
    late = []

    def work():
        def make(patient):
            if not late:
                late.append(rights.opt_out("ehr", "q5", reason="patient-request", actor="user:test", now=NOW))
            return counting()(patient)

        return make

    book = partial(ClinicBook, database, vault, rights, client="ehr", actor="operator")
    done = Importer(ONE, work, lambda _: book(), clock=lambda: NOW, show=lambda *_: None).run(
        order(source, tmp_path / "out")
    )
    assert (done.opted_out, done.clinic) == (3, 3)  # by the list, by a Consent, and while the import went on
    with database.transaction(write=False) as tx:
        exports = set(tx.execute(select(vault_export.c.export)).scalars())
        events = tx.execute(select(audit_event.c.detail).where(audit_event.c.kind == "import")).scalars().all()
    assert exports == {done.id}
    assert [d["act"] for d in map(json.loads, events) if d["what"] == "records"] == ["begun", "done"]
    assert not [d for d in events if "q1" in d]
