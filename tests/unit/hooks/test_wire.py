"""Request bodies: what is read, and what is refused with the element at fault named."""

import json
import uuid

import pytest

from hooks.errors import MalformedRequest
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
        ({"fhirServer": 1}, "fhirServer"),
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


@pytest.mark.parametrize("name", list(AUTHORIZATION))
def test_each_field_of_an_authorization_is_required(name):
    broken = {key: value for key, value in AUTHORIZATION.items() if key != name}
    with pytest.raises(MalformedRequest, match=name):
        parse_request(body(fhirServer="https://ehr.example.org/fhir", fhirAuthorization=broken))


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
    assert decode(nested(MAX_DEPTH - 1))
    with pytest.raises(MalformedRequest, match="deep"):
        decode(nested(MAX_DEPTH + 1))
    with pytest.raises(MalformedRequest):
        decode(nested(200_000))


def test_unicode_survives():
    assert decode(json.dumps({"a": "Zoë 😀"}).encode())["a"] == "Zoë 😀"
