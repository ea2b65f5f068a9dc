"""Client authentication: every way in which a token can be wrong ends in the same bare 401 (checklist section J)."""

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime

import jwt
import pytest
import structlog
from cryptography.hazmat.primitives import serialization

from cds_service.sample.chart import request_body
from tests.support.apps import app_of
from tests.support.tokens import BASE, CALL, ISS, EhrClient, clients_file, key_set, private_key, public_jwk

requirement = pytest.mark.requirement


@pytest.fixture(scope="module")
def ehr():
    return EhrClient(private_key())


@pytest.fixture(scope="module")
def rsa_key():
    return private_key("RS384")


@pytest.fixture(scope="module")
def home(tmp_path_factory, ehr, rsa_key):
    folder = tmp_path_factory.mktemp("clients")
    clients_file(
        folder,
        {"name": "ehr", "iss": ISS, "jwks": key_set(public_jwk(ehr.key), public_jwk(rsa_key, kid="rsa"))},
        {
            "name": "other", "iss": "https://other.example.org", "tenants": ["north", "south"],
            "services": ["another-service"], "jwks": key_set(public_jwk(ehr.key)),
        },
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def signed(built, home):
    return app_of(
        built,
        signed=True,
        clients_file=home / "clients.toml",
        external_url=BASE,
        shared_url=f"sqlite:///{home / 'shared.sqlite3'}",
    )


@pytest.fixture
def web(signed):
    return signed.test_client()


def status(web, header, path=CALL, body=None):
    response = web.post(path, json=body or request_body(datetime.now(UTC)), headers=header)
    if response.status_code == 401:
        assert response.data == b""  # J12: no detail
        assert response.headers["WWW-Authenticate"] == "Bearer"
    return response.status_code


def b64(data):
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(header, claims, signature=b""):
    return {"Authorization": f"Bearer {b64(header)}.{b64(claims)}.{b64(signature)}"}


def claims(**changed):
    now = int(time.time())
    return {"iss": ISS, "aud": BASE + CALL, "iat": now, "exp": now + 300, "jti": "x1"} | changed


# -- what is let in ------------------------------------------------------------------------------------------------


@requirement("J1", "J2", "J3", "J4")
def test_a_signed_call_is_answered_and_an_unsigned_one_is_not(web, ehr):
    assert status(web, ehr.authorization()) == 200
    assert status(web, {}) == 401


@requirement("J2", "B14")
def test_discovery_needs_a_token_of_its_own(web, ehr):
    assert web.get("/cds-services").status_code == 401
    assert web.get("/cds-services", headers=ehr.authorization("/cds-services")).status_code == 200


@requirement("B14")
def test_the_operator_may_leave_discovery_open(built, home, ehr):
    shared = f"sqlite:///{home / 'shared.sqlite3'}"
    web = app_of(
        built,
        signed=True,
        clients_file=home / "clients.toml",
        external_url=BASE,
        open_discovery=True,
        shared_url=shared,
    ).test_client()
    assert web.get("/cds-services").status_code == 200
    assert status(web, {}) == 401


@requirement("J2", "FB8")
def test_feedback_needs_a_token_for_the_feedback_url(web, ehr):
    card = web.post(CALL, json=request_body(datetime.now(UTC)), headers=ehr.authorization()).json["cards"][0]
    item = {
        "card": card["uuid"], "outcome": "accepted", "outcomeTimestamp": "2026-01-02T03:04:05Z",
        "acceptedSuggestions": [{"id": card["suggestions"][0]["uuid"]}],
    }  # fmt: skip
    path, body = f"{CALL}/feedback", {"feedback": [item]}
    assert status(web, ehr.authorization(), path, body) == 401
    assert status(web, ehr.authorization(path), path, body) == 200


@requirement("J5")
@pytest.mark.parametrize("aud", [BASE + CALL, [BASE + CALL], ["https://elsewhere.example", BASE + CALL]])
def test_the_audience_may_be_a_string_or_an_array(web, ehr, aud):
    assert status(web, ehr.authorization(aud=aud)) == 200


@requirement("J8")
def test_rs384_and_es384_are_accepted(web, rsa_key):
    assert status(web, EhrClient(rsa_key, algorithm="RS384", kid="rsa").authorization()) == 200


@requirement("J4")
def test_extra_claims_are_ignored(web, ehr):
    now = time.time()
    assert status(web, ehr.authorization(sub="someone", nbf=now - 300, azp=["x"], extra={"a": 1})) == 200


@requirement("J14")
def test_clocks_may_differ_by_some_seconds(web, ehr):
    now = time.time()
    assert status(web, ehr.authorization(iat=now + 5, nbf=now + 5, exp=now + 300)) == 200
    assert status(web, ehr.authorization(iat=now - 300, exp=now - 5)) == 200


@requirement("J15")
def test_a_lifetime_of_fifteen_minutes_is_accepted(web, ehr):
    now = time.time()
    assert status(web, ehr.authorization(iat=now, exp=now + 900)) == 200


# -- what is not ---------------------------------------------------------------------------------------------------


@requirement("J6")
@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", ""])
def test_alg_none(web, alg):
    assert status(web, forged({"alg": alg, "typ": "JWT", "kid": "k1"}, claims())) == 401


@requirement("J7", "J8")
@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
@pytest.mark.parametrize("kid", ["k1", "rsa"])
def test_a_symmetric_signature_with_the_public_key(web, ehr, rsa_key, alg, kid):
    key = (ehr.key if kid == "k1" else rsa_key).public_key()
    secrets = [
        key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        json.dumps(public_jwk(ehr.key if kid == "k1" else rsa_key, kid=kid)).encode(),
        b"",
    ]
    header, body = {"alg": alg, "typ": "JWT", "kid": kid}, claims()
    for secret in secrets:
        signature = hmac.new(secret, f"{b64(header)}.{b64(body)}".encode(), getattr(hashlib, f"sha{alg[2:]}")).digest()
        assert status(web, forged(header, body, signature)) == 401


@requirement("J8")
@pytest.mark.parametrize(
    ("algorithm", "kid"), [("RS256", "rsa"), ("PS384", "rsa"), ("RS512", "rsa"), ("RS384", "k1"), ("ES384", "rsa")]
)
def test_the_algorithm_is_bound_to_key_and_list(web, ehr, rsa_key, algorithm, kid):
    key = ehr.key if algorithm.startswith("ES") else rsa_key
    assert status(web, EhrClient(key, algorithm=algorithm, kid=kid).authorization()) == 401


@requirement("J3")
@pytest.mark.parametrize(
    "header",
    [
        {"kid": None},
        {"kid": ""},
        {"kid": "unknown"},
        {"kid": "../../../../dev/null"},
        {"kid": "k1' OR '1'='1"},
        {"kid": "K1"},
        {"typ": ""},
        {"typ": "at+jwt"},
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"crit": ["urn:example:unknown"], "urn:example:unknown": True},
        {"crit": "b64"},
    ],
)
def test_a_wrong_header(web, ehr, header):
    assert status(web, ehr.authorization(header=header)) == 401


