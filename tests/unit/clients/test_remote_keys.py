"""Key sets from a URL: cached, refetched with restraint, kept for a while when their server fails."""

import json

import pytest

from cds_service.clients.keys import REFETCH_S, RETRY_S, STALE_S, KeyRing
from cds_service.outbound import OutboundFailed, Reply
from tests.support.tokens import key_set, private_key, public_jwk

URL = "https://ehr.example.org/jwks.json"
OLD, NEW = public_jwk(private_key(), kid="old"), public_jwk(private_key(), kid="new")


class Server:
    """Stands where the network is: what it serves, and how often it was asked."""

    def __init__(self):
        self.content = key_set(OLD)
        self.status = 200
        self.down = False
        self.asked = []

    def get(self, base, relative="", *, headers, deadline, max_bytes):
        self.asked.append(str(base))
        if self.down:
            raise OutboundFailed("down")
        return Reply(status=self.status, media_type="application/json", body=json.dumps(self.content).encode())


@pytest.fixture
def server():
    return Server()


@pytest.fixture
def clock():
    return [1000.0]


@pytest.fixture
def ring(server, clock):
    return KeyRing(server, cache_s=600, clock=lambda: clock[0])


def kids(ring, kid):
    return [key.kid for key in ring.at_url(URL, kid)]


@pytest.mark.requirement("J13")
def test_a_set_is_fetched_once_while_it_is_fresh(ring, server, clock):
    assert kids(ring, "old") == ["old"]
    clock[0] += 599
    assert kids(ring, "old") == ["old"]
    assert len(server.asked) == 1


@pytest.mark.requirement("J13")
def test_a_new_key_is_found_at_once_and_an_unknown_one_asks_once_a_minute(ring, server, clock):
    kids(ring, "old")
    server.content = key_set(OLD, NEW)
    assert kids(ring, "new") == []  # asked within the minute: restraint
    clock[0] += REFETCH_S
    assert kids(ring, "new") == ["new"]
    for _ in range(20):
        assert kids(ring, "nobody") == []
    assert len(server.asked) == 2


@pytest.mark.requirement("J13")
def test_a_removed_key_ends_with_the_cache(ring, server, clock):
    kids(ring, "old")
    server.content = key_set(NEW)
    clock[0] += 601
    assert kids(ring, "old") == []
    assert kids(ring, "new") == ["new"]


def test_a_server_that_fails_leaves_the_keys_for_an_hour(ring, server, clock):
    kids(ring, "old")
    server.down = True
    clock[0] += 601
    assert kids(ring, "old") == ["old"]
    clock[0] += STALE_S
    assert kids(ring, "old") == []


def test_without_keys_it_tries_again_sooner(ring, server, clock):
    server.down = True
    assert kids(ring, "old") == []
    server.down = False
    assert kids(ring, "old") == []
    clock[0] += RETRY_S
    assert kids(ring, "old") == ["old"]


@pytest.mark.parametrize("content", [[], "x", {"keys": 3}, {"keys": [1, None]}, {"error": "no"}])
def test_nonsense_is_no_key_set(ring, server, content):
    server.content = content
    assert kids(ring, "old") == []


def test_an_error_answer_is_no_key_set(ring, server):
    server.status = 404
    assert kids(ring, "old") == []
