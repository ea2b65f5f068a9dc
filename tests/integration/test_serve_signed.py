"""The service as it faces a network: TLS, signed calls, several web processes, and clients that take their time."""

import shutil
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest
import requests

from cds_service.sample.chart import request_body
from tests.support.certificates import authority, server_file
from tests.support.fhir_server import Answer, fhir_server
from tests.support.processes import all_gone, descendants, free_port, serving
from tests.support.tokens import CALL, ISS, EhrClient, clients_file, key_set, private_key, public_jwk

READ_S = 3
SLOW = 24


@pytest.fixture(scope="module")
def ehr():
    return EhrClient(private_key())


@pytest.fixture(scope="module")
def hanging():
    """A FHIR server that takes every question and answers none."""
    with fhir_server() as server:
        server.answers["*"] = Answer(stall_s=10)
        yield server


@pytest.fixture(scope="module")
def served(tmp_path_factory, packaged_index, ehr, hanging):
    home = tmp_path_factory.mktemp("signed")
    shutil.copytree(packaged_index, home / "state" / "index")
    ca = authority(home)
    chain, cert = server_file(ca, "127.0.0.1"), ca.file
    port = free_port()
    table = {"name": "ehr", "iss": ISS, "fhir_servers": [hanging.base], "jwks": key_set(public_jwk(ehr.key))}
    clients = clients_file(home, table)
    settings = {
        "CDS_CLIENTS_FILE": str(clients), "CDS_EXTERNAL_URL": f"https://127.0.0.1:{port}", "CDS_WEB_WORKERS": "2",
        "CDS_TLS_CERT_FILE": str(chain), "CDS_TLS_KEY_FILE": str(chain), "CDS_READ_TIMEOUT_S": str(READ_S),
    }  # fmt: skip
    with serving(home, scheme="https", verify=str(cert), port=port, **settings) as (base, child):
        yield base, str(cert), home, child


def post(base, cert, headers):
    started = time.monotonic()
    response = requests.post(
        base + CALL, json=request_body(datetime.now(UTC)), headers=headers, timeout=60, verify=cert
    )
    return response.status_code, time.monotonic() - started


@pytest.mark.timeout(240)
@pytest.mark.requirement("A1", "J10", "J16")
def test_of_twelve_calls_with_one_token_one_is_answered(served, ehr):
    base, cert, home, _ = served
    token = ehr.authorization(base=base)
    with ThreadPoolExecutor(12) as pool:
        statuses = [status for status, _ in pool.map(lambda _: post(base, cert, token), range(12))]
    assert sorted(statuses) == [200] + [401] * 11
    assert token["Authorization"].split(".")[1] not in (home / "serve.log").read_text()


@pytest.mark.requirement("A1")
def test_https_is_kept(served, ehr):
    base, cert, *_ = served
    answer = requests.get(
        f"{base}/cds-services", headers=ehr.authorization("/cds-services", base=base), verify=cert, timeout=10
    )
    assert answer.status_code == 200
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    with pytest.raises(requests.RequestException):
        requests.get(base.replace("https", "http") + "/healthz", timeout=5)


@pytest.mark.timeout(60)
def test_one_connection_serves_many_calls(served, ehr):
    base, cert, *_ = served
    with requests.Session() as session:
        statuses = [
            session.post(
                base + CALL,
                json=request_body(datetime.now(UTC)),
                headers=ehr.authorization(base=base),
                timeout=20,
                verify=cert,
            ).status_code
            for _ in range(4)
        ]
    assert statuses == [200] * 4


@pytest.mark.timeout(60)
@pytest.mark.requirement("X5")
def test_a_fhir_server_that_hangs_holds_up_only_who_asks_it(served, ehr, hanging):
    base, cert, *_ = served
    asking = request_body(datetime.now(UTC)) | {"fhirServer": hanging.base}
    for key in ("labs", "conditions", "allergies"):
        del asking["prefetch"][key]

    def ask(_):
        token = ehr.authorization(base=base)
        return requests.post(base + CALL, json=asking, headers=token, timeout=30, verify=cert).status_code

    with ThreadPoolExecutor(16) as pool:
        asked = pool.map(ask, range(16))
        time.sleep(1.5)
        status, seconds = post(base, cert, ehr.authorization(base=base))
        assert status == 200
        assert seconds < 1.5
        assert list(asked) == [200] * 16


@pytest.mark.requirement("D8")
@pytest.mark.parametrize(
    "body",
    [b"zz\r\n{}\r\n0\r\n\r\n", b"2\r\n{}0\r\n\r\n", b"2\r\n{}\r\n0\r\nX: " + b"y" * 20_000 + b"\r\n\r\n"],
)
def test_broken_chunks_are_the_client_s_fault(served, ehr, body):
    base, cert, *_ = served
    token = ehr.authorization(base=base)["Authorization"].encode()
    head = b"POST " + CALL.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    with connect(base, cert) as connection:
        connection.sendall(head + b"Transfer-Encoding: chunked\r\nAuthorization: " + token + b"\r\n\r\n" + body)
        connection.settimeout(15)
        assert b" 400 " in connection.recv(4096).split(b"\r\n")[0]


def connect(base, cert):
    host, port = base.removeprefix("https://").split(":")
    raw = socket.create_connection((host, int(port)), timeout=10)
    return ssl.create_default_context(cafile=cert).wrap_socket(raw, server_hostname=host)


def drip(connection, text, until):
    """Send a byte from time to time; returns the seconds until the server had enough of it."""
    started = time.monotonic()
    for byte in text:
        try:
            connection.sendall(bytes([byte]))
        except OSError:
            break
        if time.monotonic() > until:
            break
        time.sleep(0.2)
    return time.monotonic() - started


@pytest.mark.timeout(240)
@pytest.mark.requirement("X5")
def test_slow_and_silent_clients_hold_up_nobody(served, ehr):
    base, cert, *_ = served
    head = b"POST " + CALL.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"

    def body():
        authorization = ehr.authorization(base=base)["Authorization"].encode()
        return head + b"Content-Length: 5000\r\nAuthorization: " + authorization + b"\r\n\r\n{"

    until = time.monotonic() + 4 * READ_S
    with ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(connect_address(base))) for _ in range(60)]
        headers = [stack.enter_context(connect(base, cert)) for _ in range(SLOW)]
        bodies = [stack.enter_context(connect(base, cert)) for _ in range(SLOW)]
        for connection in bodies:
            connection.sendall(body())
        drippers = [threading.Thread(target=drip, args=(c, head * 4, until)) for c in headers]
        drippers += [threading.Thread(target=drip, args=(c, b" " * 400, until)) for c in bodies]
        for thread in drippers:
            thread.start()
        time.sleep(1)
        times = []
        for _ in range(5):
            status, seconds = post(base, cert, ehr.authorization(base=base))
            assert status == 200
            times.append(seconds)
        assert max(times) < READ_S + 2, times
        for thread in drippers:
            thread.join()
        assert len(silent) == 60
        for connection in headers + bodies:
            connection.settimeout(5)
            assert ended(connection), "a client that sent a byte a time was never cut off"


def connect_address(base):
    host, port = base.removeprefix("https://").split(":")
    return host, int(port)


def ended(connection):
    try:
        while connection.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def test_a_killed_supervisor_takes_its_children_along(served):
    """The last test here: it kills what the others ask."""
    *_, child = served
    below = descendants(child.pid)
    assert len(below) >= 4, "gunicorn, two web processes and the notifier"
    child.kill()
    child.wait()
    assert all_gone(below)
