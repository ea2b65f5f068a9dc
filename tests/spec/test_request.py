"""What a call must hold, and which service answers it (checklist sections D and H)."""

import uuid
from dataclasses import replace

import pytest

from cds_service.ledger.queries import recent_answers
from cds_service.settings import Settings
from hooks.context import patient_view
from hooks.services import PATIENT_TRIAGE
from tests.spec.calls import CALL, DISCOVERY, advice, ask, critical, not_evaluated, patient_alone
from tests.support.apps import app_of

AUTHORIZATION = {
    "access_token": "secret",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.rs",
    "subject": "cds-service",
    "patient": "demo-1",
}
FHIR_SERVER = "https://ehr.example.org/fhir"


def refused(client, body, path=CALL):
    """What the service says about a call that it refuses."""
    response = client.post(path, json=body)
    assert response.status_code == 400
    return response.json["issue"][0]["diagnostics"]


@pytest.mark.requirement("D1")
@pytest.mark.parametrize("hook", [None, "", 5, ["patient-view"]])
def test_the_hook_is_required(client, hook):
    assert "hook" in refused(client, critical() | {"hook": hook})


@pytest.mark.requirement("D2")
@pytest.mark.parametrize("instance", [None, "", "instance-1", 5, "d1577c69-dfbe-44ad-ba6d"])
def test_the_hook_instance_is_required_and_a_uuid(client, instance):
    assert "hookInstance" in refused(client, critical() | {"hookInstance": instance})


@pytest.mark.requirement("D3")
@pytest.mark.parametrize("context", [None, [], "x", {}])
def test_the_context_is_required(client, context):
    assert "context" in refused(client, critical() | {"context": context})


@pytest.mark.requirement("D3", "H-patient-view")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("userId", None),
        ("userId", "demo-nurse"),
        ("userId", "Group/1"),
        ("patientId", None),
        ("patientId", "Observation/demo-1"),
        ("encounterId", ["demo-enc"]),
    ],
)
def test_the_context_of_patient_view_has_its_form(client, field, value):
    body = critical()
    body["context"][field] = value
    assert f"context.{field}" in refused(client, body)


@pytest.mark.requirement("H-patient-view")
@pytest.mark.parametrize("user", ["Practitioner/1", "PractitionerRole/1"])
def test_a_clinician_without_an_encounter_is_answered(client, user):
    body = critical()
    body["context"] = {"userId": user, "patientId": "demo-1"}
    assert advice(ask(client, body))["floor"] == "Critical"


@pytest.mark.requirement("H-patient-view")
@pytest.mark.parametrize("user", ["Patient/demo-1", "RelatedPerson/5"])
def test_only_clinicians_get_cards(client, user):
    body = critical()
    body["context"]["userId"] = user
    answer = ask(client, body)
    assert answer["cards"] == []
    assert "clinicians" in advice(answer)["notEvaluated"][0]["reason"]


@pytest.mark.requirement("D4")
def test_an_authorization_without_a_fhir_server_is_refused(client):
    assert "fhirServer" in refused(client, critical() | {"fhirAuthorization": AUTHORIZATION})


@pytest.mark.requirement("D4")
@pytest.mark.parametrize("server", [5, "ehr", "/fhir", "ftp://ehr.example.org/fhir", "file:///etc/passwd", "https://["])
def test_a_fhir_server_is_an_absolute_url(client, server):
    assert "fhirServer" in refused(client, critical() | {"fhirServer": server})


@pytest.mark.requirement("D4")
def test_a_fhir_server_beyond_this_machine_is_asked_by_https_alone(client, tmp_path):
    body = patient_alone() | {"fhirServer": "http://ehr.example.org/fhir"}
    assert "not one that this service may ask" in not_evaluated(ask(client, body))["labs"]
    with pytest.raises(ValueError, match="https"):
        Settings(data_dir=tmp_path, fhir_servers=("http://ehr.example.org/fhir",))


@pytest.mark.requirement("D5")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("access_token", None),
        ("access_token", ""),
        ("token_type", None),
        ("token_type", "MAC"),
        ("expires_in", "soon"),
        ("scope", None),
        ("subject", 5),
        ("patient", 5),
    ],
)
def test_an_authorization_has_its_form(client, field, value):
    call = critical() | {"fhirServer": FHIR_SERVER, "fhirAuthorization": AUTHORIZATION | {field: value}}
    assert f"fhirAuthorization.{field}" in refused(client, call)


@pytest.mark.requirement("D5")
def test_a_call_with_a_whole_authorization_is_answered(client):
    call = critical() | {"fhirServer": FHIR_SERVER, "fhirAuthorization": AUTHORIZATION}
    assert advice(ask(client, call))["floor"] == "Critical"


@pytest.mark.requirement("D6")
def test_what_is_unknown_does_no_harm(client):
    body = critical() | {"extension": {"org.example": {"x": [1]}}, "later": {"y": 2}}
    body["context"]["later"] = True
    body["prefetch"]["later"] = body["prefetch"]["patient"]
    assert advice(ask(client, body))["floor"] == "Critical"


@pytest.mark.requirement("D6")
@pytest.mark.parametrize("field", ["prefetch", "extension"])
def test_prefetch_and_extension_are_objects(client, field):
    assert field in refused(client, critical() | {field: ["x"]})


@pytest.mark.requirement("D9")
@pytest.mark.parametrize("path", [f"{DISCOVERY}/other", f"{DISCOVERY}/other/feedback", f"{CALL}/", f"{CALL}/other"])
def test_an_unknown_service_is_404(client, path):
    assert client.post(path, json=critical()).status_code == 404


@pytest.mark.requirement("E12")
@pytest.mark.parametrize("patient", ["demo-1", "Patient/demo-1"])
def test_the_patient_id_may_be_bare_or_full(client, patient):
    body = critical()
    body["context"]["patientId"] = patient
    assert advice(ask(client, body))["floor"] == "Critical"


# -- which service answers -----------------------------------------------------------------------------------------

MORNING, EVENING = (replace(PATIENT_TRIAGE, id=name, context=patient_view) for name in ("morning", "evening"))
ADMISSION = replace(MORNING, hook="encounter-start")


@pytest.fixture(scope="module")
def several(built):
    """Two services on one hook, and one id on two hooks."""
    return app_of(built, services=(MORNING, EVENING, ADMISSION)).test_client()


@pytest.mark.requirement("D7")
@pytest.mark.parametrize("hook", ["order-sign", "Patient-View", "patient-view "])
def test_a_service_answers_on_its_own_hook_only(client, hook):
    assert "hook" in refused(client, critical() | {"hook": hook})


@pytest.mark.requirement("B12", "D7")
@pytest.mark.parametrize("service", [MORNING, EVENING, ADMISSION], ids=lambda s: f"{s.id}-{s.hook}")
def test_a_call_is_dispatched_by_id_and_hook_together(several, built, service):
    call = critical() | {"hook": service.hook, "hookInstance": str(uuid.uuid4())}
    response = several.post(f"{DISCOVERY}/{service.id}", json=call)
    assert response.status_code == 200
    cards = {card["uuid"] for card in response.json["cards"]}
    with built.recorder.database.transaction(write=False) as tx:
        (stored,) = [a for a in recent_answers(tx, limit=5) if {c.card.uuid for c in a.cards} == cards]
    assert (stored.service, stored.hook) == (service.id, service.hook)


@pytest.mark.requirement("B12", "D7")
def test_a_hook_of_another_service_is_refused(several):
    assert "hook" in refused(several, critical() | {"hook": "encounter-start"}, f"{DISCOVERY}/evening")
