"""The whole road with data that the EHR did not send: what is fetched, from where, and what is said of the rest."""

from datetime import UTC, datetime

import pytest

from cds_service.cards import EXTENSION
from cds_service.fhir_access import UNLISTED
from cds_service.sample.chart import request_body
from fhir_mappers.received import NOT_SENT
from tests.support.apps import app_of
from tests.support.fhir_server import fhir_server
from tests.support.tokens import BASE, CALL, ISS, EhrClient, clients_file, key_set, private_key, public_jwk

requirement = pytest.mark.requirement
SCOPES = "launch openid patient/*.rs"


@pytest.fixture
def body():
    return request_body(datetime.now(UTC))


@pytest.fixture
def server(body):
    """A FHIR server that holds the demo chart."""
    with fhir_server() as server:
        for value in body["prefetch"].values():
            entries = value.get("entry")
            server.resources += [value] if entries is None else [entry["resource"] for entry in entries]
        yield server


@pytest.fixture
def web(built, tmp_path):
    def made(*fhir_servers):
        return app_of(
            built, fhir_servers=fhir_servers, shared_url=f"sqlite:///{tmp_path / 'shared.sqlite3'}"
        ).test_client()

    return made


def authorized(body, server, *, token="t0k3n-c4nary", scope=SCOPES, patient="demo-1"):
    return body | {
        "fhirServer": server.base,
        "fhirAuthorization": {
            "access_token": token, "token_type": "Bearer", "expires_in": 300, "scope": scope, "subject": "ehr",
            "patient": patient,
        },
    }  # fmt: skip


def advice(response):
    assert response.status_code == 200, response.json
    return response.json["extension"][EXTENSION]


def missing(response):
    return {n["what"]: n["reason"] for n in advice(response).get("notEvaluated", [])}


@requirement("E1", "E2", "E6")
def test_a_call_without_prefetch_finds_what_a_call_with_prefetch_finds(web, body, server):
    client = web(server.base)
    sent = advice(client.post(CALL, json=body))
    fetched = client.post(CALL, json=authorized(body, server) | {"prefetch": {}})
    assert advice(fetched)["findings"] == sent["findings"]
    assert advice(fetched)["floor"] == "Critical"
    assert missing(fetched) == {n["what"]: n["reason"] for n in sent.get("notEvaluated", [])}
    assert {seen.headers["Authorization"] for seen in server.requests} == {"Bearer t0k3n-c4nary"}
    assert "fetch" in fetched.headers["Server-Timing"]


@requirement("E1", "E3", "E4")
def test_only_absent_keys_are_fetched(web, body, server):
    body["prefetch"]["allergies"] = None
    body["prefetch"]["labs"] = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "processing"}],
    }
    del body["prefetch"]["conditions"]
    answer = web(server.base).post(CALL, json=authorized(body, server))
    assert server.asked == ["Condition?patient=demo-1"]
    assert "labs" in missing(answer)
    assert "allergies" not in missing(answer)


@requirement("E2", "X3")
def test_nothing_is_fetched_from_a_server_that_is_not_listed(web, body, server):
    del body["prefetch"]["conditions"]
    for listed in ((), ("https://ehr.example.org/fhir",), (server.base + "-other",), (server.base + "/deeper",)):
        answer = web(*listed).post(CALL, json=authorized(body, server))
        assert missing(answer)["conditions"] == UNLISTED
    assert server.connections == 0


@requirement("E5")
def test_without_a_patient_anywhere_412(web, body, server):
    del body["prefetch"]["patient"]
    assert web().post(CALL, json=authorized(body, server)).status_code == 412
    assert web(server.base).post(CALL, json=authorized(body, server)).status_code == 200
    server.resources = [r for r in server.resources if r["resourceType"] != "Patient"]
    assert web(server.base).post(CALL, json=authorized(body, server)).status_code == 412


@requirement("E10")
def test_scopes_are_honoured_and_said(web, body, server):
    request = authorized(body, server, scope="patient/Patient.r patient/Observation.rs?category=vital-signs")
    answer = web(server.base).post(CALL, json=request | {"prefetch": {}})
    told = missing(answer)
    assert "labs" in told
    assert "conditions" in told
    assert "observations" not in told
    assert not [asked for asked in server.asked if asked.startswith(("Condition", "AllergyIntolerance"))]
    assert [f for f in advice(answer)["findings"] if f["id"] == "news2"]


@requirement("E11")
@pytest.mark.parametrize("patient", ["demo-2", "Patient/demo-2", "https://x.example/fhir/Patient/demo-2"])
def test_a_token_for_another_patient_is_refused(web, body, server, patient):
    response = web(server.base).post(CALL, json=authorized(body, server, patient=patient) | {"prefetch": {}})
    assert response.status_code == 400
    assert server.connections == 0


@requirement("E11")
def test_another_patient_s_data_from_the_server_is_dropped_and_named(web, body, server):
    for resource in server.resources:
        if resource["resourceType"] == "Condition":
            resource["subject"] = {"reference": "Patient/somebody-else"}
            resource["code"] = {"text": "Zanzibarina's own disease"}
    from tests.support.fhir_server import Answer
    from tests.support.fhir_values import bundle

    conditions = [r for r in server.resources if r["resourceType"] == "Condition"]
    server.answers["Condition"] = Answer(content=bundle(*conditions))
    answer = web(server.base).post(CALL, json=authorized(body, server) | {"prefetch": {}})
    assert any("belongs to another patient" in reason for reason in missing(answer).values())
    assert b"Zanzibarina" not in answer.data


