"""Files of past records: what cannot be read is told by place and reason, and costs only itself."""

import gzip
import json

import pytest

from cds_service.importing import sources
from cds_service.importing.manifest import check_manifest
from cds_service.importing.problems import Problems
from cds_service.importing.resources import Opener
from cds_service.importing.sources import Document, Reader, source_files
from tests.support.import_values import CANARY, ndjson, of, person, visit

LINE = json.dumps(person()).encode()


def read(*paths):
    problems = Problems()
    reader = Reader(source_files(paths), problems, lambda share: None)
    opener = Opener(problems)
    found = [f for document in reader.documents() for f in opener.resources(document)]
    return found, {(p.place, p.reason) for p in problems.listed}, reader, opener


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"resourceType": "Pat', "not-json"),
        (b'{"id": NaN, "resourceType": "Patient"}', "not-json"),
        (b'{"resourceType": "Patient", "id": "\\ud800"}', "not-json"),
        (b'["Patient"]', "not-an-object"),
        (b'{"resourceType": "Patient", "id": "p\xff"}', "not-utf8"),
        (b"[" * 100_000 + b"]" * 100_000, "too-deep"),
        (b'{"resourceType": "Patient", "id": "p9", "x": ' + b"[" * 70 + b"]" * 70 + b"}", "too-deep"),
        (b'{"resourceType": "Patience", "id": "p1"}', "unknown-type"),
        (b'{"resourceType": "Patient", "id": "../p1"}', "bad-id"),
        (b'{"resourceType": "Condition", "id": "c1"}', "no-patient"),
        (b'{"resourceType": "Condition", "id": "c1", "subject": {"reference": "Group/1"}}', "no-patient"),
        (b'{"resourceType": "Consent", "id": "c1"}', "unread-consent"),
        (b'{"resourceType": "OperationOutcome", "issue": []}', "server-error"),
        (b'{"output": 7}', "not-a-resource"),
    ],
)  # fmt: skip
def test_a_bad_line_costs_itself_and_is_told_by_its_place(tmp_path, line, reason):
    file = ndjson(tmp_path / "Patient.000.ndjson", person("p0"), raw=line + b"\n" + LINE + b"\n")
    found, problems, _, _ = read(file)
    assert [f.id for f in found] == ["p0", "p1"]
    assert problems == {("Patient.000.ndjson, line 2", reason)}


def test_marks_of_byte_order_line_ends_of_windows_and_empty_lines_do_no_harm(tmp_path):
    file = tmp_path / "Patient.ndjson"
    file.write_bytes(b"\xef\xbb\xbf" + LINE + b"\r\n\r\n" + json.dumps(visit()).encode() + b"\r\n")
    found, problems, _, _ = read(file)
    assert [f.type for f in found] == ["Patient", "Encounter"]
    assert not problems


def test_a_last_line_that_was_cut_off_is_told_as_such(tmp_path):
    file = ndjson(tmp_path / "Patient.ndjson", person(), raw=LINE[:40])
    assert read(file)[1] == {("Patient.ndjson, line 2", "truncated")}


def test_a_line_beyond_the_bound_is_not_held_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "MAX_LINE", 1000)
    file = ndjson(tmp_path / "Patient.ndjson", raw=b"x" * 5000 + b"\n" + LINE + b"\n")
    found, problems, _, _ = read(file)
    assert [f.id for f in found] == ["p1"]
    assert problems == {("Patient.ndjson, line 1", "too-long")}


def test_packed_files_are_read_and_one_that_was_cut_off_is_told(tmp_path):
    (tmp_path / "Patient.ndjson.gz").write_bytes(gzip.compress(LINE + b"\n"))
    many = b"".join(json.dumps(person(f"p{n}")).encode() + b"\n" for n in range(500))
    (tmp_path / "Patient.001.ndjson.gz").write_bytes(gzip.compress(many)[:-200])
    found, problems, reader, _ = read(tmp_path)
    assert "p1" in {f.id for f in found}
    assert ("Patient.001.ndjson.gz", "unreadable") in problems
    assert len(reader.hashes) == 2


def test_a_file_whose_name_may_be_a_patients_is_told_by_number(tmp_path):
    ndjson(tmp_path / f"{CANARY}_1.json", raw=b"{")
    _, problems, reader, _ = read(tmp_path)
    assert problems == {("file 1", "not-json")}
    assert CANARY not in str(reader.hashes)