def test_a_kid_that_is_no_string(web, ehr):
    for kid in (1, ["k1"], {"k": 1}, True):
        assert status(web, forged({"alg": "ES384", "typ": "JWT", "kid": kid}, claims())) == 401


def test_the_key_inside_the_token_is_not_believed(web):
    own = private_key()
    embedded = EhrClient(own, kid="k1").authorization(header={"jwk": public_jwk(own), "x5c": ["AAAA"]})
    assert status(web, embedded) == 401
    assert status(web, EhrClient(own).authorization()) == 401


@requirement("J5")
@pytest.mark.parametrize(
    "aud",
    [
        None,
        "",
        [],
        BASE,
        BASE + "/cds-services",
        BASE + CALL + "/",
        BASE + CALL + "/feedback",
        "http://cds.example.org" + CALL,
        "https://cds.example.org:8443" + CALL,
        "https://cds.example.org.evil.test" + CALL,
        {"aud": BASE + CALL},
        [[BASE + CALL]],
        7,
        True,
    ],
)
def test_a_wrong_audience(web, ehr, aud):
    assert status(web, ehr.authorization(aud=aud)) == 401


@requirement("J9")
@pytest.mark.parametrize(
    "iss",
    [None, "", "https://ehr.example.org/", "https://EHR.example.org", "https://evil.test", 5, [ISS], {"iss": ISS}],
)
def test_a_wrong_issuer(web, iss):
    assert status(web, forged({"alg": "ES384", "typ": "JWT", "kid": "k1"}, claims(iss=iss))) == 401


