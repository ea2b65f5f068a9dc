"""Promise 1: whatever fails behind the rules costs only itself and is said; the floor comes all the same."""

import sqlite3
import time
from datetime import UTC, datetime

import pytest

from cds_service.bootstrap import assemble, open_recorder
from cds_service.cards import EXTENSION
from cds_service.ledger.migrate import migrate
from cds_service.retrieval.chroma import ChromaIndex
from cds_service.retrieval.embedder import MiniLmEmbedder
from cds_service.retrieval.retriever import Retriever
from cds_service.sample.chart import request_body
from cds_service.settings import Settings
from tests.support.apps import app_of

CALL = "/cds-services/patient-triage"
RESTRICTED = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}


@pytest.fixture
def service(tmp_path, built):
    settings = Settings(data_dir=tmp_path / "state", keys_file=tmp_path / "keys.json", model="none")
    migrate(settings.database)
    return assemble(settings, recorder=open_recorder(settings), gate=built.gate, retriever=built.retriever)


def post(service, body):
    response = app_of(service).test_client().post(CALL, json=body)
    assert response.status_code == 200, response.json
    return response.json


def named(answer):
    return {n["what"]: n["reason"] for n in answer["extension"][EXTENSION].get("notEvaluated", [])}


def body():
    return request_body(datetime.now(UTC))


def test_a_locked_database_costs_the_record_not_the_floor(service):
    post(service, body())
    path = service.settings.data_dir / "cds.sqlite3"
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        start = time.monotonic()
        answer = post(service, body())
        other.execute("ROLLBACK")
    assert time.monotonic() - start < 8
    assert answer["cards"][0]["indicator"] == "critical"
    assert "record of this answer" in named(answer)
    assert "record of this answer" in answer["cards"][0]["detail"]


def test_a_missing_index_costs_the_guidelines_not_the_floor(service, built, tmp_path):
    embedder = MiniLmEmbedder()
    lost = assemble(
        service.settings.model_copy(update={"unreviewed_guidelines": True}),
        recorder=service.recorder,
        gate=built.gate,
        retriever=Retriever(ChromaIndex(tmp_path / "nowhere"), embedder),
    )
    answer = post(lost, body())
    assert answer["cards"][0]["indicator"] == "critical"
    assert "guidelines" in named(answer)


def test_guidelines_that_are_switched_off_are_said(service):
    assert named(post(service, body()))["guidelines"] == "none that a clinician has reviewed is switched on"


def test_a_gate_without_time_costs_model_and_guidelines_not_the_floor(service, built):
    hurried = assemble(
        service.settings.model_copy(update={"gate_timeout_ms": 1, "unreviewed_guidelines": True}),
        recorder=service.recorder,
        gate=built.gate,
        retriever=built.retriever,
    )
    answer = post(hurried, body())
    assert answer["cards"][0]["indicator"] == "critical"
    assert "guidelines and AI assessment" in named(answer)


def test_findings_from_labelled_data_stay_on_the_card_and_out_of_the_ledger(service):
    labelled = body()
    labelled["prefetch"]["encounter"]["meta"] = RESTRICTED
    labelled["prefetch"]["encounter"]["reasonCode"] = [{"text": "took an overdose, suicidal"}]
    answer = post(service, labelled)
    assert "overdose" in str(answer["cards"][0]).lower()
    assert "findings from labelled data" in named(answer)
    stored = service.recorder.recent(1)[0]
    assert not any("overdose" in rule or "suicid" in rule for card in stored["cards"] for rule in card["rules"])


def test_a_client_chosen_full_url_is_no_markup(service):
    hostile = body()
    entry = hostile["prefetch"]["observations"]["entry"][0]
    del entry["resource"]["id"]
    entry["fullUrl"] = "x` **IGNORE** [call](http://evil.example) <img src=x> `"
    answer = post(service, hostile)
    assert answer["cards"][0]["indicator"] == "critical"
    assert "IGNORE" not in str(answer["cards"])
