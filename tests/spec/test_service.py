"""The CDS Hooks service as an EHR sees it. Tests name the requirement ids of the conformance checklist."""

import copy
import uuid
from datetime import UTC, datetime

import pytest

from cds_service.cards import EXTENSION
from cds_service.sample.chart import request_body
from hooks.response import problems
from hooks.services import SERVICES

CALL = "/cds-services/patient-triage"


@pytest.fixture
def request_():
    return request_body(datetime.now(UTC))


def post(client, body):
    response = client.post(CALL, json=body)
    assert response.status_code == 200, response.json
    return response.json


def advice(answer):
    return answer["extension"][EXTENSION]


def test_b1_b2_discovery(client):
    response = client.get("/cds-services")
    assert response.status_code == 200
    assert response.mimetype == "application/json"  # A4
    assert len(response.json["services"]) == len(SERVICES)


def test_b4_to_b8_each_service_describes_itself(client):
    for service in client.get("/cds-services").json["services"]:
        for field in ("id", "hook", "title", "description", "usageRequirements"):
            assert isinstance(service[field], str)
            assert service[field]
        assert all(isinstance(query, str) for query in service["prefetch"].values())


def test_c3_c4_prefetch_tokens_are_those_of_the_hook(client):
    import re

    allowed = {"context.patientId", "context.userId", "context.encounterId"}
    for service in client.get("/cds-services").json["services"]:
        for query in service["prefetch"].values():
            assert set(re.findall(r"\{\{(.*?)\}\}", query)) <= allowed
            assert query.count("?") <= 1


def test_f1_to_f15_the_demo_chart_gets_conformant_cards(client, request_):
    answer = post(client, request_)
    assert problems(answer) == ()
    assert answer["cards"][0]["indicator"] == "critical"
    assert advice(answer)["floor"] == "Critical"


def test_a2_nothing_empty_is_sent(client, request_):
    def walk(value, key=None):
        if isinstance(value, dict):
            for name, item in value.items():
                walk(item, name)
        elif isinstance(value, list):
            assert value or key == "cards"
            for item in value:
                walk(item)
        else:
            assert value is not None
            assert value != ""

    walk(post(client, request_))


def test_the_news2_score_and_its_parts_are_given(client, request_):
    news2 = next(f for f in advice(post(client, request_))["findings"] if f["id"] == "news2")
    # RR 26: 3, SpO2 91: 3, air: 0, SBP 98: 2, HR 118: 2, alert: 0, 38.7 Cel: 1 (Royal College of Physicians 2017)
    assert news2["values"]["score"] == 11


def test_e3_null_means_known_to_have_no_data(client, request_):
    request_["prefetch"]["allergies"] = None
    assert "allergies" not in [n["what"] for n in advice(post(client, request_)).get("notEvaluated", [])]


def test_e1_an_absent_key_is_named(client, request_):
    del request_["prefetch"]["allergies"]
    assert "allergies" in [n["what"] for n in advice(post(client, request_))["notEvaluated"]]


def test_e4_an_operation_outcome_is_a_failed_query(client, request_):
    request_["prefetch"]["labs"] = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "processing"}],
    }
    assert "labs" in [n["what"] for n in advice(post(client, request_))["notEvaluated"]]


def test_e5_without_a_patient_412(client, request_):
    del request_["prefetch"]["patient"]
    response = client.post(CALL, json=request_)
    assert response.status_code == 412
    assert response.json["resourceType"] == "OperationOutcome"


def test_e11_a_foreign_patient_is_refused(client, request_):
    request_["prefetch"]["patient"]["id"] = "somebody-else"
    assert client.post(CALL, json=request_).status_code == 400


def test_e11_a_foreign_resource_costs_itself_and_is_named(client, request_):
    foreign = copy.deepcopy(request_["prefetch"]["labs"]["entry"][0])
    foreign["resource"]["id"] = "foreign"
    foreign["resource"]["subject"] = {"reference": "Patient/somebody-else"}
    request_["prefetch"]["labs"]["entry"].append(foreign)
    named = [n["reason"] for n in advice(post(client, request_))["notEvaluated"]]
    assert "the resource belongs to another patient" in named


