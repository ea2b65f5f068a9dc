"""The clients file: what is taken, and what is refused with words that say what to do."""

import json

import pytest

from cds_service.clients.keys import parse_key_set
from cds_service.clients.registry import read_clients
from cds_service.errors import ConfigurationError
from tests.support.tokens import ISS, clients_file, key_set, private_key, public_jwk


@pytest.fixture(scope="module")
def jwks():
    return key_set(public_jwk(private_key()))


def test_a_whole_client(tmp_path, jwks):
    path = clients_file(
        tmp_path,
        {
            "name": "ehr", "iss": ISS, "jwks": jwks, "tenants": ["a"], "services": ["patient-triage"],
            "fhir_servers": ["https://ehr.example.org/fhir"], "rate_per_minute": 5,
        },
    )  # fmt: skip
    client = read_clients(path).find(ISS)
    assert client.name == "ehr"
    assert client.servers[0].segments == ("fhir",)
    assert client.may_call("patient-triage")
    assert not client.may_call("another")
    assert client.algorithms == ("ES384", "RS384")


def test_no_client_is_trusted_by_default(tmp_path):
    assert list(read_clients(clients_file(tmp_path))) == []


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"iss": ISS, "jwks_url": "https://e.example/jwks"}, "name"),
        ({"name": "ehr", "jwks_url": "https://e.example/jwks"}, "iss"),
        ({"name": "ehr", "iss": ISS}, "where its keys are"),
        ({"name": "Patient/1", "iss": ISS, "jwks_url": "https://e.example/jwks"}, "name"),
        ({"name": "loopback", "iss": ISS, "jwks_url": "https://e.example/jwks"}, "taken"),
        ({"name": "ehr", "iss": ISS, "jwks_url": "http://e.example/jwks"}, "jwks_url"),
        ({"name": "ehr", "iss": ISS, "jwks_url": "file:///etc/passwd"}, "jwks_url"),
        ({"name": "ehr", "iss": ISS, "jwks_url": "https://u:p@e.example/jwks"}, "jwks_url"),
        ({"name": "ehr", "iss": ISS, "jku": ["https://e.example/#x"]}, "jku"),
        ({"name": "ehr", "iss": ISS, "jwks_url": "https://e.example/jwks", "algorithms": ["HS256"]}, "algorithm"),
        ({"name": "ehr", "iss": ISS, "jwks_url": "https://e.example/jwks", "algorithms": ["none"]}, "algorithm"),
        ({"name": "ehr", "iss": ISS, "jwks_url": "https://e.example/jwks", "fhir_servers": ["ehr"]}, "fhir_servers"),
        ({"name": "ehr", "iss": ISS, "jwks_url": "https://e.example/jwks", "rate_per_minute": 0}, "rate_per_minute"),
        ({"name": "ehr", "iss": ISS, "jwks_file": "missing.json"}, "cannot be read"),
        ({"name": "ehr", "iss": ISS, "jwks_url": "https://e.example/jwks", "services": []}, "services is empty"),
        ({"name": "ehr", "iss": ISS, "jwks_url": "https://e.example/jwks", "tenants": []}, "tenants is empty"),
        ({"name": "ehr", "iss": ISS, "jwks_url": "https://e.example/jwks", "colour": "blue"}, "colour"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, table, says):
    with pytest.raises(ConfigurationError, match=says):
        read_clients(clients_file(tmp_path, table))


@pytest.mark.requirement("J17")
def test_the_public_sandbox_s_issuer_is_not_trusted_by_its_own_keys(tmp_path, jwks):
    table = {
        "name": "s",
        "iss": "https://sandbox.cds-hooks.org",
        "jwks_url": "https://sandbox.cds-hooks.org/.well-known/jwks.json",
    }
    with pytest.raises(ConfigurationError, match="private key of this issuer is public"):
        read_clients(clients_file(tmp_path, table))


def test_two_clients_with_one_name_or_issuer_are_refused(tmp_path, jwks):
    for second in ({"name": "a", "iss": "https://x.example"}, {"name": "b", "iss": ISS}):
        tables = {"name": "a", "iss": ISS, "jwks": jwks}, second | {"jwks": jwks}
        with pytest.raises(ConfigurationError, match="two clients"):
            read_clients(clients_file(tmp_path, *tables))


@pytest.mark.parametrize("text", ["[[client]\n", "client = 3", "[other]\nx = 1", "\x00"])
def test_what_is_no_clients_file(tmp_path, text):
    path = tmp_path / "clients.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="CDS_CLIENTS_FILE"):
        read_clients(path)


def test_a_private_key_is_not_registered(tmp_path):
    import jwt

    private = jwt.algorithms.ECAlgorithm.to_jwk(private_key(), as_dict=True) | {"kid": "k1"}
    with pytest.raises(ConfigurationError, match="private"):
        read_clients(clients_file(tmp_path, {"name": "a", "iss": ISS, "jwks": key_set(private)}))
    secret = {"kty": "oct", "kid": "k1", "k": "c2VjcmV0"}
    with pytest.raises(ConfigurationError, match="secret"):
        read_clients(clients_file(tmp_path, {"name": "a", "iss": ISS, "jwks": key_set(secret)}))


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"keys": {}}', '{"keys": []}', '{"keys": [7]}', '{"keys": [{}]}'])
def test_a_key_file_without_a_usable_key(tmp_path, content):
    path = clients_file(tmp_path, {"name": "a", "iss": ISS, "jwks_file": "k.json"})
    (tmp_path / "k.json").write_text(content)
    with pytest.raises(ConfigurationError, match=r"k\.json"):
        read_clients(path)


@pytest.mark.parametrize(
    "change",
    [
        {"kid": ""}, {"kid": None}, {"kid": 3}, {"use": "enc"}, {"key_ops": ["sign"]}, {"key_ops": "verify"},
        {"alg": "HS256"}, {"alg": "none"}, {"kty": "oct"}, {"kty": "OKP"}, {"crv": "P-1"}, {"x": "!!"}, {"y": None},
    ],
)  # fmt: skip
def test_an_unusable_key_is_left_out(change):
    good = public_jwk(private_key(), kid="good")
    assert [k.kid for k in parse_key_set(key_set(good, public_jwk(private_key()) | change))] == ["good"]


def test_a_short_rsa_key_is_left_out():
    assert parse_key_set(key_set(public_jwk(private_key("RS384", bits=1024)))) == ()


def test_a_key_is_good_for_its_algorithm_alone():
    curve = parse_key_set(key_set(public_jwk(private_key())))[0]
    assert curve.fits("ES384")
    assert not any(curve.fits(a) for a in ("ES256", "ES512", "RS384", "HS384", "none"))
    rsa = private_key("RS384")
    assert parse_key_set(key_set(public_jwk(rsa)))[0].fits("RS384")
    bound = parse_key_set(key_set(public_jwk(rsa, alg="RS384")))[0]
    assert [a for a in ("RS256", "RS384", "PS384", "ES384", "HS256") if bound.fits(a)] == ["RS384"]


def test_the_example_in_the_docs_is_a_clients_file(tmp_path, jwks):
    """The how-to's TOML is read by the service's own reader."""
    from pathlib import Path

    page = (Path(__file__).parents[3] / "docs" / "how-to" / "authenticate-clients.md").read_text()
    (tmp_path / "clients.toml").write_text(page.split("```toml\n")[1].split("```")[0])
    (tmp_path / "ehr-public-keys.json").write_text(json.dumps(jwks))
    assert len(list(read_clients(tmp_path / "clients.toml"))) == 2
