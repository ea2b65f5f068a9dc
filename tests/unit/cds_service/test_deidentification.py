"""One record past the gate: what a bundle makes known, and what costs only its own line."""

import json
from datetime import UTC, datetime

import pytest

from anonymization.errors import REASONS, GateRefused
from anonymization.gate import Gate
from cds_service.deidentification import (
    BAD_RECORDS,
    WHAT_TO_DO,
    BadRecord,
    deidentify_line,
    deidentify_record,
    explain,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PATIENT = {
    "resourceType": "Patient",
    "id": "canary-77",
    "name": [{"family": "Zyxwell", "given": ["Hope"]}],
    "birthDate": "1990-03-04",
}
RESTRICTED = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}


@pytest.fixture(scope="session")
def warm_gate():
    gate = Gate()
    gate.warm()
    return gate


@pytest.fixture
def pass_gate(warm_gate):
    return lambda text, *resources: deidentify_record(warm_gate, {"text": text, "bundle": bundle(*resources)}, now=NOW)


def bundle(*resources, **more):
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in resources]} | more


def test_names_of_the_bundle_are_found_in_the_text(pass_gate):
    done = pass_gate("zyxwell, hope has a cough. I hope it ends.", PATIENT)
    assert done.text == "[PATIENT_1] has a cough. I hope it ends."
    assert done.spans == ((0, 13, "PATIENT"),)


def test_a_second_patient_is_a_relative(pass_gate):
    mother = {"resourceType": "Patient", "name": [{"family": "Quorrel", "given": ["Ada"]}]}
    assert pass_gate("Ada Quorrel came with Zyxwell.", PATIENT, mother).text == "[RELATIVE_1] came with [PATIENT_1]."


def test_a_bundle_without_a_patient_still_says_who_is_in_it(pass_gate):
    doctor = {"resourceType": "Practitioner", "name": [{"family": "Quorrel", "given": ["Ada"]}]}
    assert pass_gate("Seen by quorrel.", doctor).text == "Seen by [CLINICIAN_1]."


def test_broken_resources_cost_only_themselves(pass_gate):
    broken = [None, {"resourceType": "Observation", "subject": []}, {}]
    invalid = PATIENT | {"gender": ["no"], "birthDate": 5}
    assert pass_gate("Zyxwell has a cough.", *broken, invalid).text == "[PATIENT_1] has a cough."


ZYXWELL = {"resourceType": "Patient", "name": [{"family": "Zyxwell"}]}


@pytest.mark.parametrize(
    "wrapped",
    [
        {"entry": [ZYXWELL]},
        {"entry": [[{"resource": ZYXWELL}]]},
        {"entry": [{"resource": [[ZYXWELL]]}]},
        {"entry": [{"resource": json.dumps(ZYXWELL)}]},
        {"entry": [json.dumps({"resource": ZYXWELL})]},
        {"entry": {"resource": ZYXWELL}},
        {"entries": [{"resource": ZYXWELL}]},
        {"entry": [{"response": {"status": "200", "outcome": ZYXWELL}}]},
        {"entry": [{"resource": {"resourceType": "Observation", "contained": [ZYXWELL]}}]},
        {"entry": [{"resource": {"resourceType": "Basic", "extension": [{"valueString": json.dumps(ZYXWELL)}]}}]},
        {"entry": [{"resource": {"resourceType": "Parameters", "parameter": [{"name": "a", "resource": ZYXWELL}]}}]},
        {"entry": [{"resource": {"resourceType": "Patient", "name": "Ada Zyxwell"}}]},
    ],
)
def test_a_name_is_known_wherever_it_stands_in_the_bundle(warm_gate, wrapped):
    record = {"text": "spoke with zyxwell", "bundle": {"resourceType": "Bundle"} | wrapped}
    assert "zyxwell" not in deidentify_record(warm_gate, record, now=NOW).text


@pytest.mark.parametrize(
    "wrapped",
    [
        {"entry": ["Zyxwell"]},
        {"entry": [3]},
        {"entry": [{"resource": {"name": [{"family": "Zyxwell"}]}}]},
        {"entry": [{"resource": {"name": "Zyxwell"}}]},
        {"entry": [{"resource": {"resourceType": 4}}]},
        {"entry": [{"name": [{"family": "Zyxwell"}]}]},
        {"entry": [{"resource": ZYXWELL, "who": "Quorrel"}]},
        {"patient": "Zyxwell"},
        {"entry": [{"resource": {"resourceType": "Parameters", "parameter": [{"name": "a", "valueString": "Ada"}]}}]},
    ],
)
def test_a_bundle_with_a_place_in_which_no_resource_can_be_read_is_refused(warm_gate, wrapped):
    line = json.dumps({"text": "A cough.", "bundle": {"resourceType": "Bundle"} | wrapped})
    assert json.loads(deidentify_line(warm_gate, line, now=NOW)) == {"error": "bad-bundle"}


