"""Nothing that a server answers ends the run: not HTML, floods, dribbles, redirects, nonsense of any type."""

import json
import socket
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from flask import Response, jsonify, redirect, request

from cds_service.conformance.probe import MAX_WAIT_S, Probe
from cds_service.conformance.result import Verdict
from cds_service.conformance.run import run
from cds_service.sandbox.client import CdsClient
from cds_service.sandbox.transport import Transport
from tests.support.cds_server import CdsServer, serving_app, serving_cds

ODD = [None, 0, "text", [None], {"a": None}, "\x1b[31m\ud800"]


def failures(rows):
    return {row.id for row in rows.values() if row.verdict is Verdict.FAILED}


def everything(body, status=200, media="application/json"):
    """An application that answers the same to every request."""
    return lambda environ, start: (start(f"{status} X", [("Content-Type", media)]), [body])[1]


@pytest.mark.parametrize("status", [200, 302, 404, 500, 503])
def test_a_server_that_speaks_html(checked, status):
    with serving_app(everything(b"<html><h1>It works!</h1></html>", status, "text/html")) as base:
        assert "B1" in failures(checked(base))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 5000,
        b"null",
        b"[]",
        b'"x"',
        b'{"services": [' + b"{}," * 9 + b"{}]}",
    ],
)
def test_a_server_that_speaks_nonsense(checked, body):
    with serving_app(everything(body)) as base:
        assert failures(checked(base)) & {"B1", "B4"}


def test_an_answer_without_end_is_cut(checked):
    def flood(environ, start):
        start("200 OK", [("Content-Type", "application/json")])
        return (b" " * 65_536 for _ in iter(int, 1))

    with serving_app(flood) as base:
        rows = checked(base)
    assert "larger than" in rows["B1"].why


def test_a_redirect_is_not_followed(checked):
    visited = []
    server = CdsServer()
    server.discover = lambda: redirect("http://127.0.0.1:9/elsewhere")
    server.after = lambda response: visited.append(request.path) or response
    with serving_cds(server) as base:
        rows = checked(base)
    assert "answered 302" in rows["B1"].why
    assert set(visited) == {"/cds-services"}


@contextmanager
def listening(speak):
    """A bare socket; `speak` is called with each connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    stop = threading.Event()

    def serve():
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            threading.Thread(target=speak, args=(connection, stop), daemon=True).start()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        thread.join()
        listener.close()


def dribble(connection, stop):
    """A header a byte at a time, each within any time-out of a socket, for ever."""
    try:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
        while not stop.wait(0.05):
            connection.sendall(b"x")
    except OSError:
        pass
    finally:
        connection.close()


def silence(connection, stop):
    stop.wait(20)
    connection.close()


def hang_up(connection, stop):
    connection.close()


def babble(connection, stop):
    connection.recv(4096)
    connection.sendall(b"220 mail.example.org ESMTP\r\n")
    connection.close()


@pytest.mark.parametrize("speak", [dribble, silence, hang_up, babble])
def test_a_peer_that_speaks_no_http_in_time(checked, speak):
    with listening(speak) as base:
        started = time.monotonic()
        rows = checked(base, timeout_s=0.4)
        assert time.monotonic() - started < 5
    assert "B1" in failures(rows)


def test_a_server_that_falls_silent_is_given_up(checked):
    server = CdsServer()
    server.after = lambda response: time.sleep(0.3 if request.path != "/cds-services" else 0) or response
    with serving_cds(server) as base:
        started = time.monotonic()
        rows = checked(base, timeout_s=0.2)
        assert time.monotonic() - started < 8
    assert "F1" in failures(rows)
    why = rows["F1"].why  # the read or the whole call may run out of time first
    assert "No whole answer" in why or "did not answer in time" in why


@pytest.mark.parametrize(
    "field", ["services", "id", "hook", "title", "prefetch", "version", "hookVersion", "extension"]
)
def test_values_of_the_wrong_type_in_discovery(checked, field):
    server = CdsServer()
    for odd in ODD:
        if field == "services":
            discovery = {"services": odd}
        else:
            discovery = {"services": [server.discovery["services"][0] | {field: odd}]}
        body = json.dumps(discovery)
        server.discover = lambda body=body: Response(body, mimetype="application/json")
        with serving_cds(server) as base:
            checked(base)


@pytest.mark.parametrize("field", ["cards", "card", "uuid", "summary", "source", "suggestions", "actions", "links"])
def test_values_of_the_wrong_type_in_an_answer(checked, field):
    for odd in (None, "text", [], {}, [None], [{}], {"a": 1}, 7):
        server = CdsServer()
        if field == "cards":
            server.answer = lambda body, odd=odd: {"cards": odd}
        elif field == "card":
            server.answer = lambda body, odd=odd: {"cards": [odd]}
        elif field == "actions":
            server.card["suggestions"][0]["actions"] = odd
        else:
            card = server.card | {field: odd}
            server.answer = lambda body, card=card: {"cards": [card]}
        with serving_cds(server) as base:
            rows = checked(base)
        assert "could not be judged" not in " ".join(row.why for row in rows.values()), (field, odd)


def test_a_check_that_breaks_down_fails_its_requirements_and_no_others(checked, monkeypatch):
    from cds_service.conformance.checks import feedback

    def broken(scene):
        raise TypeError("a value that nobody thought of")
        yield

    monkeypatch.setattr(feedback, "check", broken)
    with serving_cds(CdsServer()) as base:
        rows = checked(base)
    assert failures(rows) == set(feedback.IDS)
    assert "nobody thought of" not in rows["FB1"].why
    assert "TypeError" in rows["FB1"].why


@pytest.mark.parametrize("after", ["1", "60", "9" * 5000, "-1", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_service_that_is_always_busy_does_not_hold_the_run_up(identity, after):
    waited = []
    server = CdsServer()

    def busy(service_id):
        return Response(status=503, headers={"Retry-After": after})

    server.call = busy
    with serving_cds(server) as base:
        client = CdsClient(
            base=base, transport=Transport(timeout_s=5), identity=identity, now=lambda: datetime.now(UTC)
        )
        run(client, service=None, origin=None, probe=Probe(client=client, sleep=waited.append), progress=lambda _: None)
    assert sum(waited) <= MAX_WAIT_S


def test_a_busy_service_is_asked_again(checked):
    server = CdsServer()
    busy = iter([True, False] * 3)
    call = server.call

    def sometimes_busy(service_id):
        if next(busy, False):
            response = jsonify(
                {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "transient"}]}
            )
            response.status_code, response.headers["Retry-After"] = 503, "1"
            return response
        return call(service_id)

    server.call = sometimes_busy
    with serving_cds(server) as base:
        assert failures(checked(base)) == set()
