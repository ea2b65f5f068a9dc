"""Nothing in a folder is left out, each trial is what it says, and a faulty answer is told from a clean refusal."""

import gzip
import json
import lzma
import uuid

import pytest

from cds_service.evaluation import files
from cds_service.evaluation.trials import NOBODY, Answer, Row, Trial, faults, trials
from hooks.wire import decode, parse_request
from tests.support.fhir_values import bundle, condition, patient

REQUEST = {
    "hook": "order-sign",
    "hookInstance": str(uuid.uuid4()),
    "context": {"userId": "Practitioner/1", "patientId": "Patient/p1", "draftOrders": bundle(condition("draft"))},
    "prefetch": {"patient": patient(), "conditions": bundle(condition())},
}


@pytest.fixture
def posted(tmp_path):
    """Ways and bodies of all trials of one file."""

    def make(content, name="area/file.json", **more):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return [(t.name.split(" ", 2)[2], t.body) for t in trials(tmp_path, path, **more)]

    return make


def call(body):
    """Patient id and prefetch of a good patient-view."""
    request = parse_request(decode(body))
    assert request.hook == "patient-view"
    return request.context["patientId"], dict(request.prefetch)


@pytest.mark.parametrize("broken", [b"{", b'{"a": NaN, "a": 1}', b"\xff", b'{"hook": "x"} trailing'])
def test_what_is_no_good_request_is_posted_as_it_is(posted, broken):
    assert posted(broken) == [("as it is", broken)]


def test_a_request_of_any_hook_is_posted_as_it_is_and_its_chart_in_a_patient_view(posted):
    (way, body), (view, wrapped), *inside = posted(REQUEST)
    assert (way, json.loads(body)) == ("as it is", REQUEST)
    assert (view, call(wrapped)) == ("as patient-view", ("Patient/p1", REQUEST["prefetch"]))
    assert [name for name, _ in inside] == [
        "Bundle in patient-view", "Patient in patient-view", "Bundle in patient-view",
    ]  # fmt: skip


def test_a_request_without_its_patient_gets_a_bare_one(posted):
    wrapped = posted(REQUEST | {"prefetch": {"conditions": bundle(condition())}})[1][1]
    assert call(wrapped)[1]["patient"] == {"resourceType": "Patient", "id": "p1"}


def test_a_resource_is_sent_under_its_key_beside_the_patient_whom_it_names(posted):
    ((way, body),) = posted(condition())
    assert way == "Condition in patient-view"
    assert call(body) == ("p1", {"patient": {"resourceType": "Patient", "id": "p1"}, "conditions": condition()})


def test_a_patient_is_the_patient(posted):
    ((_, body),) = posted(patient(id="someone"))
    assert call(body) == ("someone", {"patient": patient(id="someone")})


def test_a_resource_about_nobody_gets_a_fictional_patient(posted):
    ((_, body),) = posted({"resourceType": "Practitioner", "id": "x"})
    assert call(body)[0] == NOBODY


def test_a_bundle_is_sent_once_for_each_patient_and_with_each_its_entries_too(posted):
    two = bundle(patient(id="a"), patient(id="b"), condition())
    assert [call(body)[0] for _, body in posted(two)] == ["a", "b"]
    assert len(posted(two, each=True)) == 5


def test_all_documents_of_a_file_are_posted(posted):
    one, other = json.dumps(condition()).encode(), json.dumps({"hook": "x"}).encode()
    for name, content in {
        "a/two.json": one + b" \n" + other,
        "a/lines.jsonl": one + b"\n{broken\n" + other,
        "a/lines.ndjson.xz": lzma.compress(one + b"\n" + other),
        "a/lines.jsonl.gz": gzip.compress(one + b"\n" + other),
    }.items():
        assert [way for way, _ in posted(content, name)] == ["as it is", "Condition in patient-view"], name


def test_only_files_of_json_are_found(tmp_path):
    for name in ("a.json", "b.ndjson.xz", "c.jsonl.gz", "d.csv", "e.md", "f.json.txt", "g.zip.xz"):
        (tmp_path / name).write_bytes(b"")
    assert [p.name for p in files.find(tmp_path)] == ["a.json", "b.ndjson.xz", "c.jsonl.gz"]
    assert list(files.read(tmp_path / "b.ndjson.xz")) == []


CARD = {"uuid": str(uuid.uuid4()), "summary": "s", "indicator": "info", "source": {"label": "l"}}
OUTCOME = b'{"resourceType": "OperationOutcome"}'


@pytest.mark.parametrize(
    ("status", "media_type", "body", "fine"),
    [
        (200, "application/json", b'{"cards": []}', True),
        (200, "application/json", json.dumps({"cards": [CARD]}).encode(), True),
        (200, "application/json", json.dumps({"cards": [CARD | {"indicator": "hard-stop"}]}).encode(), False),
        (200, "application/json", json.dumps({"cards": [CARD | {"detail": "<b>x</b>"}]}).encode(), False),
        (200, "application/json", b"[]", False),
        (200, "application/json", b"{", False),
        (200, "text/html", b'{"cards": []}', False),
        (400, "application/json", OUTCOME, True),
        (412, "application/json", OUTCOME, True),
        (400, "application/json", b'{"error": "bad"}', False),
        (302, "application/json", b"", False),
        (500, "application/json", OUTCOME, False),
        (503, "application/json", OUTCOME, False),
    ],
)
def test_a_faulty_answer_is_told_from_a_clean_refusal(status, media_type, body, fine):
    assert (faults(status, media_type, body) == ()) is fine


def test_a_row_counts_every_answer_and_keeps_the_faulty_ones():
    row = Row(folder="f")
    for number, (status, found) in enumerate(
        [(200, ()), (200, ("bad",)), (400, ()), (500, ("server error",)), (None, ("late",))]
    ):
        row.add(
            Answer(
                trial=Trial(folder="f", name=str(number), body=b""), status=status, milliseconds=number, faults=found
            )
        )
    figures = row.as_json()
    assert (figures["tried"], figures["statuses"]) == (5, {"200": 2, "400": 1, "500": 1})
    assert (figures["timeouts"], figures["invalid"], figures["slowest_ms"]) == (1, 1, 4)
    assert [f["name"] for f in figures["faulty"]] == ["1", "3", "4"]