def test_one_issuer_s_key_does_not_sign_for_another(built, tmp_path, ehr):
    other = private_key()
    path = clients_file(
        tmp_path,
        {"name": "a", "iss": ISS, "jwks": key_set(public_jwk(ehr.key))},
        {"name": "b", "iss": "https://b.example.org", "jwks": key_set(public_jwk(other))},
    )
    web = app_of(
        built, signed=True, clients_file=path, external_url=BASE, shared_url=f"sqlite:///{tmp_path / 's.sqlite3'}"
    ).test_client()
    assert status(web, EhrClient(other, iss=ISS).authorization()) == 401
    assert status(web, EhrClient(other, iss="https://b.example.org").authorization()) == 200


@requirement("J4")
@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "iat", "jti"])
def test_a_missing_claim(web, ehr, claim):
    assert status(web, ehr.authorization(**{claim: None})) == 401


@requirement("J4")
@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", ["soon", [], {}, True, 1e300, -1e300, 253402300799, -62135596800, -1])
def test_a_time_that_is_none(web, ehr, claim, value):
    token = forged({"alg": "ES384", "typ": "JWT", "kid": "k1"}, claims(**{claim: value}))
    assert status(web, token) == 401


@pytest.mark.parametrize("jti", ["", 7, ["x"], "\ud800", "\u00e9", "x" * 501, "a\nb"])
def test_an_id_that_is_none(web, ehr, jti):
    assert status(web, ehr.authorization(jti=jti)) == 401


def test_expired_future_and_everlasting_tokens(web, ehr):
    now = time.time()
    assert status(web, ehr.authorization(iat=now - 600, exp=now - 120)) == 401
    assert status(web, ehr.authorization(iat=now + 600, exp=now + 900)) == 401
    assert status(web, ehr.authorization(nbf=now + 600)) == 401
    assert status(web, ehr.authorization(iat=now, exp=now + 400 * 86_400)) == 401
    assert status(web, ehr.authorization(iat=now - 86_000, exp=now + 300)) == 401


@requirement("J10", "J16")
def test_a_token_is_good_once(web, ehr):
    token = ehr.authorization()
    assert status(web, token) == 200
    assert status(web, token) == 401


@requirement("J16")
def test_another_issuer_may_use_the_same_jti(web, ehr):
    assert status(web, ehr.authorization(jti="the-same")) == 200
    other = EhrClient(ehr.key, iss="https://other.example.org")
    path = "/cds-services"
    assert web.get(path, headers=other.authorization(path, jti="the-same", tenant="north")).status_code == 200


def test_a_token_that_fails_is_not_remembered(web, ehr):
    assert status(web, ehr.authorization(jti="kept", aud="https://wrong.example")) == 401
    assert status(web, ehr.authorization(jti="kept")) == 200


@requirement("J9", "J10")
@pytest.mark.parametrize("tenant", [None, "", "west", "North", "north ", ["north"], 3, "Patient/1"])
def test_an_unknown_tenant(web, ehr, tenant):
    other = EhrClient(ehr.key, iss="https://other.example.org")
    path = "/cds-services"
    assert web.get(path, headers=other.authorization(path, tenant=tenant)).status_code == 401
    assert web.get(path, headers=other.authorization(path, tenant="south")).status_code == 200


@requirement("X4")
def test_a_client_calls_only_the_services_it_is_registered_for(web, ehr):
    other = EhrClient(ehr.key, iss="https://other.example.org")
    assert status(web, other.authorization(tenant="north")) == 403
    shown = web.get("/cds-services", headers=other.authorization("/cds-services", tenant="north"))
    assert shown.json == {"services": []}


