"""The way out: what is a URL, which addresses a listed host may have, and that a request ends in time and size."""

import logging
import socket
import threading
import time
from contextlib import contextmanager, suppress
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.outbound import BaseUrl, Outbound, OutboundFailed, OutboundRefused
from cds_service.outbound.addresses import permitted
from tests.support.certificates import authority, server_context
from tests.support.fhir_server import Answer, dialled, fhir_server

SECRET = "canary-token"


def get(server, relative="Patient/p1", *, outbound=None, seconds=5.0, max_bytes=100_000, headers=None):
    base = server if isinstance(server, BaseUrl) else BaseUrl.parse(server.base)
    return (outbound or Outbound()).get(
        base, relative, headers=headers or {}, deadline=time.monotonic() + seconds, max_bytes=max_bytes
    )


def failure(*args, **options) -> str:
    with pytest.raises(OutboundFailed) as raised:
        get(*args, **options)
    return raised.value.code


@pytest.fixture
def server():
    with fhir_server() as script:
        yield script


@contextmanager
def peer(talk):
    """Yields the port of a server that gives every connection to `talk`."""
    listening = socket.create_server(("127.0.0.1", 0))

    def converse(connection: socket.socket) -> None:
        with suppress(OSError):  # the other side hangs up
            talk(connection)

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=converse, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.close()


# -- URLs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("https://ehr.example.org", "https://ehr.example.org"),
        ("https://ehr.example.org/", "https://ehr.example.org"),
        ("HTTPS://EHR.Example.ORG:443/FHIR/r4/", "https://ehr.example.org/FHIR/r4"),
        ("https://ehr.example.org:8443/fhir", "https://ehr.example.org:8443/fhir"),
        ("https://10.1.2.3/fhir", "https://10.1.2.3/fhir"),
        ("https://[2001:DB8:0:0::1]:8443/fhir", "https://[2001:db8::1]:8443/fhir"),
        ("https://[::ffff:10.1.2.3]/fhir", "https://[::ffff:a01:203]/fhir"),
        ("https://fhir_server/api", "https://fhir_server/api"),
        ("https://ehr.example.org/a-b/c~d", "https://ehr.example.org/a-b/c~d"),
        ("http://localhost:8080/fhir", "http://localhost:8080/fhir"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("http://127.8.8.8:80/fhir", "http://127.8.8.8/fhir"),
        ("http://[::1]:9000", "http://[::1]:9000"),
    ],
)
def test_a_base_url_is_read_and_written_in_one_spelling(text, read):
    assert str(BaseUrl.parse(text)) == read
    assert BaseUrl.parse(read) == BaseUrl.parse(text)


