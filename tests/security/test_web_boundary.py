"""Who is let in, and what an error says: nothing of the request."""

import json
from datetime import UTC, datetime

import pytest

from cds_service.sample.chart import request_body
from cds_service.web import loopback

CALL = "/cds-services/patient-triage"


def test_a_direct_call_from_this_machine_is_answered(client):
    assert client.get("/cds-services").status_code == 200


@pytest.mark.parametrize("peer", ["10.0.0.5", "192.168.1.20", "8.8.8.8", "fe80::1"])
def test_another_machine_is_refused(client, peer):
    response = client.get("/cds-services", environ_overrides={"REMOTE_ADDR": peer})
    assert response.status_code == 403
    assert response.json["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("header", [*loopback.FORWARDING, "X-Forwarded-Ssl", "X-Original-URL"])
def test_a_forwarded_call_is_refused(client, header):
    assert client.get("/cds-services", headers={header: "127.0.0.1"}).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "["])
def test_a_foreign_host_header_is_refused(client, host):
    assert client.get("/cds-services", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:8080", "127.8.8.8"])
def test_a_local_host_header_is_answered(client, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("get", "/nowhere", {}, 404),
        ("get", CALL, {}, 405),
        ("post", "/cds-services/no-such-service", {"json": {}}, 404),
        ("post", CALL, {"data": "{}", "content_type": "text/plain"}, 415),
        ("post", CALL, {"data": "{", "content_type": "application/json"}, 400),
        ("post", CALL, {"json": {"hook": "order-sign"}}, 400),
        ("post", CALL, {"data": b"x" * 9_000_000, "content_type": "application/json"}, 413),
    ],
)
def test_every_error_is_an_operation_outcome(client, method, path, options, status):
    response = getattr(client, method)(path, **options)
    assert response.status_code == status
    assert response.json["resourceType"] == "OperationOutcome"
    assert response.json["issue"][0]["severity"] == "error"


def test_a_crash_is_a_5xx_with_an_event_id_and_no_value(app, built, monkeypatch, capfd):
    """Something unforeseen breaks: no card list comes back, and no value of the chart."""

    def broken(*args, **kwargs):
        raise RuntimeError("Rosalind Fictiva 00471193")

    monkeypatch.setattr("cds_service.cards.build", broken)
    response = app.test_client().post(CALL, json=request_body(datetime.now(UTC)))
    assert response.status_code == 500
    assert "cards" not in response.json
    assert "Event " in response.json["issue"][0]["diagnostics"]
    printed = capfd.readouterr()
    for canary in ("Fictiva", "00471193", "Traceback"):
        assert canary not in json.dumps(response.json)
        assert canary not in printed.out + printed.err


def test_security_headers_are_on_every_answer(client):
    for path in ("/cds-services", "/nowhere"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"
