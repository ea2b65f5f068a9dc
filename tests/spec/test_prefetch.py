"""What is made of the data that an EHR sends along (checklist section E; fetching: tests/integration)."""

import copy
import json

import pytest

from tests.spec.calls import CALL, advice, ask, bundle, critical, not_evaluated, patient_alone, well

OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "processing"}]}


@pytest.mark.requirement("E1", "E3")
def test_a_key_that_is_absent_is_named_as_not_evaluated(client):
    body = well()
    del body["prefetch"]["allergies"]
    assert not_evaluated(ask(client, body)) == {"allergies": "not sent by the EHR"}


@pytest.mark.requirement("E1")
def test_with_the_patient_alone_everything_else_is_named_on_a_card(answers):
    answer = answers["patient_alone"]
    assert {"conditions", "observations", "labs", "allergies", "documents"} <= set(not_evaluated(answer))
    (card,) = answer["cards"]
    assert "labs: not sent by the EHR" in card["detail"]


@pytest.mark.requirement("E2")
def test_prefetch_alone_is_enough(answers):
    assert advice(answers["critical"])["floor"] == "Critical"


@pytest.mark.requirement("E3")
@pytest.mark.parametrize("empty", [None, {"resourceType": "Bundle", "type": "searchset", "total": 0}, bundle()])
def test_null_and_an_empty_bundle_mean_known_to_have_no_data(client, empty):
    body = well()
    body["prefetch"]["allergies"] = empty
    assert not_evaluated(ask(client, body)) == {}


@pytest.mark.requirement("E4")
@pytest.mark.parametrize("sent", [OUTCOME, bundle(OUTCOME)], ids=["alone", "in a Bundle"])
def test_an_operation_outcome_is_a_failed_query(client, sent):
    body = well()
    body["prefetch"]["labs"] = sent
    assert "error" in not_evaluated(ask(client, body))["labs"]


@pytest.mark.requirement("E5")
@pytest.mark.parametrize("sent", [..., None, OUTCOME], ids=["absent", "null", "OperationOutcome"])
def test_without_a_patient_412(client, sent):
    body = critical()
    del body["prefetch"]["patient"]
    if sent is not ...:
        body["prefetch"]["patient"] = sent
    response = client.post(CALL, json=body)
    assert response.status_code == 412
    assert response.json["issue"][0]["code"] == "required"


@pytest.mark.requirement("E5")
def test_without_any_prefetch_412(client):
    body = critical()
    del body["prefetch"]
    assert client.post(CALL, json=body).status_code == 412


@pytest.mark.requirement("E11")
def test_a_foreign_patient_is_refused(client):
    body = critical()
    body["prefetch"]["patient"]["id"] = "somebody-else"
    assert client.post(CALL, json=body).status_code == 400


@pytest.mark.requirement("E11")
def test_a_token_for_another_patient_is_refused(client):
    token = {"access_token": "t", "token_type": "Bearer", "expires_in": 9, "scope": "patient/*.rs", "subject": "s"}
    body = critical() | {"fhirServer": "https://ehr.example.org/fhir"}
    assert client.post(CALL, json=body | {"fhirAuthorization": token | {"patient": "else"}}).status_code == 400
    assert client.post(CALL, json=body | {"fhirAuthorization": token | {"patient": "demo-1"}}).status_code == 200


@pytest.mark.requirement("E11")
def test_a_foreign_resource_costs_itself_and_is_named(client):
    body = patient_alone()
    labs = copy.deepcopy(critical()["prefetch"]["labs"])
    for entry in labs["entry"]:
        entry["resource"]["subject"] = {"reference": "Patient/somebody-else"}
    answer = ask(client, body | {"prefetch": body["prefetch"] | {"labs": labs}})
    assert "the resource belongs to another patient" in not_evaluated(answer).values()
    assert advice(answer)["floor"] == "Low"
    assert "demo-lab" not in json.dumps(answer)


def test_received_values_are_sorted_by_type_whatever_the_key(client, answers):
    sent = critical()["prefetch"]
    everything = [e["resource"] for v in sent.values() for e in v.get("entry", [])]
    everything += [v for v in sent.values() if v["resourceType"] != "Bundle"]
    shuffled = ask(client, critical() | {"prefetch": {"whatever": bundle(*everything)}})
    assert of_now(shuffled) == of_now(answers["critical"])


def of_now(answer):
    """Findings but for care gaps: what is overdue is told only where a whole part of the chart came under its key."""
    return [f for f in advice(answer)["findings"] if f.get("kind") != "care-gap"]