def test_bundles_of_any_kind_are_opened_and_their_own_names_resolved(tmp_path):
    mine = {"reference": "urn:uuid:11111111-0000-0000-0000-000000000000"}
    me = {"resourceType": "Patient"}
    cough = {"resourceType": "Condition", "id": "c1", "subject": mine}
    entries = [{"fullUrl": mine["reference"], "resource": me}, {"resource": cough}, {"resource": 7}]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    found, problems, _, _ = read(ndjson(tmp_path / "a.json", bundle))
    assert {(f.type, f.patient) for f in found} == {
        ("Patient", "11111111-0000-0000-0000-000000000000"),
        ("Condition", "11111111-0000-0000-0000-000000000000"),
    }
    assert problems == {("file 1, entry 3", "not-a-resource")}


def test_a_label_of_a_bundle_is_one_of_all_its_parts(tmp_path):
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    bundle = {"resourceType": "Bundle", "type": "collection", "meta": {"security": [label]}}
    found, _, _, _ = read(ndjson(tmp_path / "a.ndjson", bundle | {"entry": [{"resource": person()}]}))
    assert json.loads(found[0].text)["meta"]["security"] == [label]


def test_references_of_another_base_name_the_same_patient(tmp_path):
    far = {"reference": "https://ehr.example/fhir/Patient/p1/_history/3"}
    found, _, _, _ = read(ndjson(tmp_path / "Condition.ndjson", of("p1", "Condition", "c1") | {"subject": far}))
    assert found[0].patient == "p1"


def test_a_manifest_names_the_files_that_did_not_come(tmp_path):
    ndjson(tmp_path / "Patient.ndjson", person())
    output = [{"type": t, "url": f"https://ehr.example/out/{t}.ndjson?x=1"} for t in ("Patient", "Condition")]
    problems = Problems()
    check_manifest(Document(place="file 1", value={"output": output}), source_files([tmp_path]), problems)
    assert [(p.place, p.reason) for p in problems.listed] == [("file 1, output 2", "missing-file")]


def test_whatever_is_wrong_among_consents_may_hide_an_opt_out(tmp_path):
    file = ndjson(tmp_path / "Consent.ndjson", of("p1", "Consent", "c1"), raw=b"{oh}\n")
    assert read(file)[1] == {("Consent.ndjson, line 2", "unread-consent")}


def test_types_that_are_not_read_are_counted(tmp_path):
    _, problems, _, opener = read(ndjson(tmp_path / "Claim.ndjson", of("p1", "Claim", "x1")))
    assert opener.passed_over == {"Claim": 1}
    assert not problems


@pytest.mark.parametrize(
    "broken",
    [
        {"id": "not_fhir"},
        {"patient": {"reference": "urn:uuid:7", "type": "Patient"}},
        {"text": json.loads("[" * 70 + "]" * 70)},
    ],
    ids=["bad-id", "patient-elsewhere", "too-deep"],
)
@pytest.mark.parametrize("bundled", [True, False])
def test_a_consent_that_cannot_be_used_may_be_an_opt_out_whatever_is_wrong_with_it(tmp_path, broken, bundled):
    consent = of("p1", "Consent", "c1") | broken
    resource = {"resourceType": "Bundle", "entry": [{"resource": consent}]} if bundled else consent
    found, problems, _, _ = read(ndjson(tmp_path / "all.ndjson", resource))
    assert not found
    assert {reason for _, reason in problems} == {"unread-consent"}


def test_a_file_called_after_consents_in_another_way_is_one_of_consents(tmp_path):
    ndjson(tmp_path / f"{CANARY} consents.ndjson", raw=b"{oh}\n")
    _, problems, reader, _ = read(tmp_path)
    assert problems == {("Consents (file 1), line 1", "unread-consent")}
    assert CANARY not in str(reader.hashes)


def test_a_name_that_is_no_type_of_fhir_is_not_told_and_hidden_folders_are_not_read(tmp_path):
    ndjson(tmp_path / "Ottoline.ndjson", raw=b"{oh}\n")
    ndjson(tmp_path / ".out.importing" / "journal.jsonl", person("p9"))
    found, problems, _, _ = read(tmp_path)
    assert not found
    assert problems == {("file 1, line 1", "not-json")}


def test_a_link_that_leads_nowhere_and_a_name_in_capitals_are_not_passed_over(tmp_path):
    (tmp_path / "Consent.ndjson").symlink_to(tmp_path / "gone")
    (tmp_path / "CONSENT.NDJSON.GZ").write_bytes(gzip.compress(b"{oh}\n"))
    assert read(tmp_path)[1] == {
        ("Consent.ndjson", "unread-consent"),
        ("Consents (file 1), line 1", "unread-consent"),
    }
