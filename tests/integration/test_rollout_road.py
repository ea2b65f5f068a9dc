"""The roll-out on the road: what runs in shadow is computed and recorded, and told to nobody."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from cds_service.assessor import AssessmentTask
from cds_service.bootstrap import assemble, open_recorder
from cds_service.cards import EXTENSION
from cds_service.errors import StoreError
from cds_service.ledger.migrate import migrate
from cds_service.ledger.queries import recent_answers
from cds_service.ledger.tables import answer, audit_event, notification, review_case
from cds_service.ledger.tables import roll_out as table
from cds_service.rollout.change import Change, NewPlace
from cds_service.rollout.stages import MODEL, SERVICE, Stage, rule_part
from cds_service.settings import Settings
from tests.support.apps import app_of
from tests.support.fhir_values import bundle, encounter, observation, patient

CALL = "/cds-services/patient-triage"
NOW = datetime.now(UTC)
WARD = NewPlace(reference="Location/ward-7", label="ward")


def body(*, user="Practitioner/one", location="Location/ward-7"):
    """A patient who breathes fast: a High or Critical floor."""
    at = (NOW - timedelta(minutes=10)).isoformat(timespec="seconds")
    breathing = observation("9279-1", 34, "/min", ucum="/min", at=at, category="vital-signs")
    visit = encounter(start=at, location=[{"location": {"reference": location}}])
    named = patient()
    return {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": user, "patientId": named["id"], "encounterId": visit["id"]},
        "prefetch": {"patient": named, "encounter": visit, "observations": bundle(breathing, kind="searchset")},
    }


@pytest.fixture
def service(tmp_path, built):
    settings = Settings(data_dir=tmp_path / "state", keys_file=tmp_path / "keys.json", model="none")
    migrate(settings.database)
    return assemble(settings, recorder=open_recorder(settings), gate=built.gate, retriever=built.retriever)


@pytest.fixture
def client(service):
    return app_of(service).test_client()


def roll_out(service, part, stage, *places):
    service.recorder.roll_out.change(
        Change(part=part, stage=stage, why="a test of the road", add=places, confirmed=True), actor="test", now=NOW
    )


def ask(client, **fields):
    answer = client.post(CALL, json=body(**fields))
    assert answer.status_code == 200
    return answer.json["cards"], answer.json["extension"][EXTENSION]


def shown_events(service):
    with service.recorder.database.transaction(write=False) as tx:
        return tx.execute(select(audit_event.c.kind).where(audit_event.c.kind == "card-shown")).all()


def newest(service):
    return service.recorder.recent(1)[0]


def test_in_shadow_the_service_says_nothing_and_records_all_of_it(service, client):
    roll_out(service, SERVICE, Stage.SHADOW)
    cards, extension = ask(client)
    assert cards == []
    assert extension["stage"] == "shadow"
    assert "floor" not in extension
    assert "findings" not in extension
    assert extension["notEvaluated"][0]["what"] == "everything"
    row = newest(service)
    assert (row["stage"], row["floor"]) == ("shadow", "High")
    assert "floor" in {card["kind"] for card in row["cards"]}
    assert shown_events(service) == []
    with service.recorder.database.transaction(write=False) as tx:
        case = tx.execute(select(review_case)).mappings().one()
        assert tx.execute(select(notification)).all() == [], "nobody is notified of a case in shadow"
    assert (case["stage"], case["location"]) == ("shadow", "ward-7")


def test_a_pilot_shows_cards_in_its_ward_and_to_its_practitioner_and_nowhere_else(service, client):
    roll_out(service, SERVICE, Stage.PILOT, WARD, NewPlace(reference="Practitioner/two", label="nurse-2"))
    assert ask(client)[0]
    assert newest(service)["stage"] == "pilot"
    assert ask(client, location="https://ehr.example/fhir/Location/ward-7")[0]
    assert not ask(client, location="Location/ward-8")[0]
    assert newest(service)["stage"] == "shadow"
    assert ask(client, user="Practitioner/two", location="Location/ward-8")[0]


def test_an_urgent_rule_in_shadow_raises_no_floor_and_is_named(service, client):
    full, _ = ask(client)
    for rule in ("critical-vitals", "news2"):
        roll_out(service, rule_part(rule), Stage.SHADOW)
    cards, extension = ask(client)
    assert extension["floor"] == "Low"
    assert full[0]["summary"].startswith("High")
    assert extension["shadow"] == ["critical-vitals", "news2"]
    assert sum("runs in shadow" in note["reason"] for note in extension["notEvaluated"]) == 2
    assert "runs in shadow" in cards[0]["detail"]
    with service.recorder.database.transaction(write=False) as tx:
        (stored,) = recent_answers(tx, limit=1)
    assert {finding["rule"] for finding in stored.shadowed} >= {"critical-vitals"}
    assert not any(finding["rule"] in {"critical-vitals", "news2"} for finding in stored.findings)


def test_a_model_in_shadow_is_asked_and_not_told(tmp_path, built):
    settings = Settings(
        data_dir=tmp_path / "state", keys_file=tmp_path / "keys.json", model="llamacpp", unreviewed_guidelines=True
    )
    migrate(settings.database)
    recorder = open_recorder(settings)
    service = assemble(settings, recorder=recorder, gate=built.gate, retriever=built.retriever)
    with recorder.database.transaction() as tx:
        recorder.workers.beat(tx, worker="w1", model_version="m-1", now=datetime.now(UTC))
    roll_out(service, MODEL, Stage.SHADOW)
    _, extension = ask(app_of(service).test_client())
    assert extension["assessment"]["status"] == "off"
    assert "shadow" in extension["assessment"]["reasons"][0]
    job = recorder.newest_job()
    assert job is not None
    assert job.state.value == "queued"
    assert AssessmentTask.from_json(job.payload).versions["model"] == "m-1"
    with recorder.database.transaction(write=False) as tx:
        assert tx.execute(select(answer.c.job)).scalar_one() == job.id
        assert tx.execute(select(review_case.c.job)).scalar_one() is None, "nobody reviews what nobody is shown"


def test_a_roll_out_that_cannot_be_read_costs_no_card(service, client, monkeypatch):
    def gone():
        raise StoreError("gone")

    monkeypatch.setattr(service.recorder.roll_out, "read", gone)
    assert ask(client)[0]


def test_no_reference_of_a_place_is_stored(service, client):
    roll_out(service, SERVICE, Stage.PILOT, WARD)
    ask(client)
    with service.recorder.database.transaction(write=False) as tx:
        stored = json.dumps([dict(row) for row in tx.execute(select(table)).mappings()], default=str)
        stored += json.dumps([dict(row) for row in tx.execute(select(audit_event)).mappings()], default=str)
    assert "ward-7" not in stored
    assert '"label": "ward"' in stored
