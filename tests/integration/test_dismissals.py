"""A care gap that its user dismissed stays away until its data change or a time passes; nothing else stays away."""

import copy
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from cds_service.bootstrap import assemble, open_recorder
from cds_service.cards import EXTENSION
from cds_service.errors import ConfigurationError
from cds_service.ledger.audit import EventKind
from cds_service.ledger.migrate import migrate
from cds_service.ledger.tables import audit_event
from cds_service.ledger.vault import Vault
from cds_service.settings import Settings
from tests.support.apps import app_of

CALL = "/cds-services/patient-triage"
NOW = datetime.now(UTC)
HBA1C = {"coding": [{"system": "http://loinc.org", "code": "4548-4", "display": "Hemoglobin A1c"}]}


def bundle(*resources):
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": r} for r in resources]}


def hba1c(name, days):
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": HBA1C,
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": (NOW - timedelta(days=days)).isoformat(timespec="seconds"),
        "valueQuantity": {"value": 7.1, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"},
    }


def chart(*labs, user="Practitioner/one"):
    diabetes = {
        "resourceType": "Condition",
        "id": "dm",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "category": [{"coding": [{"code": "problem-list-item"}]}],
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "44054006", "display": "Diabetes type 2"}]},
        "subject": {"reference": "Patient/p1"},
        "onsetDateTime": "2015-03-01",
    }
    keys = ("observations", "medicationRequests", "medicationStatements", "allergies", "documents", "reports", "intake")
    return {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": user, "patientId": "p1"},
        "prefetch": {
            "patient": {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1970-05-01"},
            "conditions": bundle(diabetes),
            "labs": bundle(*labs),
            "procedures": bundle(),
            "immunizations": bundle(),
            **{key: bundle() for key in keys},
        },
    }


@pytest.fixture
def settings(tmp_path):
    made = Settings(data_dir=tmp_path / "state", keys_file=tmp_path / "keys.json", model="none")
    migrate(made.database)
    return made


def service_of(settings, built):
    return assemble(settings, recorder=open_recorder(settings), gate=built.gate, retriever=built.retriever)


def ask(client, body):
    answer = client.post(CALL, json=body).json
    (card,) = [c for c in answer["cards"] if c["source"]["topic"]["code"] == "care-gap"] or [None]
    return card, answer["extension"][EXTENSION]


def titles(card):
    return card["summary"] if card else ""


def dismiss(client, card):
    item = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": datetime.now(UTC).isoformat()}
    assert client.post(f"{CALL}/feedback", json={"feedback": [item]}).json["results"][0]["recorded"]


def test_a_dismissed_gap_stays_away_from_its_user_until_the_data_change(settings, built):
    client = app_of(service_of(settings, built)).test_client()
    old = hba1c("a1", 500)
    card, _ = ask(client, chart(old))
    assert "Hemoglobin A1c is due" in card["detail"]
    dismiss(client, card)
    again, advice = ask(client, chart(old))
    assert "Hemoglobin A1c is due" not in (again or {"detail": ""})["detail"]
    assert advice["dismissed"], "the answer says that something was left out"
    other, _ = ask(client, chart(old, user="Practitioner/two"))
    assert "Hemoglobin A1c is due" in other["detail"]
    newer, _ = ask(client, chart(old, hba1c("a2", 400)))
    assert "Hemoglobin A1c is due" in newer["detail"]


def test_nothing_that_is_hashed_leads_to_the_patient_id(settings, built, monkeypatch):
    hashed, keyed = [], Vault.keyed
    monkeypatch.setattr(Vault, "keyed", lambda self, *parts: hashed.append(parts) or keyed(self, *parts))
    ask(app_of(service_of(settings, built)).test_client(), chart(hba1c("a1", 500)))
    assert {"care-gap", "user"} <= {what for what, *_ in hashed}
    assert not [parts for parts in hashed if "p1" in parts]


def test_after_the_days_of_the_setting_a_dismissed_gap_is_told_again(settings, built):
    client = app_of(service_of(settings.model_copy(update={"care_gap_days": 0}), built)).test_client()
    card, _ = ask(client, chart(hba1c("a1", 500)))
    dismiss(client, card)
    assert titles(ask(client, chart(hba1c("a1", 500)))[0]) == card["summary"]


def test_a_dismissed_urgent_card_comes_again(settings, built):
    client = app_of(service_of(settings, built)).test_client()
    body = copy.deepcopy(chart())
    body["prefetch"]["encounter"] = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "in-progress",
        "class": {"code": "AMB"},
        "subject": {"reference": "Patient/p1"},
        "reasonCode": [{"text": "crushing chest pain since this morning"}],
    }
    first = client.post(CALL, json=body).json["cards"][0]
    dismiss(client, first)
    assert client.post(CALL, json=body).json["cards"][0]["summary"] == first["summary"]


def test_only_an_audited_setting_silences_a_rule_and_the_answer_says_so(settings, built):
    off = settings.model_copy(update={"rules_off": ("news2",)})
    service = service_of(off, built)
    for _ in range(2):
        service.recorder.note_settings(NOW)
    with service.recorder.database.transaction(write=False) as tx:
        settings_noted = select(audit_event.c.detail).where(audit_event.c.kind == EventKind.SETTING.value)
        written = tx.execute(settings_noted).scalars()
        (event,) = (e for e in map(json.loads, written) if e["setting"] == "rules_off")
    assert (event["value"], event["count"]) == ("news2", 1)
    _, advice = ask(app_of(service).test_client(), chart())
    assert {n["reason"] for n in advice["notEvaluated"] if n["what"].startswith("NEWS2")} == {
        "switched off by a setting of this clinic"
    }
    assert advice["versions"]["rules"] != built.pipeline._versions["rules"]


def test_a_rule_that_does_not_exist_cannot_be_switched_off(settings, built):
    with pytest.raises(ConfigurationError, match="CDS_RULES_OFF"):
        service_of(settings.model_copy(update={"rules_off": ("news3",)}), built)