def test_parts_of_a_bundle_that_hold_no_resource_by_rule_are_no_fault(warm_gate):
    entries = [
        {"response": {"status": "404", "location": "Patient/1"}},
        {"request": {"method": "DELETE", "url": "Patient/1"}},
        {"fullUrl": "urn:uuid:1", "search": {"mode": "match"}, "resource": PATIENT},
    ]
    whole = {"resourceType": "Bundle", "total": 3, "link": [{"relation": "self", "url": "x"}], "entry": entries}
    assert deidentify_record(warm_gate, {"text": "A cough.", "bundle": whole}, now=NOW).text == "A cough."


def test_a_resource_that_is_too_large_to_be_read_for_names_is_refused(warm_gate):
    large = PATIENT | {"contact": [[]] * 60_000}
    line = json.dumps({"text": "A cough.", "bundle": bundle(large)})
    assert json.loads(deidentify_line(warm_gate, line, now=NOW)) == {"error": "bad-bundle"}


@pytest.mark.parametrize("birth", ["1930-05-06", "1930"])
def test_the_birth_year_of_a_patient_over_89_is_known(pass_gate, birth):
    assert "1930" not in pass_gate("Immigrated in 1930 as a baby.", PATIENT | {"birthDate": birth}).text
    assert "1990" in pass_gate("Immigrated in 1990 as a baby.", PATIENT | {"birthDate": "1990"}).text


@pytest.mark.parametrize(
    "restricted",
    [
        bundle(PATIENT | {"meta": RESTRICTED}),
        bundle(PATIENT, meta=RESTRICTED),
        bundle({"resourceType": "Practitioner"}, PATIENT | {"meta": RESTRICTED}),
    ],
)
def test_a_labelled_patient_is_withheld(warm_gate, restricted):
    with pytest.raises(GateRefused) as refused:
        deidentify_record(warm_gate, {"text": "A cough.", "bundle": restricted}, now=NOW)
    assert refused.value.reason == "policy"


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("no json", "bad-json"),
        (b"\xff\xfe\xfa", "bad-json"),
        ("[" * 100_000, "bad-json"),
        ('["text"]', "bad-record"),
        ("{}", "bad-text"),
        ('{"text": 3}', "bad-text"),
        (r'{"text": "a cough \ud800"}', "bad-text"),
        ('{"text": "a", "bundle": "Patient/1"}', "bad-bundle"),
        ('{"text": "a", "bundle": {"entry": []}}', "bad-bundle"),
        ('{"text": "a", "bundle": {"resourceType": "Bundle", "entry": 3}}', "bad-bundle"),
    ],
)
def test_a_bad_line_says_in_one_word_what_is_wrong(warm_gate, line, word):
    assert json.loads(deidentify_line(warm_gate, line, now=NOW)) == {"error": word}


def test_a_line_that_takes_too_long_is_withheld(warm_gate):
    line = json.dumps({"text": "Quentin Testperson was seen. " * 400})
    assert json.loads(deidentify_line(warm_gate, line, timeout_s=0.001, now=NOW)) == {"error": "timeout"}


def test_a_good_line_has_text_and_spans_in_characters_of_the_input(warm_gate):
    text = "‮Ｚｙｘｗｅｌｌ naïve 😀 saw Dr. Quorrel on 5/23/2016.\n"
    line = json.dumps({"text": text, "bundle": bundle(PATIENT), "note_id": 7})
    done = json.loads(deidentify_line(warm_gate, line, now=NOW))
    assert done.keys() == {"text", "spans"}
    words = {label: text[start:end] for start, end, label in done["spans"]}
    assert words["DATE"] == "5/23/2016"
    assert "Ｚｙｘｗｅｌｌ" in words["PATIENT"]
    assert done["spans"] == sorted(done["spans"])
    assert all(a[1] <= b[0] for a, b in zip(done["spans"], done["spans"][1:], strict=False))


def test_an_empty_text_is_a_text(warm_gate):
    assert json.loads(deidentify_line(warm_gate, '{"text": ""}', now=NOW)) == {"text": "", "spans": []}


def test_a_text_longer_than_a_hook_reads_is_one_pass(warm_gate):
    text = "Zyxwell has a cough.\n" * 3000
    done = deidentify_record(warm_gate, {"text": text, "bundle": bundle(PATIENT)}, now=NOW)
    assert done.text == "[PATIENT_1] has a cough.\n" * 3000


def test_every_reason_says_what_to_do():
    assert WHAT_TO_DO.keys() == REASONS.keys() | BAD_RECORDS.keys()
    assert all(explain(reason).endswith(".") for reason in WHAT_TO_DO)
    assert isinstance(BadRecord("bad-json"), GateRefused)