@pytest.mark.requirement("X3")
@pytest.mark.parametrize(
    "text",
    [
        "", "ehr.example.org", "//ehr.example.org", "https:/ehr.example.org", "https:///fhir", "https://",
        "ftp://ehr.example.org", "file:///etc/passwd", "data:application/json,{}", "gopher://ehr.example.org",
        "http://ehr.example.org", "http://10.1.2.3", "http://localhost.evil.test", "http://[::ffff:127.0.0.1]",
        "https://ehr.example.org?x=1", "https://ehr.example.org#x", "https://ehr.example.org/fhir?", "https://e/#",
        "https://ehr.example.org\\@evil.test", "https://ehr.example.org/a\\b", "https://ehr.example.org/a b",
        "https://ehr.example.org/ä", "https://ëhr.example.org", "https://ehr。example。org", "https://ehr.example.org\n",
        " https://ehr.example.org", "https://ehr.exa\tmple.org", "https://ehr.example.org/\x00", "https://ehr.example.org\r",
        "https://ehr.example.org.", "https://.example.org", "https://ehr..example.org", "https://-ehr.example.org",
        "https://ehr-.example.org", "https://ehr.example.org:0", "https://ehr.example.org:65536",
        "https://ehr.example.org:", "https://ehr.example.org:+443", "https://ehr.example.org:0443",
        "https://ehr.example.org:4 43", "https://ehr.example.org:443:443", "https://*.example.org",
        f"https://{'a' * 64}.example.org", f"https://{'a.' * 130}org", "https://ehr.example.org/" + "a" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_base_url_is_refused(text):
    with pytest.raises(ValueError, match=r"^[a-zA-Z0-9 ,:/;.-]+$") as raised:
        BaseUrl.parse(text)
    assert "example" not in str(raised.value)


@pytest.mark.requirement("X3")
@pytest.mark.parametrize(
    "host",
    [
        "2130706433", "0", "0177.0.0.1", "017700000001", "0x7f000001", "0x7f.0.0.1", "127.1", "127.0.1", "127.0.0.01",
        "127.0.0.256", "127.0.0.0.1", "1.2.3.4.5", "10.0.0.0x1", "ehr.0x", "ehr.1", "[::1%25lo]", "[::1%lo]", "[1]",
        "[127.0.0.1]", "[]", "[localhost]", "[:::1]", "[::1", "::1", "[v1.x]",
    ],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_odd_spelling_of_an_address_is_refused(scheme, host):
    with pytest.raises(ValueError, match=r"^an? (address is written as|base URL is)"):
        BaseUrl.parse(f"{scheme}://{host}/fhir")


@pytest.mark.requirement("X3")
@pytest.mark.parametrize(
    ("base", "other"),
    [
        ("https://ehr.example.org", "https://ehr.example.org/fhir"),
        ("https://ehr.example.org/fhir", "https://ehr.example.org/fhir"),
        ("https://ehr.example.org/fhir", "https://EHR.example.org:443/fhir/r4/"),
    ],
)
def test_a_base_holds_what_lies_under_it(base, other):
    assert BaseUrl.parse(base).holds(BaseUrl.parse(other))


@pytest.mark.requirement("X3")
@pytest.mark.parametrize(
    "other",
    [
        "https://ehr.example.org", "https://ehr.example.org/fhi", "https://ehr.example.org/fhir-evil",
        "https://ehr.example.org/fhirevil/fhir", "https://ehr.example.org/FHIR", "https://ehr.example.org/x/fhir",
        "https://ehr.example.org:8443/fhir", "https://ehr.example.org.evil.test/fhir", "https://evil.test/fhir",
        "https://xehr.example.org/fhir", "https://example.org/fhir",
    ],
)  # fmt: skip
def test_a_base_does_not_hold_a_lookalike(other):
    assert not BaseUrl.parse("https://ehr.example.org/fhir").holds(BaseUrl.parse(other))


@given(st.text(alphabet="https:/.@[]%?#\\012xaf-fhir", max_size=40) | st.text(max_size=40))
def test_what_is_read_is_written_and_read_the_same(text):
    try:
        read = BaseUrl.parse(text)
    except ValueError:
        return
    assert BaseUrl.parse(str(read)) == read
    assert str(read).isascii()
    assert read.holds(read)


# -- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("X3")
@pytest.mark.parametrize(
    "address", ["10.1.2.3", "172.16.0.9", "192.168.1.20", "93.184.216.34", "100.64.3.4", "fd12::7", "2600:1f18::1",
                "64:ff9b::5db8:d822", "2002:5db8:d822::1"],
)  # fmt: skip
def test_a_listed_name_may_be_a_public_or_private_address(address):
    assert permitted("ehr.example.org", ip_address(address))


FORBIDDEN = [
    "127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "0.0.0.7", "::", "169.254.169.254", "169.254.1.1", "fe80::1",
    "224.0.0.1", "ff02::1", "240.0.0.1", "255.255.255.255", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
    "::ffff:0.0.0.0", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::",
    "2002:a9fe:a9fe::1", "2001:0:7f00:1::", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254",
]  # fmt: skip


@pytest.mark.requirement("X3")
@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_listed_name_may_not_be_this_machine_its_link_or_no_server(address):
    assert not permitted("ehr.example.org", ip_address(address))


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_listed_address_is_that_address_and_no_other(address):
    assert permitted(str(ip_address(address)), ip_address(address))
    assert not permitted("10.1.2.3", ip_address(address))


@pytest.mark.parametrize(
    ("address", "may"), [("127.0.0.1", True), ("::1", True), ("10.1.2.3", False), ("fe80::1", False)]
)
def test_localhost_is_this_machine(address, may):
    assert permitted("localhost", ip_address(address)) is may


# -- requests --------------------------------------------------------------------------------------------------------


def test_a_reply_comes_back_whole(server):
    server.answers["Patient"] = Answer(status=418, content={"a": 1}, media_type='Application/FHIR+json;charset="utf-8"')
    reply = get(server, "Patient?code=x|y&z=%20", headers={"Authorization": f"Bearer {SECRET}"})
    assert (reply.status, reply.media_type, reply.body) == (418, "application/fhir+json", b'{"a": 1}')
    assert server.asked == ["Patient?code=x%7Cy&z=%20"]


def test_a_request_carries_the_callers_headers_and_a_few_of_ours(server):
    get(server, headers={"Authorization": f"Bearer {SECRET}"})
    assert server.requests[0].headers == {
        "Host": f"127.0.0.1:{server.port}",
        "Authorization": f"Bearer {SECRET}",
        "Accept-Encoding": "identity",
        "User-Agent": "cds-service",
        "Connection": "close",
    }


def test_the_base_itself_can_be_fetched(server):
    server.answers[""] = Answer(content={"keys": []})
    assert get(server, "").body == b'{"keys": []}'


@pytest.mark.parametrize(
    "relative",
    [
        "..", "a/../b", "a//b", "%2e%2e/x", "a%2fb", "a%20b", "..%3b/x", "%c0%af", "a;b", "a\\b", "a b",
        "a\nb", "ä", "a?b#c", "a?b c", "a?\r\nX: y",
        "a?b\\c", "//evil.test", "@evil.test", "a?ä",
    ],
)  # fmt: skip
def test_a_relative_url_that_could_lead_elsewhere_is_refused(server, relative):
    with pytest.raises(OutboundRefused):
        get(server, relative)
    assert server.connections == 0


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "\x00", "ä", "a\x7f"])
def test_a_header_that_could_end_its_line_is_refused(server, value):
    with pytest.raises(OutboundRefused) as raised:
        get(server, headers={"Authorization": value})
    assert value not in str(raised.value)
    assert server.connections == 0


def test_no_proxy_netrc_or_cookie_is_used(server, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.answers["*"] = Answer(content={}, headers={"Set-Cookie": "a=b; Path=/"})
    outbound = Outbound()
    for _ in range(2):
        assert get(server, outbound=outbound).status == 200
        assert not {"Authorization", "Cookie"} & set(server.requests[-1].headers)


@pytest.mark.requirement("X3")
@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_is_a_failure_and_its_body_is_not_read(server, status):
    headers = {"Location": f"{server.base}/Patient/other"}
    server.answers["Patient/p1"] = Answer(status=status, body=b"x" * 1000, drip_s=0.5, headers=headers)
    start = time.monotonic()
    assert failure(server) == "redirect"
    assert time.monotonic() - start < 5
    assert server.asked == ["Patient/p1"]


def test_too_many_bytes_are_a_failure(server):
    server.answers["Patient/p1"] = Answer(body=b"x" * 1000)
    assert failure(server, max_bytes=999) == "too-large"
    assert len(get(server, max_bytes=1000).body) == 1000
    server.answers["Patient/p1"] = Answer(body=b"x", headers={"Content-Length": "1000"}, stall_s=0)
    assert failure(server, max_bytes=999) == "too-large"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"x", headers={"Content-Encoding": "gzip"}),
        Answer(body=b"x", headers={"Content-Encoding": "br"}),
        Answer(body=b"x", headers={"Content-Length": "2"}),
        Answer(body=b"x", headers={"Content-Length": "many"}),
        Answer(body=b"zz\r\nx", headers={"Transfer-Encoding": "chunked"}),
    ],
)
def test_a_reply_that_is_packed_cut_or_broken_is_a_failure(server, answer):
    server.answers["Patient/p1"] = answer
    assert failure(server) == "unreadable"


