"""Every limit that an operator can set: what happens at it, and that a call within it is answered."""

import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from cds_service.cards import EXTENSION
from cds_service.pipeline import CALLS_AT_ONCE
from cds_service.sample.chart import request_body
from cds_service.settings import Settings
from tests.support.apps import app_of, signed_client

CALL = "/cds-services/patient-triage"
requirement = pytest.mark.requirement


@pytest.fixture
def body():
    return request_body(datetime.now(UTC))


@pytest.fixture
def web(built, tmp_path):
    """Clients of applications with other settings, each with call counts of its own."""

    def made(**changed):
        return app_of(built, shared_url=f"sqlite:///{tmp_path / 'shared.sqlite3'}", **changed).test_client()

    return made


@pytest.fixture
def mapping(built, monkeypatch):
    """Changes limits of the mapper, which the stations read from their settings."""

    def changed(**limits):
        monkeypatch.setattr(built.pipeline._stations, "_settings", built.settings.model_copy(update=limits))

    return changed


def within_one_minute():
    """Wait until some seconds of the minute, by which calls are counted, are left."""
    while datetime.now(UTC).second > 55:
        time.sleep(0.2)


def nested(depth):
    return b'{"a":' * depth + b"1" + b"}" * depth


def not_evaluated(response):
    assert response.status_code == 200
    return {n["what"]: n["reason"] for n in response.json["extension"][EXTENSION].get("notEvaluated", [])}


@requirement("X5", "D8")
def test_max_body_bytes(web, body):
    client = web(max_body_bytes=500_000)
    assert client.post(CALL, json=body).status_code == 200
    big = body | {"extension": {"org.example.padding": "x" * 500_000}}
    assert client.post(CALL, json=big).status_code == 413


@requirement("X5", "D8")
def test_max_body_bytes_without_a_declared_length(web):
    import io

    client = web(max_body_bytes=50_000)
    environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    response = client.post(
        CALL, input_stream=io.BytesIO(b"[" * 100_000), content_type="application/json", environ_overrides=environ
    )
    assert response.status_code == 413


@requirement("X5")
def test_max_json_depth(web, body):
    client = web(max_json_depth=30)
    assert client.post(CALL, json=body).status_code == 200
    for depth in (31, 5_000, 500_000):
        deep = client.post(CALL, data=nested(depth), content_type="application/json")
        assert deep.status_code == 400
        assert deep.json["resourceType"] == "OperationOutcome"


@requirement("X5")
def test_max_entries(client, body, mapping):
    mapping(max_entries=10)
    assert "more resources than are read" in not_evaluated(client.post(CALL, json=body)).values()


@requirement("X5")
def test_max_string_chars(client, body, mapping):
    mapping(max_string_chars=2000)
    condition = body["prefetch"]["conditions"]["entry"][0]["resource"]
    condition["note"] = [{"text": "x" * 2001}]
    told = not_evaluated(client.post(CALL, json=body))
    assert told["1 Condition resource"] == "the attachment or text exceeds the size cap"


@requirement("X5")
def test_max_attachment_bytes(client, body, mapping):
    mapping(max_attachment_bytes=20)
    told = not_evaluated(client.post(CALL, json=body))
    assert any("exceeds the size cap" in reason for reason in told.values())


def test_max_note_and_text_chars(client, body, mapping):
    mapping(max_note_chars=10)
    assert "notes" in not_evaluated(client.post(CALL, json=body))


