"""Requests that once cost the floor, reached another patient, or let labelled data pass."""

from datetime import UTC, datetime

import pytest

from anonymization.errors import GateRefused
from cds_service.cards import EXTENSION
from cds_service.sample.chart import PATIENT_ID, request_body
from fhir_mappers.mapping import map_case
from tests.integration.test_floor_never_sinks import RESTRICTED

CALL = "/cds-services/patient-triage"


@pytest.fixture
def body():
    return request_body(datetime.now(UTC))


def mapped(body):
    return map_case(body["prefetch"], patient_id=PATIENT_ID, encounter_id=None, now=datetime.now(UTC))


@pytest.mark.parametrize("birth", ["1954-03-14T00:00:00Z", "03/14/1954", "1954-3-14", 5])
def test_a_malformed_birth_date_costs_the_age_not_the_floor(client, body, birth):
    body["prefetch"]["patient"]["birthDate"] = birth
    response = client.post(CALL, json=body)
    assert response.status_code == 200
    advice = response.json["extension"][EXTENSION]
    assert advice["floor"] in ("High", "Critical")
    assert any("Patient" in n["what"] for n in advice["notEvaluated"])


def test_another_patients_resource_under_our_url_is_foreign(client, body):
    other = body["prefetch"].pop("patient") | {"id": "other-9"}
    url = f"https://ehr.example.org/fhir/Patient/{PATIENT_ID}"
    body["prefetch"]["patient"] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"fullUrl": url, "resource": other}],
    }
    assert client.post(CALL, json=body).status_code == 400


def test_texts_beyond_the_cap_are_said(body):
    item = {"linkId": "reason", "text": "What else?", "answer": [{"valueString": "tired, " * 500}]}
    body["prefetch"]["intake"]["entry"][0]["resource"]["item"] += [item] * 20
    case = mapped(body)
    assert sum(len(a.answer) for a in case.intake) <= 12_000
    assert any(m.what == "intake answers" for m in case.missing)
    assert not any(m.what == "intake answers" for m in mapped(request_body(datetime.now(UTC))).missing)


def test_a_labelled_patient_passes_no_gate(built, body):
    body["prefetch"]["patient"]["meta"] = RESTRICTED
    with pytest.raises(GateRefused) as refused:
        built.gate.deidentify(mapped(body), subject="s")
    assert refused.value.reason == "policy"


def test_a_labelled_pregnancy_stays_before_the_gate(built, body):
    status = {
        "resourceType": "Condition",
        "id": "preg",
        "clinicalStatus": body["prefetch"]["conditions"]["entry"][0]["resource"]["clinicalStatus"],
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "77386006", "display": "Pregnant"}]},
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
        "recordedDate": datetime.now(UTC).isoformat(),
    }
    body["prefetch"]["conditions"]["entry"].append({"resource": status})
    assert built.gate.deidentify(mapped(body), subject="s").pregnant is True
    status["meta"] = RESTRICTED
    assert built.gate.deidentify(mapped(body), subject="s").pregnant is None
