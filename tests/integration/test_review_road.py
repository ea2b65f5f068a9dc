"""From the hook to the review: what a call opens, what it leaves alone, and where its card leads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cds_service.accounts.roles import Role
from cds_service.bootstrap import assemble, open_recorder
from cds_service.domain import Priority
from cds_service.ledger.migrate import migrate
from cds_service.review.history import Answered
from cds_service.review.opening import UNNAMED
from cds_service.review.states import Informing, Reviewing
from cds_service.review.values import Verdict
from cds_service.settings import Settings
from tests.support.apps import app_of
from tests.support.review_values import Clinic, decision

CALL = "/cds-services/patient-triage"
NOW = datetime.now(UTC)
KEYS = ("observations", "medicationRequests", "medicationStatements", "allergies", "documents", "reports", "intake",
        "conditions", "labs", "procedures", "immunizations")  # fmt: skip


def bundle(*resources):
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": r} for r in resources]}


def chart(complaint, *observations, patient="p1"):
    about = {"reference": f"Patient/{patient}"}
    return {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/one", "patientId": patient},
        "prefetch": {
            **{key: bundle() for key in KEYS},
            "observations": bundle(*({**o, "subject": about} for o in observations)),
            "patient": {"resourceType": "Patient", "id": patient, "gender": "female", "birthDate": "1970-05-01"},
            "encounter": {
                "resourceType": "Encounter",
                "id": "e1",
                "status": "in-progress",
                "class": {"code": "AMB"},
                "subject": about,
                "reasonCode": [{"text": complaint}],
                "period": {"start": (NOW - timedelta(hours=1)).isoformat()},
            },
        },
    }


def saturation(name, value, minutes):
    return {
        "resourceType": "Observation",
        "id": name,
        "status": "final",
        "category": [{"coding": [{"code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "59408-5"}]},
        "effectiveDateTime": (NOW - timedelta(minutes=minutes)).isoformat(),
        "valueQuantity": {"value": value, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"},
    }


CHEST_PAIN = "crushing chest pain since this morning"


@pytest.fixture
def service(tmp_path, built):
    settings = Settings(data_dir=tmp_path / "state", keys_file=tmp_path / "keys.json", model="none")
    migrate(settings.database)
    return assemble(settings, recorder=open_recorder(settings), gate=built.gate, retriever=built.retriever)


@pytest.fixture
def post(service):
    client = app_of(service).test_client()
    return lambda body: client.post(CALL, json=body).json["cards"]


@pytest.fixture
def clinic(service):
    recorder = service.recorder
    return Clinic(database=recorder.database, settings=service.settings, vault=recorder.vault)


def waiting(service):
    return service.recorder.reviews.queue(datetime.now(UTC), role=Role.NURSE).cases


def test_an_urgent_chart_opens_one_case_with_a_physician_told_and_its_card_leads_there(service, post):
    card = post(chart(CHEST_PAIN))[0]
    post(chart(CHEST_PAIN))
    (case,) = waiting(service)
    assert case.priority >= Priority.HIGH
    assert (case.reviewing, case.informing) == (Reviewing.AWAITING, Informing.NOTIFIED)
    assert "Chest pain" in " ".join(case.topics)
    answer = card["links"][0]["url"].rsplit("/", 1)[1]
    assert service.recorder.reviews.get_by_answer(answer) == case


def test_a_chart_without_findings_opens_none(service, post):
    post(chart("repeat prescription", patient="p2"))
    assert waiting(service) == ()


def test_a_decision_rests_until_the_chart_says_something_new(service, clinic, post):
    now, nurse = datetime.now(UTC), clinic.member()
    post(chart(CHEST_PAIN))
    (case,) = waiting(service)
    chart_of_case = service.recorder.reviews.chart(case, nurse, now)
    assert chart_of_case["patient_id"] == "p1"
    service.recorder.reviews.decide(case.id, decision(case), nurse, now)
    post(chart(CHEST_PAIN))
    assert waiting(service) == ()
    post(chart(CHEST_PAIN, saturation("low", 84, 5)))
    (anew,) = waiting(service)
    assert anew.id != case.id
    assert anew.informing is Informing.NOTIFIED


def test_another_urgent_finding_on_labelled_data_opens_another_case_and_none_is_named(service, clinic, post):
    label = {
        "meta": {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}
    }
    physician = clinic.member(Role.PHYSICIAN)
    post(chart("cough", saturation("first", 82, 20) | label))
    (case,) = waiting(service)
    assert case.topics == (UNNAMED,)
    assert all(state.startswith("sealed-") for state in case.states)
    service.recorder.reviews.decide(case.id, decision(case), physician, datetime.now(UTC))
    post(chart("cough", saturation("first", 82, 20) | label))
    assert waiting(service) == ()
    post(chart("cough", saturation("second", 80, 5) | label))
    (anew,) = waiting(service)
    assert (anew.topics, anew.informing) == ((UNNAMED,), Informing.NOTIFIED)


def test_what_a_clinician_decides_stands_in_the_history_of_the_card(service, clinic, post):
    post(chart(CHEST_PAIN))
    (case,) = waiting(service)
    physician = clinic.member(Role.PHYSICIAN)
    dismissed = decision(case, Verdict.DISMISS, reason="data-wrong")
    case = service.recorder.reviews.decide(case.id, dismissed, physician, datetime.now(UTC))
    floor = service.recorder.reviews.card_history(case)[0]
    assert (floor.kind.value, floor.outcome) == ("floor", Answered.OVERRIDDEN)
    assert floor.responses[0].reason_code == "data-wrong"
