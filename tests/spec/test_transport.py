"""JSON over HTTP: forms, statuses and times (checklist sections A and D8)."""

import json
import time

import pytest

from cds_service.settings import Settings
from hooks.wire import decode
from tests.spec.calls import CALL, DISCOVERY, FEEDBACK, ask, critical
from tests.support.apps import app_of

BUDGET_S = 0.5

BAD_CALLS = [
    ("get", "/nowhere", {}, 404),
    ("get", CALL, {}, 405),
    ("post", f"{DISCOVERY}/no-such-service", {"json": {}}, 404),
    ("post", CALL, {"data": "{}", "content_type": "text/plain"}, 415),
    ("post", CALL, {"data": "{}"}, 415),
    ("post", CALL, {"data": "{", "content_type": "application/json"}, 400),
    ("post", CALL, {"data": "[]", "content_type": "application/json"}, 400),
    ("post", CALL, {"data": '{"a": 1,}', "content_type": "application/json"}, 400),
    ("post", CALL, {"data": '{"a": 1} // note', "content_type": "application/json"}, 400),
    ("post", CALL, {"json": {"hook": "order-sign"}}, 400),
    ("post", CALL, {"data": b"x" * 9_000_000, "content_type": "application/json"}, 413),
    ("post", FEEDBACK, {"json": {}}, 400),
    ("post", FEEDBACK, {"data": "x", "content_type": "application/xml"}, 415),
]


@pytest.fixture(scope="module")
def exchanges(app, answers):
    """The raw body of every kind of answer: discovery, cards, feedback, errors."""
    client = app.test_client()
    bodies = [client.get(DISCOVERY), client.post(CALL, json=critical())]
    bodies.append(client.post(FEEDBACK, json={"feedback": [{"card": "x"}]}))
    bodies += [getattr(client, method)(path, **options) for method, path, options, _ in BAD_CALLS]
    return [response.data for response in bodies] + [json.dumps(answer).encode() for answer in answers.values()]


@pytest.mark.requirement("A1", "A3")
def test_every_answer_is_one_strict_json_object(exchanges):
    for body in exchanges:
        assert decode(body)


@pytest.mark.requirement("A1")
def test_beyond_this_machine_clients_reach_the_service_by_tls_alone(tmp_path):
    assert Settings(data_dir=tmp_path, external_url="https://cds.clinic.example")
    with pytest.raises(ValueError, match="https"):
        Settings(data_dir=tmp_path, external_url="http://cds.clinic.example")


@pytest.mark.requirement("A1")
def test_where_clients_come_by_tls_browsers_are_told_to_stay_with_it(built):
    over_tls = app_of(built, external_url="https://cds.clinic.example").test_client()
    assert "max-age" in over_tls.get(DISCOVERY).headers["Strict-Transport-Security"]


@pytest.mark.requirement("A2")
def test_nothing_empty_is_sent(exchanges):
    def walk(value, name=None):
        if isinstance(value, dict):
            assert value
            for key, item in value.items():
                walk(item, key)
        elif isinstance(value, list):
            assert value or name == "cards"
            for item in value:
                walk(item)
        else:
            assert value is not None
            assert value != ""

    assert len(exchanges) > len(BAD_CALLS)
    for body in exchanges:
        walk(json.loads(body))


@pytest.mark.requirement("A4")
@pytest.mark.parametrize(
    "sent", ["application/json", "application/json;charset=utf-8", "Application/JSON; charset=UTF-8"]
)
def test_json_is_taken_and_sent(client, sent):
    response = client.post(CALL, data=json.dumps(critical()), content_type=sent)
    assert response.status_code == 200
    assert response.mimetype == "application/json"
    assert client.get(DISCOVERY).mimetype == "application/json"


@pytest.mark.requirement("A5")
def test_a_call_is_answered_within_half_a_second(client, answers):
    """The quickest of five: what the work takes, not what else this machine is doing."""
    body, taken = critical(), []
    for _ in range(5):
        start = time.perf_counter()
        ask(client, body)
        taken.append(time.perf_counter() - start)
    assert min(taken) < BUDGET_S


@pytest.mark.requirement("A6", "A7", "D8", "D9")
@pytest.mark.parametrize(("method", "path", "options", "status"), BAD_CALLS)
def test_every_error_says_by_its_status_and_an_operation_outcome_what_was_wrong(client, method, path, options, status):
    response = getattr(client, method)(path, **options)
    assert response.status_code == status
    assert response.mimetype == "application/json"
    assert response.json["resourceType"] == "OperationOutcome"
    (issue,) = response.json["issue"]
    assert issue["severity"] == "error"
    assert issue["code"]
    assert issue["diagnostics"]