@pytest.mark.parametrize(
    "header",
    [
        "", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "bearer", "Bearer a", "Bearer a.b", "Bearer a.b.c", "Bearer ..",
        "Bearer a.b.c.d.e", "Bearer \u00e9.\u00e9.\u00e9", "Bearer " + "A" * 100_000, "Token x", "Bearer null",
        "Bearer " + b64([1, 2]) + "." + b64("x") + "." + b64(b"x"),
        "Bearer " + b64({"alg": "ES384", "kid": "k1", "typ": "JWT"}) + "." + b64([]) + ".",
        "Bearer " + b64(b"[" * 5000) + "." + b64(b"[" * 5000) + ".",
        "Bearer " + b64(b'{"alg":"ES384","alg":"none"}') + "." + b64(b"\xff\xfe") + ".",
    ],
)  # fmt: skip
def test_what_is_no_token(web, header):
    assert status(web, {"Authorization": header.encode("latin-1", "replace").decode("latin-1")}) == 401


def test_a_changed_payload_or_signature(web, ehr):
    head, body, signature = ehr.token().split(".")
    other = b64(claims(jti="another"))
    zeros = b64(b"\0" * 96)
    for token in (f"{head}.{other}.{signature}", f"{head}.{body}.{zeros}", f"{head}.{body}.", f"{head}.{body}.AAAA"):
        assert status(web, {"Authorization": f"Bearer {token}"}) == 401
    assert status(web, {"Authorization": f"Bearer {head}.{body}.{signature}"}) == 200


@requirement("J11", "J12", "X6")
def test_the_log_names_the_reason_and_never_the_token(web, ehr, capfd):
    token = ehr.token(aud="https://wrong.example", jti="CANARYJTI")
    with structlog.testing.capture_logs() as events:
        assert status(web, {"Authorization": f"Bearer {token}"}) == 401
    printed = capfd.readouterr()
    text = printed.out + printed.err + json.dumps(events)
    assert [(e["event"], e["reason"], e["client"]) for e in events] == [("client-refused", "wrong-audience", "ehr")]
    assert "CANARYJTI" not in text
    assert not any(part in text for part in token.split("."))


def test_every_refusal_reason_is_static(web, ehr):
    """A reason is a metrics label: a client's words must not become one."""
    import re
    from pathlib import Path

    source = Path("cds_service/clients/token.py").read_text()
    reasons = re.findall(r"TokenRefused\(([^)]*)\)", source)
    assert len(reasons) > 10
    for arguments in reasons:
        first = arguments.split(",")[0].strip()
        assert first in ("Exception", "refused.reason") or re.match(r'"[a-z-]+"', first), arguments


# -- keys ----------------------------------------------------------------------------------------------------------


def test_wsgi_without_clients_lets_nobody_in(built, ehr, tmp_path):
    web = app_of(built, signed=True, external_url=BASE, shared_url=f"sqlite:///{tmp_path / 's.sqlite3'}").test_client()
    assert status(web, {}) == 401
    assert status(web, ehr.authorization()) == 401
    ready = web.get("/readyz")
    assert ready.status_code == 503
    assert "CDS_CLIENTS_FILE" in ready.json["problems"]["clients"]


@requirement("J8")
def test_es256_only_for_a_client_registered_with_it(built, tmp_path):
    key = private_key("ES256")
    ehr = EhrClient(key, algorithm="ES256")
    for algorithms, expected in ((["ES384"], 401), (["ES256"], 200)):
        folder = tmp_path / algorithms[0]
        folder.mkdir()
        path = clients_file(
            folder, {"name": "e", "iss": ISS, "algorithms": algorithms, "jwks": key_set(public_jwk(key))}
        )
        web = app_of(
            built, signed=True, clients_file=path, external_url=BASE, shared_url=f"sqlite:///{folder / 's.sqlite3'}"
        ).test_client()
        assert status(web, ehr.authorization()) == expected


def test_pyjwt_and_this_suite_agree_that_a_good_token_is_good(ehr):
    """The forgeries above fail for what they forge, not because tokens of this suite never hold."""
    assert jwt.decode(ehr.token(), ehr.key.public_key(), algorithms=["ES384"], audience=BASE + CALL)["iss"] == ISS
