"""The sandbox's key and tokens: made once, readable by their owner alone, verified by our own service's verifier."""

import json
import stat
from datetime import UTC, datetime

import jwt
import pytest

from cds_service.clients.keys import parse_key_set
from cds_service.sandbox.errors import BadKey
from cds_service.sandbox.identity import open_identity

URL = "https://cds.example.org/cds-services/triage"
NOW = datetime(2031, 5, 6, 12, tzinfo=UTC)


@pytest.fixture
def identity(tmp_path):
    return open_identity(
        tmp_path / "new" / "key.json", issuer="https://sandbox.invalid", tenant="t1", jku="https://k.invalid/j"
    )


def decoded(identity, token):
    (key,) = parse_key_set(json.loads(identity.public_file.read_text()))
    fixed_clock = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    return jwt.decode_complete(token, key.key, algorithms=["ES384"], audience=URL, options=fixed_clock)


def test_a_token_says_all_that_cds_hooks_asks(identity):
    complete = decoded(identity, identity.token(URL, NOW))
    header, claims = complete["header"], complete["payload"]
    assert (header["alg"], header["typ"], header["jku"]) == ("ES384", "JWT", "https://k.invalid/j")
    assert header["kid"] == identity.public_jwk["kid"]
    assert (claims["iss"], claims["aud"], claims["tenant"]) == ("https://sandbox.invalid", URL, "t1")
    assert claims["exp"] - claims["iat"] == 300
    assert abs(claims["iat"] - NOW.timestamp()) <= 1
    assert claims["jti"] != decoded(identity, identity.token(URL, NOW))["payload"]["jti"]


def test_what_is_not_set_is_not_said(tmp_path):
    plain = open_identity(tmp_path / "key.json", issuer="https://sandbox.invalid")
    complete = decoded(plain, plain.token(URL, NOW))
    assert "jku" not in complete["header"]
    assert "tenant" not in complete["payload"]


def test_the_private_key_is_its_owner_s_alone_and_stays_the_same(identity, tmp_path):
    private = tmp_path / "new" / "key.json"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert identity.public_file == tmp_path / "new" / "key.public.json"
    again = open_identity(private, issuer="https://other.invalid")
    assert again.public_jwk == identity.public_jwk


def test_the_public_file_holds_no_private_part(identity):
    (public,) = json.loads(identity.public_file.read_text())["keys"]
    assert "d" not in public
    assert "key" not in repr(identity).replace("public_file", "").replace("key.public", "")


def test_a_key_that_others_can_read_is_refused(identity, tmp_path):
    private = tmp_path / "new" / "key.json"
    private.chmod(0o644)
    with pytest.raises(BadKey, match="chmod 600"):
        open_identity(private, issuer="x")


@pytest.mark.parametrize(
    "content", ["", "{}", "no JSON", '{"kty": "oct", "k": "AAAA"}', '{"kty": "EC", "crv": "P-384"}']
)
def test_a_file_that_is_no_p384_key_is_refused(tmp_path, content):
    path = tmp_path / "key.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(BadKey):
        open_identity(path, issuer="x")


def test_a_public_key_alone_cannot_sign(identity, tmp_path):
    path = tmp_path / "public.json"
    path.write_text(json.dumps(identity.public_jwk))
    path.chmod(0o600)
    with pytest.raises(BadKey):
        open_identity(path, issuer="x")


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadKey):
        open_identity(tmp_path / "file" / "key.json", issuer="x")
