"""Request bodies: what is read, and what is refused with the element at fault named."""

import json
import uuid

import pytest

from hooks.errors import MalformedContext, MalformedRequest
from hooks.wire import MAX_DEPTH, decode, parse_request


def body(**changes):
    good = {
        "hook": "patient-view",
        "hookInstance": str(uuid.uuid4()),
        "context": {"userId": "Practitioner/1", "patientId": "p"},
    }
    return {key: value for key, value in (good | changes).items() if value is not ...}


def test_a_good_request_is_read():
    request = parse_request(body(prefetch={"patient": None}, extension={"org.example": {"any": 1}}))
    assert request.hook == "patient-view"
    assert request.prefetch == {"patient": None}
    assert request.fhir_authorization is None


@pytest.mark.parametrize("name", ["hook", "hookInstance", "context"])
def test_a_missing_required_element_is_named(name):
    with pytest.raises(MalformedRequest, match=name):
        parse_request(body(**{name: ...}))


@pytest.mark.parametrize(
    ("changes", "element"),
    [
        ({"hook": ""}, "hook"),
        ({"hook": 5}, "hook"),
        ({"hookInstance": "not-a-uuid"}, "hookInstance"),
        ({"context": []}, "context"),
        ({"prefetch": []}, "prefetch"),
        ({"prefetch": "x"}, "prefetch"),
        ({"extension": []}, "extension"),
        ({"hook": "h" * 200}, "hook"),
        ({"hookInstance": "1" * 100_000}, "hookInstance"),
        ({"fhirServer": 1}, "fhirServer"),
        ({"fhirServer": "ehr.example.org/fhir"}, "fhirServer"),
        ({"fhirServer": "file:///etc/passwd"}, "fhirServer"),
        ({"fhirServer": "https://[::1/fhir"}, "fhirServer"),
        ({"fhirServer": "https://ehr.example.org/\r\nX: y"}, "fhirServer"),
        ({"fhirServer": "https://ehr.example.org/" + "x" * 2000}, "fhirServer"),
        ({"fhirAuthorization": [], "fhirServer": "https://ehr.example.org/fhir"}, "fhirAuthorization"),
        ({"fhirAuthorization": {"access_token": "t"}}, "fhirServer"),
    ],
)
def test_a_wrong_form_is_named(changes, element):
    with pytest.raises(MalformedRequest, match=element):
        parse_request(body(**changes))


AUTHORIZATION = {
    "access_token": "secret-token",
    "token_type": "Bearer",
    "expires_in": 300,
    "scope": "patient/*.rs",
    "subject": "client",
}


def test_an_authorization_is_read_and_never_shown():
    request = parse_request(body(fhirServer="https://ehr.example.org/fhir", fhirAuthorization=AUTHORIZATION))
    assert request.fhir_authorization.access_token == "secret-token"
    assert "secret-token" not in repr(request)


SERVER = "https://ehr.example.org/fhir"


@pytest.mark.requirement("D4", "D5")
@pytest.mark.parametrize("name", ["access_token", "token_type", "scope"])
def test_what_access_needs_is_required(name):
    broken = {key: value for key, value in AUTHORIZATION.items() if key != name}
    with pytest.raises(MalformedRequest, match=name):
        parse_request(body(fhirServer=SERVER, fhirAuthorization=broken))


@pytest.mark.requirement("D5")
@pytest.mark.parametrize("name", ["expires_in", "subject"])
@pytest.mark.parametrize("absent", [..., None])
def test_what_nobody_reads_may_be_absent(name, absent):
    given = {key: value for key, value in (AUTHORIZATION | {name: absent}).items() if value is not ...}
    assert parse_request(body(fhirServer=SERVER, fhirAuthorization=given)).fhir_authorization is not None


@pytest.mark.requirement("D5")
@pytest.mark.parametrize(
    ("changes", "element"),
    [
        ({"expires_in": "300"}, "expires_in"),
        ({"expires_in": True}, "expires_in"),
        ({"subject": 5}, "subject"),
        ({"subject": ""}, "subject"),
        ({"patient": ["p"]}, "patient"),
        ({"scope": "s" * 9000}, "scope"),
        ({"token_type": "Basic"}, "token_type"),
        ({"access_token": "a\r\nHost: evil.example"}, "access_token"),
        ({"access_token": "t" * 40_000}, "access_token"),
    ],
)
def test_what_is_there_has_its_form(changes, element):
    with pytest.raises(MalformedRequest, match=element):
        parse_request(body(fhirServer=SERVER, fhirAuthorization=AUTHORIZATION | changes))


@pytest.mark.requirement("E11", "E12")
@pytest.mark.parametrize("named", ["p", "Patient/p"])
@pytest.mark.parametrize("token_for", ["p", "Patient/p"])
def test_the_token_is_for_the_patient_of_the_context(named, token_for):
    request = parse_request(
        body(
            context={"userId": "Practitioner/1", "patientId": named},
            fhirServer=SERVER,
            fhirAuthorization=AUTHORIZATION | {"patient": token_for},
        )
    )
    assert request.fhir_authorization.patient == token_for


@pytest.mark.requirement("E11")
@pytest.mark.parametrize("token_for", ["q", "Patient/q", "Practitioner/p", "p ", "P"])
def test_a_token_for_another_patient_refuses_the_call(token_for):
    with pytest.raises(MalformedContext, match=r"fhirAuthorization\.patient"):
        parse_request(body(fhirServer=SERVER, fhirAuthorization=AUTHORIZATION | {"patient": token_for}))


def test_an_empty_server_is_no_server():
    assert parse_request(body(fhirServer="")).fhir_server is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"a": "\\ud800"}',
        b'{"\\udc00": 1}',
    ],
)
def test_what_is_not_one_strict_json_object_is_refused(raw):
    with pytest.raises(MalformedRequest):
        decode(raw)


def nested(depth):
    return ('{"a":' * depth + "1" + "}" * depth).encode()


def test_nesting_is_bounded():
    assert decode(nested(MAX_DEPTH))
    with pytest.raises(MalformedRequest, match="deep"):
        decode(nested(MAX_DEPTH + 1))
    with pytest.raises(MalformedRequest):
        decode(nested(200_000))


def test_unicode_survives():
    assert decode(json.dumps({"a": "Zoë 😀"}).encode())["a"] == "Zoë 😀"