@pytest.mark.parametrize("raw", [b"", b"\x16\x03\x01garbage", b"HTTP/1.1 abc\r\n\r\n", b"SSH-2.0-x\r\n"])
def test_what_does_not_speak_http_is_a_failure(server, raw):
    server.answers["Patient/p1"] = Answer(raw=raw or b"\r\n")
    assert failure(server) in ("unreachable", "unreadable")


def test_nobody_there_is_a_failure():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert failure(BaseUrl.parse(f"http://127.0.0.1:{port}")) == "unreachable"


def test_a_name_that_does_not_resolve_is_a_failure():
    def resolve(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    assert failure(BaseUrl.parse("https://ehr.example.org"), outbound=Outbound(resolve=resolve)) == "unreachable"


HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.requirement("X3")
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(content={}, stall_s=30), id="stall"),
        pytest.param(Answer(raw=HEAD + b"X: y\r\n" * 1000, drip_s=0.05), id="headers-dripped"),
        pytest.param(Answer(raw=b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, drip_s=0.01), id="endless-100-continue"),
        pytest.param(Answer(body=b"x" * 1000, drip_s=0.05), id="body-dripped"),
        pytest.param(Answer(body=b"x" * 1000, drip_s=0.05, headers={"Content-Length": "1000"}), id="length-dripped"),
        pytest.param(
            Answer(body=b"1\r\nx\r\n" * 1000, drip_s=0.02, headers={"Transfer-Encoding": "chunked"}),
            id="chunks-dripped",
        ),
    ],
)
def test_the_deadline_holds_against_a_server_that_keeps_sending(server, answer):
    server.answers["Patient/p1"] = answer
    start = time.monotonic()
    assert failure(server, seconds=0.4) == "timeout"
    assert time.monotonic() - start < 3


