"""A service that asks for tokens is tried with every kind of bad one; each hole is found under its own id."""

import base64
import json

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import request

from cds_service.conformance.result import Verdict
from tests.support.cds_server import CdsServer, Refused, serving_cds


def failures(rows):
    return {row.id for row in rows.values() if row.verdict is Verdict.FAILED}


@pytest.fixture
def server(identity):
    return CdsServer(public_jwk=identity.public_jwk)


def test_a_service_that_verifies_tokens_passes(checked, server):
    with serving_cds(server) as base:
        rows = checked(base)
    assert failures(rows) == set()
    for proven in ("J1", "J2", "J4", "J5", "J6", "J7", "J9", "J10", "J12"):
        assert rows[proven].verdict is Verdict.PASSED, rows[proven]


def claims_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def alg_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["alg"]


def takes_none(server, token):
    if alg_of(token) != "none":
        CdsServer.verify(server, token)


def takes_hmac_with_the_public_key(server, token):
    if alg_of(token) != "HS256":
        CdsServer.verify(server, token)


def takes_any_audience(server, token):
    key = jwt.PyJWK(server.public_jwk).key
    claims = jwt.decode(token, key, algorithms=["ES384"], issuer="https://sandbox.invalid",
                        options={"verify_aud": False, "require": ["exp", "jti"]})  # fmt: skip
    once(server, claims)


def takes_one_audience(server, token):
    if isinstance(claims_of(token)["aud"], list):
        raise Refused(401, None)
    CdsServer.verify(server, token)


def takes_expired(server, token):
    if claims_of(token).get("exp", 0) < claims_of(token)["iat"] + 1 or "exp" not in claims_of(token):
        raise Refused(401, None)
    key = jwt.PyJWK(server.public_jwk).key
    claims = jwt.decode(token, key, algorithms=["ES384"], issuer="https://sandbox.invalid",
                        audience=server.base + request.path,
                        options={"verify_exp": False, "require": ["jti"]})  # fmt: skip
    once(server, claims)


def takes_replays(server, token):
    server.seen_tokens.clear()
    CdsServer.verify(server, token)


def takes_any_issuer(server, token):
    key = jwt.PyJWK(server.public_jwk).key
    claims = jwt.decode(token, key, algorithms=["ES384"], audience=server.base + request.path,
                        options={"require": ["exp", "jti"]})  # fmt: skip
    once(server, claims)


def takes_unsigned_changes(server, token):
    if not claims_of(token).get("sub"):
        CdsServer.verify(server, token)


def takes_tokens_without_exp(server, token):
    if "exp" in claims_of(token):
        CdsServer.verify(server, token)


def once(server, claims):
    if claims["jti"] in server.seen_tokens:
        raise Refused(401, None)
    server.seen_tokens.add(claims["jti"])


HOLES = [
    ("J4", takes_tokens_without_exp),
    ("J5", takes_any_audience),
    ("J5", takes_one_audience),
    ("J6", takes_none),
    ("J7", takes_hmac_with_the_public_key),
    ("J9", takes_any_issuer),
    ("J10", takes_expired),
    ("J10", takes_replays),
    ("J10", takes_unsigned_changes),
]


@pytest.mark.parametrize(("requirement", "verify"), HOLES)
def test_each_hole_is_found(checked, server, requirement, verify):
    server.verify = lambda token: verify(server, token)
    with serving_cds(server) as base:
        assert failures(checked(base)) == {requirement}


def test_j7_the_forged_signature_is_a_real_one(checked, server, identity):
    """A verifier that takes HS256 with the public key in PEM would believe the token: the check is no empty threat."""
    believed = []
    pem = identity.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def verify(token):
        if alg_of(token) == "HS256":
            import hashlib
            import hmac

            signed, _, signature = token.rpartition(".")
            expected = base64.urlsafe_b64encode(hmac.digest(pem, signed.encode(), hashlib.sha256)).rstrip(b"=")
            believed.append(expected.decode() == signature)
            raise Refused(401, None)
        CdsServer.verify(server, token)

    server.verify = verify
    with serving_cds(server) as base:
        assert failures(checked(base)) == set()
    assert True in believed


def test_j2_feedback_asks_for_a_token_too(checked, server):
    server.authenticate = lambda: None if request.path.endswith("/feedback") else CdsServer.authenticate(server)
    with serving_cds(server) as base:
        assert failures(checked(base)) == {"J2"}


def test_j2_discovery_may_be_open(checked, server):
    server.authenticate = lambda: None if request.method == "GET" else CdsServer.authenticate(server)
    with serving_cds(server) as base:
        assert failures(checked(base)) == set()


@pytest.mark.parametrize("body", ["The token has expired.", '{"error": "wrong audience"}'])
def test_j12_a_refusal_tells_nothing(checked, server, body):
    refuses = server.refuse
    server.refuse = lambda error: (body, 401) if error.status == 401 else refuses(error)
    with serving_cds(server) as base:
        assert failures(checked(base)) == {"J12"}


def test_j12_refusals_that_differ_tell_what_was_wrong(checked, server):
    refuses = server.refuse
    server.refuse = lambda error: ("x" * len(server.seen_tokens), 401) if error.status == 401 else refuses(error)
    with serving_cds(server) as base:
        assert failures(checked(base)) == {"J12"}


def test_a_service_that_does_not_know_the_client_is_not_called_broken(outcome_of, checked, server):
    server.public_jwk = None
    server.authenticate = lambda: None if request.method == "GET" else (_ for _ in ()).throw(Refused(401, None))
    with serving_cds(server) as base:
        outcome = outcome_of(base)
        rows = checked(base)
    assert outcome.refused
    assert failures(rows) == {"F1"}
    assert rows["J6"].verdict is Verdict.SKIPPED
    assert rows["J12"].verdict is Verdict.SKIPPED
