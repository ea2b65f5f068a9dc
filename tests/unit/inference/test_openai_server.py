"""The OpenAI-compatible server: who may be asked, what is sent, and how bad answers end. Over real loopback HTTP."""

import json
import time

import pytest

from cds_service.domain import Priority
from cds_service.errors import BackendError, ConfigurationError
from cds_service.inference.backends.openai_server import MAX_ANSWER_BYTES, OpenAIServerBackend, compact
from cds_service.inference.contract import Offers, parse
from cds_service.inference.prompt import Prompt
from tests.support.openai_server import openai_server

OFFERS = Offers(risk_factors=("Diabetes",), actions=("12-lead ECG now",), passages=())
PROMPT = Prompt(text="fixed part;case of a CANARY patient", prefix_chars=11)
ANSWER = {
    "priority": "High", "reason": "Low oxygen and fast breathing.", "concerns": [], "risks": [1], "actions": [1],
    "questions": [], "assessment": "Concerning for a chest infection.", "passages": [],
}  # fmt: skip


@pytest.fixture
def server():
    with openai_server() as (url, script):
        script.content = json.dumps(ANSWER)
        yield url, script


def ask(url, *, deadline_s=5.0, **more):
    backend = OpenAIServerBackend(url, "some-model", **more)
    try:
        return backend.generate(PROMPT, OFFERS, deadline_s=deadline_s)
    finally:
        backend.close()


def test_an_answer_with_white_space_and_another_order_is_brought_into_form(server):
    url, script = server
    script.content = json.dumps(dict(reversed(ANSWER.items())), indent=2)
    generation = ask(url)
    assert parse(generation.text, OFFERS).priority is Priority.HIGH
    assert (generation.tokens, generation.finish) == (7, "stop")


def test_the_contract_and_both_parts_of_the_prompt_are_sent(server):
    url, script = server
    ask(url)
    path, sent, _ = script.requests[0]
    assert path == "/v1/chat/completions"
    assert [m["content"] for m in sent["messages"]] == [PROMPT.prefix, PROMPT.case]
    assert (sent["model"], sent["temperature"]) == ("some-model", 0)
    schema = sent["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["actions"]["items"]["maximum"] == 1
    assert schema["properties"]["passages"]["maxItems"] == 0


def test_the_key_is_sent_and_never_shown(server, tmp_path):
    url, script = server
    (tmp_path / "key").write_text("secret-key\n")
    backend = OpenAIServerBackend(url, "some-model", key_file=tmp_path / "key")
    backend.warm()
    assert script.requests[0][0] == "/v1/models"
    assert script.requests[0][2]["Authorization"] == "Bearer secret-key"
    assert "secret" not in backend.name + backend.version
    backend.close()


@pytest.mark.parametrize(
    "url",
    ["http://models.example/v1", "https://models.example/v1", "http://127.0.0.1.evil.example", "ftp://127.0.0.1",
     "http://10.0.0.7:8000", "file:///etc/passwd", "http://", "http://[::1", "http://localhost.evil.example",
     "http://127.0.0.1:port/", "https://allowed.example.evil.example", "http://allowed.example"],
)  # fmt: skip
def test_no_other_address_may_be_asked(url):
    with pytest.raises(ConfigurationError):
        OpenAIServerBackend(url, "some-model", hosts=("allowed.example",))


@pytest.mark.parametrize("url", ["http://user:pw@127.0.0.1/v1", "http://127.0.0.1/v1?key=x"])
def test_no_secret_belongs_into_the_address(url):
    with pytest.raises(ConfigurationError, match="CDS_OPENAI_KEY_FILE"):
        OpenAIServerBackend(url, "some-model")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/v1", "http://[::1]:8000/v1", "http://localhost/v1", "https://Allowed.example/v1"]
)
def test_loopback_and_allowed_hosts_may_be_asked(url):
    OpenAIServerBackend(url, "some-model", hosts=("allowed.example",)).close()


def test_a_redirect_is_not_followed(server):
    url, script = server
    script.status, script.headers = 307, {"Location": f"{url}/elsewhere"}
    with pytest.raises(BackendError, match="status 307"):
        ask(url)
    assert len(script.requests) == 1


def test_a_proxy_of_the_environment_is_not_used(server, monkeypatch):
    url, _ = server
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert ask(url).finish == "stop"


@pytest.mark.parametrize("how", ["wait_s", "drip_s"])
def test_a_slow_server_ends_at_the_deadline(server, how):
    url, script = server
    setattr(script, how, 2.0 if how == "wait_s" else 0.02)
    start = time.monotonic()
    assert ask(url, deadline_s=0.4).finish == "timeout"
    assert time.monotonic() - start < 2.0


def test_an_endless_answer_is_cut_off(server):
    url, script = server
    script.raw = b"x" * (MAX_ANSWER_BYTES + 10_000)
    with pytest.raises(BackendError, match="too large"):
        ask(url)


@pytest.mark.parametrize(
    "raw", [b"", b"<html>", b"[]", b"{}", b'{"choices": []}', b'{"choices": [{"message": {}}]}', b'{"choices": [[]]}']
)
def test_an_answer_that_is_no_completion_is_an_error_without_its_words(server, raw):
    url, script = server
    script.raw = raw
    with pytest.raises(BackendError) as failed:
        ask(url)
    assert "html" not in str(failed.value)


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500])
def test_an_error_status_is_told_without_prompt_or_body(server, status):
    url, script = server
    script.status, script.raw = status, b"prompt was: CANARY"
    with pytest.raises(BackendError, match=f"status {status}") as failed:
        ask(url)
    assert "CANARY" not in str(failed.value)


def test_a_server_that_is_not_there_is_told(server):
    url, _ = server
    gone = url.replace(url.split(":")[2].split("/")[0], "9")
    with pytest.raises(BackendError, match="cannot be reached"):
        ask(gone)


def test_an_answer_cut_by_length_is_not_called_whole(server):
    url, script = server
    script.finish, script.content = "length", '{"priority":"Hi'
    generation = ask(url)
    assert (generation.finish, generation.text) == ("length", '{"priority":"Hi')


@pytest.mark.parametrize("content", ["", "\n", "two\nlines", "k\u00e9y"])
def test_a_bad_key_file_is_refused(tmp_path, content):
    (tmp_path / "key").write_text(content)
    with pytest.raises(ConfigurationError, match="CDS_OPENAI_KEY_FILE"):
        OpenAIServerBackend("http://127.0.0.1:1", "some-model", key_file=tmp_path / "key")


def test_text_that_is_no_object_is_left_as_it_is():
    assert compact("I cannot help") == "I cannot help"
    assert compact("[1, 2]") == "[1, 2]"