def test_the_connection_is_gone_after_the_deadline():
    ended = threading.Event()

    def talk(connection: socket.socket) -> None:
        try:
            while True:
                connection.sendall(b"H")
                time.sleep(0.02)
        except OSError:
            ended.set()

    with peer(talk) as port:
        assert failure(BaseUrl.parse(f"http://127.0.0.1:{port}"), seconds=0.2) == "timeout"
        assert ended.wait(5)


def test_the_deadline_holds_during_the_tls_handshake():
    def talk(connection: socket.socket) -> None:
        record = b"\x16\x03\x03\x40\x00"  # a handshake record that never gets full
        for byte in record + b"\x02" * 1000:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    with peer(talk) as port:
        start = time.monotonic()
        assert failure(BaseUrl.parse(f"https://127.0.0.1:{port}"), seconds=0.4) == "timeout"
        assert time.monotonic() - start < 3


def test_the_deadline_holds_while_a_name_is_resolved():
    release = threading.Event()

    def resolve(*_, **__):
        release.wait(10)
        return []

    start = time.monotonic()
    assert (
        failure(BaseUrl.parse("https://ehr.example.org"), outbound=Outbound(resolve=resolve), seconds=0.3) == "timeout"
    )
    assert time.monotonic() - start < 3
    release.set()


def test_a_deadline_that_has_passed_sends_nothing(server):
    assert failure(server, seconds=-1) == "timeout"
    time.sleep(0.05)
    assert server.requests == []


# -- addresses of a request ------------------------------------------------------------------------------------------


def names(**hosts):
    """A resolver, and the list of names that it was asked for."""
    asked = []

    def resolve(host, port, type):  # noqa: A002 - as socket.getaddrinfo calls it
        asked.append(host)
        return [
            (socket.AF_INET6 if ":" in a else socket.AF_INET, type, 6, "", (a, port)) for a in hosts[host.split(".")[0]]
        ]

    return resolve, asked


def test_a_name_is_resolved_once_and_an_address_never(server):
    resolve, asked = names(localhost=["127.0.0.1"])
    outbound = Outbound(resolve=resolve)
    with dialled() as tried:
        get(BaseUrl.parse(server.base.replace("127.0.0.1", "localhost")), outbound=outbound)
        assert (asked, tried) == (["localhost"], [server.address])
        assert server.requests[-1].headers["Host"] == f"localhost:{server.port}"
        get(server, outbound=outbound)
    assert asked == ["localhost"]


