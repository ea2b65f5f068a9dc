"""When something breaks, that is said, and nothing of the call is (checklist sections F-d, X6, X7, E7)."""

import json
import subprocess
import sys

import pytest
from sqlalchemy import select

from cds_service.ledger.tables import metadata
from tests.spec.calls import CALL, FEEDBACK, accepted, critical

WORDS = ("Zanzibarina", "1931-01-31", "00777331", "token-canary", "header-canary", "scope-canary")
"""Seeded into name, birth date, record number, tokens, headers and scope of a call."""


def seeded():
    body = critical()
    body["prefetch"]["patient"] |= {
        "name": [{"family": "Zanzibarina", "given": ["Zanzibarina"]}],
        "birthDate": "1931-01-31",
        "identifier": [{"system": "urn:mrn", "value": "00777331"}],
    }
    body["prefetch"]["encounter"]["reasonCode"] = [{"text": "Zanzibarina 00777331 is short of breath"}]
    body["fhirServer"] = "https://ehr.example.org/fhir"
    body["fhirAuthorization"] = {
        "access_token": "token-canary",
        "token_type": "Bearer",
        "expires_in": 300,
        "scope": "patient/scope-canary.rs",
        "subject": "s",
    }
    return body


HEADERS = {"Authorization": "Bearer token-canary", "User-Agent": "header-canary", "X-Request-Id": "header-canary"}


def found(text):
    return [word for word in WORDS if word.lower() in text.lower()]


@pytest.fixture
def broken(built, monkeypatch):
    """The service with something unforeseen going wrong, whose message quotes the chart."""

    def fail(*args, **kwargs):
        raise RuntimeError("Zanzibarina 00777331")

    monkeypatch.setattr("cds_service.cards.build", fail)


@pytest.mark.requirement("K1", "A7")
def test_a_crash_is_a_5xx_with_an_event_id_and_no_cards(client, broken):
    response = client.post(CALL, json=critical())
    assert response.status_code == 500
    assert response.json["resourceType"] == "OperationOutcome"
    assert "Event " in response.json["issue"][0]["diagnostics"]
    assert "cards" not in response.json


@pytest.mark.requirement("X6", "X7")
def test_a_crash_shows_neither_trace_nor_word_of_the_call(client, broken, capfd):
    response = client.post(CALL, json=seeded(), headers=HEADERS)
    printed = capfd.readouterr()
    event = response.json["issue"][0]["diagnostics"].rsplit(" ", 1)[1].rstrip(".")
    assert event in printed.out + printed.err, "the log must hold the event for this test to mean anything"
    for shown in (response.text, printed.out + printed.err):
        assert found(shown) == []
        assert "Traceback" not in shown
        assert ".py" not in shown


@pytest.mark.requirement("X6", "X7")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CALL, b'{"hook": "Zanzibarina 00777331", "hook": 1}'),
        (CALL, b"Zanzibarina 00777331"),
        (CALL, json.dumps(seeded() | {"hook": "Zanzibarina"}).encode()),
        (CALL, json.dumps(seeded() | {"context": {"userId": "Zanzibarina", "patientId": "00777331"}}).encode()),
        (CALL, json.dumps(seeded() | {"prefetch": {"Zanzibarina": {"resourceType": "Zanzibarina"}}}).encode()),
        (FEEDBACK, json.dumps({"feedback": [{"card": "Zanzibarina", "outcome": "00777331"}]}).encode()),
        ("/cds-services/Zanzibarina", b"{}"),
        ("/Zanzibarina", b"{}"),
    ],
    ids=["twice", "no json", "hook", "context", "prefetch", "feedback", "service", "path"],
)
def test_a_refusal_repeats_nothing_of_the_call(client, capfd, path, body):
    response = client.post(path, data=body, content_type="application/json", headers=HEADERS)
    assert 400 <= response.status_code < 500
    printed = capfd.readouterr()
    assert found(response.text + printed.out + printed.err) == []
    assert "Traceback" not in response.text


@pytest.mark.requirement("E7", "X6")
def test_a_good_call_leaves_no_word_of_it_in_the_log_and_its_token_nowhere(client, built, capfd):
    answer = client.post(CALL, json=seeded(), headers=HEADERS)
    assert answer.status_code == 200
    card = answer.json["cards"][0]
    report = accepted(card, outcome="overridden", overrideReason={"userComment": "Zanzibarina"})
    assert client.post(FEEDBACK, json={"feedback": [report]}).status_code == 200
    printed = capfd.readouterr()
    assert found(printed.out + printed.err) == []
    with built.recorder.database.transaction(write=False) as tx:
        rows = [str(tuple(row)) for table in metadata.sorted_tables for row in tx.execute(select(table))]
    assert any(card["uuid"] in row for row in rows), "the ledger must hold the answer for this test to mean anything"
    assert found(" ".join(rows)) == []
    assert found(answer.text) == []


@pytest.mark.requirement("X6")
def test_of_a_library_s_message_only_the_library_s_name_is_logged():
    script = (
        "import logging; from cds_service import logs; logs.configure();"
        "logging.getLogger('some.library').error('cannot read %s', 'Zanzibarina')"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "some.library" in printed.stderr
    assert found(printed.stdout + printed.stderr) == []
