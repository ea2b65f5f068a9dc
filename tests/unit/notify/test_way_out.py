"""Nothing that is sent goes anywhere but to the listed host, at an address that such a host may have."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest

from cds_service.outbound import BaseUrl, Outbound, OutboundFailed, OutboundRefused
from tests.support.fhir_server import dialled
from tests.support.receivers import http_receiver

FORBIDDEN = ("127.0.0.1", "169.254.169.254", "0.0.0.0", "::1", "::ffff:127.0.0.1")


def leading_to(address: str) -> Outbound:
    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    return Outbound(resolve=resolve)


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_listed_name_that_leads_to_this_machine_or_its_link_gets_nothing(address: str) -> None:
    outbound, deadline = leading_to(address), time.monotonic() + 2
    with dialled() as tried:
        with pytest.raises(OutboundRefused):
            outbound.post(
                BaseUrl.parse("https://pager.example"), content=b"{}", headers={}, deadline=deadline, max_bytes=10
            )
        with pytest.raises(OutboundRefused), outbound.dial("mail.example", 587, deadline=deadline):
            pass
    assert tried == []


def test_a_name_that_does_not_resolve_fails_in_fixed_words() -> None:
    def nowhere(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "canary.mail.example")

    with (
        pytest.raises(OutboundFailed) as caught,
        Outbound(resolve=nowhere).dial("mail.example", 25, deadline=time.monotonic() + 1),
    ):
        pass
    assert str(caught.value) == "the request failed: unreachable"


def test_a_line_is_cut_when_its_time_is_up_whatever_the_other_side_drips() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        began = time.monotonic()
        with Outbound().dial("127.0.0.1", server.getsockname()[1], deadline=began + 0.3) as line:
            line.settimeout(5)
            assert line.recv(1) == b""
        assert 0.2 < time.monotonic() - began < 2


def test_what_is_posted_arrives_once_with_its_headers() -> None:
    with http_receiver() as receiver:
        reply = Outbound().post(
            BaseUrl.parse(receiver.url),
            "told",
            content=b"some bytes",
            headers={"Idempotency-Key": "k-1"},
            deadline=time.monotonic() + 5,
            max_bytes=100,
        )
    assert (reply.status, [(p.path, p.body) for p in receiver.posts]) == (200, [("/told", b"some bytes")])
    assert receiver.keys() == ["k-1"]