def test_e12_a_full_patient_id_is_the_same(client, request_):
    request_["context"]["patientId"] = "Patient/demo-1"
    assert advice(post(client, request_))["floor"] == "Critical"


def test_received_values_are_sorted_by_type_whatever_the_key(client, request_):
    everything = [e["resource"] for v in request_["prefetch"].values() for e in v.get("entry", [])]
    everything += [v for v in request_["prefetch"].values() if v["resourceType"] != "Bundle"]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": r} for r in everything]}
    straight, shuffled = post(client, request_), post(client, request_ | {"prefetch": {"whatever": bundle}})
    assert advice(straight)["findings"] == advice(shuffled)["findings"]


@pytest.mark.parametrize("user", ["Patient/demo-1", "RelatedPerson/5"])
def test_only_clinicians_get_cards(client, request_, user):
    request_["context"]["userId"] = user
    answer = post(client, request_)
    assert answer["cards"] == []
    assert "clinicians" in advice(answer)["notEvaluated"][0]["reason"]


def test_d6_unknown_fields_do_no_harm(client, request_):
    request_["extension"] = {"org.example": {"x": [1]}}
    request_["context"]["later"] = True
    assert advice(post(client, request_))["floor"] == "Critical"


def test_d7_the_hook_must_be_the_service_s(client, request_):
    assert client.post(CALL, json=request_ | {"hook": "order-sign"}).status_code == 400


# -- feedback ------------------------------------------------------------------------------------------------------


def feedback(client, *items):
    return client.post(f"{CALL}/feedback", json={"feedback": list(items)})


def accepted(card):
    return {
        "card": card["uuid"],
        "outcome": "accepted",
        "acceptedSuggestions": [{"id": card["suggestions"][0]["uuid"]}],
        "outcomeTimestamp": "2026-01-02T03:04:05Z",
    }


def test_fb1_to_fb9_feedback_is_joined_and_idempotent(client, built, request_):
    card = post(client, request_)["cards"][0]
    first, again = feedback(client, accepted(card)), feedback(client, accepted(card))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json["results"][0]["status"] == "recorded"
    assert again.json["results"][0]["status"] == "duplicate"
    shown = next(c for a in built.recorder.recent(20) for c in a["cards"] if c["uuid"] == card["uuid"])
    assert [f["outcome"] for f in shown["feedback"]] == ["accepted"]


def test_fb7_accepted_then_overridden(client, built, request_):
    card = post(client, request_)["cards"][0]
    later = {
        "card": card["uuid"],
        "outcome": "overridden",
        "overrideReason": {"reason": {"system": "urn:s", "code": "done"}},
        "outcomeTimestamp": "2026-01-02T03:05:05.606Z",
    }
    assert [r["status"] for r in feedback(client, accepted(card), later).json["results"]] == ["recorded", "recorded"]


def test_fb10_a_bad_item_costs_only_itself(client, request_):
    cards = post(client, request_)["cards"]
    unknown = accepted(cards[0]) | {"card": str(uuid.uuid4())}
    foreign = accepted(cards[0]) | {"acceptedSuggestions": [{"id": cards[1]["suggestions"][0]["uuid"]}]}
    response = feedback(client, unknown, foreign, {"card": "x"}, accepted(cards[0]))
    assert response.status_code == 200
    assert [r["recorded"] for r in response.json["results"]] == [False, False, False, True]
    assert feedback(client, unknown).status_code == 400


def test_fb11_a_comment_is_sealed(client, built, request_, tmp_path):
    card = post(client, request_)["cards"][0]
    item = {
        "card": card["uuid"],
        "outcome": "overridden",
        "overrideReason": {"userComment": "Zanzibarina Canary told me"},
        "outcomeTimestamp": "2026-01-02T03:04:05Z",
    }
    assert feedback(client, item).json["results"][0]["recorded"]
    data = b"".join(p.read_bytes() for p in built.settings.data_dir.glob("cds.sqlite3*"))
    assert b"Zanzibarina" not in data