def test_the_next_address_is_tried_when_one_does_not_answer(server):
    resolve, _ = names(localhost=["127.0.0.2", "127.0.0.1"])
    base = BaseUrl.parse(server.base.replace("127.0.0.1", "localhost"))
    with dialled() as tried:
        assert get(base, outbound=Outbound(resolve=resolve)).status == 404
    assert [address for address, _ in tried] == ["127.0.0.2", "127.0.0.1"]


@pytest.mark.requirement("X3")
@pytest.mark.parametrize("forbidden", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fe80::1%1", "junk"])
def test_one_forbidden_address_among_several_refuses_all(forbidden):
    resolve, asked = names(ehr=["93.184.216.34", forbidden])
    with dialled() as tried, pytest.raises(OutboundRefused):
        get(BaseUrl.parse("https://ehr.example.org"), outbound=Outbound(resolve=resolve))
    assert (asked, tried) == (["ehr.example.org"], [])


# -- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return authority(tmp_path_factory.mktemp("ca"))


@contextmanager
def tls_server(ca, name):
    def talk(connection: socket.socket) -> None:
        with server_context(ca, name).wrap_socket(connection, server_side=True) as spoken:
            spoken.recv(10_000)
            spoken.sendall(HEAD + b"\r\n{}")

    with peer(talk) as port:
        yield port


def test_a_trusted_certificate_for_the_listed_name_is_accepted(ca):
    resolve, _ = names(localhost=["127.0.0.1"])
    with tls_server(ca, "localhost") as port:
        outbound = Outbound(resolve=resolve, ca_file=ca.file)
        assert get(BaseUrl.parse(f"https://localhost:{port}"), outbound=outbound).body == b"{}"


def test_a_trusted_certificate_for_the_listed_address_is_accepted(ca):
    with tls_server(ca, "127.0.0.1") as port:
        assert get(BaseUrl.parse(f"https://127.0.0.1:{port}"), outbound=Outbound(ca_file=ca.file)).body == b"{}"


@pytest.mark.requirement("A1", "X3")
def test_a_certificate_for_another_name_is_refused(ca):
    resolve, _ = names(localhost=["127.0.0.1"])
    with tls_server(ca, "ehr.example.org") as port:
        outbound = Outbound(resolve=resolve, ca_file=ca.file)
        assert failure(BaseUrl.parse(f"https://localhost:{port}"), outbound=outbound) == "tls"


@pytest.mark.requirement("A1", "X3")
def test_a_certificate_of_an_unknown_authority_is_refused(ca):
    with tls_server(ca, "127.0.0.1") as port:
        assert failure(BaseUrl.parse(f"https://127.0.0.1:{port}")) == "tls"


# -- what is never said ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("E7", "X6")
@pytest.mark.parametrize(
    "answer",
    [
        Answer(content={}, stall_s=5),
        Answer(status=302, content={}, headers={"Location": "http://127.0.0.1:9/secret-path"}),
        Answer(raw=b"HTTP/1.1 200 OK\r\nbroken header\r\n\r\nx"),
        Answer(raw=b"nonsense"),
        Answer(body=b"x" * 200_000),
    ],
)
def test_no_error_or_log_line_holds_url_or_token(server, answer, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    server.answers["*"] = answer
    error = _error(server, "Patient/secret-id?x=secret-id", headers={"Authorization": f"Bearer {SECRET}"}, seconds=0.5)
    assert server.requests
    said = caplog.text + "".join(capfd.readouterr())
    if error is not None:
        assert (error.__cause__, error.__context__) == (None, None)
        said += f"{error!r} {error} {error.args} {error.__dict__}"
    assert not [word for word in (SECRET, "secret-id", "secret-path", "127.0.0.1") if word in said]


def _error(*args, **options) -> Exception | None:
    try:
        get(*args, **options)
    except (OutboundFailed, OutboundRefused) as error:
        return error
    return None