@requirement("X5")
def test_rate_per_minute(web, body):
    client = web(rate_per_minute=2)
    within_one_minute()
    answers = [client.post(CALL, json=body) for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert 0 < int(answers[2].headers["Retry-After"]) <= 60
    assert answers[2].json["issue"][0]["code"] == "throttled"


@requirement("X5")
def test_a_client_s_own_rate_goes_first(built, tmp_path):
    client, ehr = signed_client(built, tmp_path, rate_per_minute=1)
    within_one_minute()
    statuses = [client.get("/cds-services", headers=ehr.authorization("/cds-services")).status_code for _ in range(2)]
    assert statuses == [200, 429]


@requirement("X5")
def test_a_tenant_of_the_client_s_own_making_has_no_budget_of_its_own(built, tmp_path):
    client, ehr = signed_client(built, tmp_path, rate_per_minute=1)
    within_one_minute()
    statuses = [
        client.get("/cds-services", headers=ehr.authorization("/cds-services", tenant=t)).status_code for t in "abc"
    ]
    assert statuses == [200, 429, 429]


@requirement("X5")
def test_web_calls(web, body, built, monkeypatch):
    """One call is inside and holds on; the next is told to come again, before its body is read."""
    inside, leave = threading.Event(), threading.Event()
    answer = built.pipeline.answer

    def held(*args, **kwargs):
        inside.set()
        leave.wait(20)
        return answer(*args, **kwargs)

    monkeypatch.setattr(built.pipeline, "answer", held)
    app = web(web_calls=1).application
    first = []
    caller = threading.Thread(target=lambda: first.append(app.test_client().post(CALL, json=body)))
    caller.start()
    assert inside.wait(20)
    busy = app.test_client().post(CALL, data=b"not even JSON", content_type="application/json")
    leave.set()
    caller.join()
    assert busy.status_code == 503
    assert busy.headers["Retry-After"] == "1"
    assert busy.json["issue"][0]["code"] == "transient"
    assert first[0].status_code == 200


@requirement("X5")
def test_turn_wait_ms(client, body, built, monkeypatch):
    monkeypatch.setattr(built.pipeline, "_settings", built.settings.model_copy(update={"turn_wait_ms": 50}))
    with ExitStack() as others:
        for _ in range(CALLS_AT_ONCE):
            others.enter_context(built.pipeline.turn.wait(5))
        begun = time.monotonic()
        assert client.post(CALL, json=body).status_code == 503
        assert time.monotonic() - begun < built.settings.turn_wait_ms / 1000 / 2
    assert client.post(CALL, json=body).status_code == 200


@requirement("D8")
def test_a_compressed_body_is_refused(client):
    response = client.post(CALL, data=b"x", content_type="application/json", headers={"Content-Encoding": "gzip"})
    assert response.status_code == 415


def test_a_shared_store_that_fails_does_not_sink_the_floor(built, body, tmp_path, caplog):
    """Decision 0009: the process goes on with its own memory, and still refuses what it saw itself."""
    from cds_service.clients.store import MemoryStore
    from cds_service.errors import StoreError
    from cds_service.web.door import Turnstile

    class Broken(MemoryStore):
        def admit(self, **_):
            raise StoreError("gone")

    from cds_service.errors import NotAuthenticated

    turnstile = Turnstile(Broken(), rate_per_minute=100, now=lambda: datetime.now(UTC))
    expires = datetime.now(UTC).replace(year=2100)
    turnstile.pass_through("ehr", token="t", expires=expires)
    with pytest.raises(NotAuthenticated):
        turnstile.pass_through("ehr", token="t", expires=expires)


# -- browsers ------------------------------------------------------------------------------------------------------

ORIGIN = "https://ehr.example.org"
PREFLIGHT = {
    "Origin": ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"
}  # fmt: skip


@requirement("X1")
@pytest.mark.parametrize("path", ["/cds-services", CALL, f"{CALL}/feedback"])
@pytest.mark.parametrize("signed", [True, False])
def test_a_preflight_is_answered_without_a_token(built, path, signed, tmp_path):
    client = app_of(
        built, signed=signed, cors_origins=(ORIGIN,), shared_url=f"sqlite:///{tmp_path / 's.sqlite3'}"
    ).test_client()
    response = client.options(path, headers=PREFLIGHT)
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert {"GET", "POST"} <= set(response.headers["Access-Control-Allow-Methods"].split(", "))
    assert {"Authorization", "Content-Type"} <= set(response.headers["Access-Control-Allow-Headers"].split(", "))


@requirement("X2")
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.test",
        "https://ehr.example.org.evil.test",
        "http://ehr.example.org",
        "null",
        "https://EHR.example.org",
        "*",
    ],
)
def test_another_origin_gets_no_permission(web, origin):
    client = web(cors_origins=(ORIGIN,))
    for response in (
        client.options(CALL, headers=PREFLIGHT | {"Origin": origin}),
        client.get("/cds-services", headers={"Origin": origin}),
    ):
        assert not [name for name, _ in response.headers if name.startswith("Access-Control-")]
        assert "Origin" in response.headers["Vary"]


@requirement("X2")
def test_credentials_and_wildcards_are_never_allowed(web, body):
    client = web(cors_origins=(ORIGIN,))
    answer = client.post(CALL, json=body, headers={"Origin": ORIGIN})
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_no_origin_is_allowed_by_default(client):
    assert "Access-Control-Allow-Origin" not in client.options(CALL, headers=PREFLIGHT).headers


@pytest.mark.parametrize(
    "origin", ["*", "https://ehr.example.org/", "https://ehr.example.org/app", "ehr.example.org", "null"]
)
def test_a_setting_that_is_no_origin_is_refused(origin, tmp_path):
    with pytest.raises(ValueError, match="cors_origins"):
        Settings(cors_origins=(origin,), data_dir=tmp_path)


# -- operators -----------------------------------------------------------------------------------------------------


@pytest.fixture
def guarded(built, tmp_path):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123\n")
    return app_of(
        built, signed=True, metrics_token_file=token, shared_url=f"sqlite:///{tmp_path / 's.sqlite3'}"
    ).test_client()


ELSEWHERE = {"REMOTE_ADDR": "192.168.1.20"}


def test_metrics_need_a_token_once_clients_sign(guarded):
    """Also from this machine: a proxy on it may pass on anybody's call."""
    assert guarded.get("/metrics").status_code == 403
    for wrong in ("Bearer ", "Bearer 0123456789abcdef012", "Basic 0123456789abcdef0123", "Bearer \u00e9"):
        header = {"Authorization": wrong.encode().decode("latin-1")}
        assert guarded.get("/metrics", headers=header, environ_overrides=ELSEWHERE).status_code == 403
    right = {"Authorization": "Bearer 0123456789abcdef0123"}
    assert guarded.get("/metrics", headers=right, environ_overrides=ELSEWHERE).status_code == 200


def test_without_clients_this_machine_reads_the_metrics_and_no_other(client):
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", environ_overrides=ELSEWHERE).status_code == 403
    assert client.get("/metrics", headers={"X-Forwarded-For": "192.168.1.20"}).status_code == 403


def test_probes_of_another_machine_are_answered_once_clients_are_authenticated(guarded):
    assert guarded.get("/healthz", environ_overrides=ELSEWHERE).status_code == 200


@pytest.mark.parametrize("content", ["short", "", "\u00e9" * 20])
def test_a_poor_metrics_token_is_refused_at_start(built, tmp_path, content):
    from cds_service.errors import ConfigurationError

    token = tmp_path / "token"
    token.write_text(content)
    with pytest.raises(ConfigurationError, match="CDS_METRICS_TOKEN_FILE"):
        app_of(built, metrics_token_file=token, shared_url=f"sqlite:///{tmp_path / 's.sqlite3'}")