@requirement("E12")
def test_bare_and_full_ids_ask_the_same(web, body, server):
    body["context"]["patientId"] = "Patient/demo-1"
    body["context"]["encounterId"] = "Encounter/demo-enc"
    answer = web(server.base).post(CALL, json=authorized(body, server, patient="Patient/demo-1") | {"prefetch": {}})
    assert advice(answer)["floor"] == "Critical"
    assert "Patient/demo-1" in server.asked
    assert "Encounter/demo-enc" in server.asked


def test_an_encounter_that_the_context_does_not_name_is_not_missing(web, body):
    del body["context"]["encounterId"]
    del body["prefetch"]["encounter"]
    del body["prefetch"]["conditions"]
    told = missing(web().post(CALL, json=body))
    assert told["conditions"] == NOT_SENT
    assert "encounter" not in told


@requirement("E7", "X6")
def test_the_token_is_nowhere_afterwards(web, built, body, server, capfd):
    canary = "t0k3n-c4nary-77"
    answer = web(server.base).post(CALL, json=authorized(body, server, token=canary) | {"prefetch": {}})
    assert canary.encode() not in answer.data
    stored = b"".join(path.read_bytes() for path in built.settings.data_dir.glob("*.sqlite3*"))
    assert canary.encode() not in stored
    printed = capfd.readouterr()
    assert canary not in printed.out + printed.err


@requirement("K1")
def test_a_server_that_does_not_answer_costs_its_keys_and_no_more(web, built, body, server, monkeypatch):
    from tests.support.fhir_server import Answer

    server.answers["*"] = Answer(stall_s=5)
    monkeypatch.setattr(built.pipeline._fhir, "_deadline_s", 0.5)
    del body["prefetch"]["conditions"]
    started = datetime.now(UTC)
    answer = web(server.base).post(CALL, json=authorized(body, server))
    assert advice(answer)["floor"] == "Critical"
    assert "time" in missing(answer)["conditions"]
    assert (datetime.now(UTC) - started).total_seconds() < 4


@requirement("X3", "X4")
def test_a_server_counts_only_for_the_client_it_is_listed_for(built, body, server, tmp_path):
    key, other = private_key(), private_key()
    path = clients_file(
        tmp_path,
        {"name": "a", "iss": ISS, "fhir_servers": [server.base], "jwks": key_set(public_jwk(key))},
        {"name": "b", "iss": "https://b.example.org", "jwks": key_set(public_jwk(other))},
    )
    client = app_of(
        built, signed=True, clients_file=path, external_url=BASE, fhir_servers=(server.base,),
        shared_url=f"sqlite:///{tmp_path / 's.sqlite3'}",
    ).test_client()  # fmt: skip
    del body["prefetch"]["conditions"]
    request = authorized(body, server)
    not_listed = client.post(CALL, json=request, headers=EhrClient(other, iss="https://b.example.org").authorization())
    assert missing(not_listed)["conditions"] == UNLISTED
    assert server.connections == 0
    listed = client.post(CALL, json=request, headers=EhrClient(key).authorization())
    assert "conditions" not in missing(listed)
    assert server.asked == ["Condition?patient=demo-1"]


@requirement("J9", "J13", "X3")
def test_keys_come_from_a_listed_jku_and_from_nowhere_else(built, body, server, tmp_path):
    from tests.support.fhir_server import Answer

    ehr, thief = EhrClient(private_key()), EhrClient(private_key())
    server.answers["jwks.json"] = Answer(content=key_set(public_jwk(ehr.key)), media_type="application/json")
    server.answers["thief.json"] = Answer(content=key_set(public_jwk(thief.key)), media_type="application/json")
    server.answers["moved.json"] = Answer(status=302, headers={"Location": f"{server.base}/thief.json"})
    listed = [f"{server.base}/jwks.json", f"{server.base}/moved.json"]
    path = clients_file(tmp_path, {"name": "ehr", "iss": ISS, "jku": listed})
    client = app_of(
        built, signed=True, clients_file=path, external_url=BASE, shared_url=f"sqlite:///{tmp_path / 's.sqlite3'}"
    ).test_client()

    def status(who, jku):
        return client.get("/cds-services", headers=who.authorization("/cds-services", header={"jku": jku})).status_code

    assert status(ehr, listed[0]) == 200
    assert status(ehr, listed[0]) == 200
    assert server.asked == ["jwks.json"]  # cached
    assert status(thief, listed[0]) == 401
    asked = len(server.requests)
    for foreign in (
        f"{server.base}/thief.json", f"{listed[0]}?x", f"{listed[0]}#x", f"{listed[0]}/", listed[0].upper(),
        listed[0].replace("127.0.0.1", "127.1"), listed[0].replace("127.0.0.1", "localhost"), "file:///etc/passwd",
        f"{listed[0]} ", "", 7, [listed[0]], {"u": listed[0]},
    ):  # fmt: skip
        assert status(thief, foreign) == 401
    assert len(server.requests) == asked
    assert status(thief, listed[1]) == 401
    assert server.asked[-1] == "moved.json"  # asked once, and the redirect was not followed
    assert status(ehr, None) == 200  # no jku: every listed key set counts
