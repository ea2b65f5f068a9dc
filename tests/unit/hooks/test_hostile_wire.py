"""Bodies made to break a parser: each is one MalformedRequest in static words, quickly, and never anything else."""

import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hooks.errors import HookError, MalformedRequest
from hooks.wire import MAX_DIGITS, MAX_KEY_CHARS, decode, parse_request

GOOD = b'{"hook": "patient-view", "n": [1, 2.5e-3, -0.0, true, null, "Zo\xc3\xab"]}'
WORDS = re.compile(r"[A-Za-z0-9 .,'_-]+\Z")

BODIES = {
    "nothing": b"",
    "white space": b" \n\t ",
    "a list": b"[{}]",
    "a word": b"true",
    "trailing data": b"{} {}",
    "trailing comma": b'{"a": 1,}',
    "comment": b'{"a": 1 /* note */}',
    "single quotes": b"{'a': 1}",
    "unfinished": b'{"a": "',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16 with its mark": '{"a": 1}'.encode("utf-16"),
    "UTF-16 without": '{"a": 1}'.encode("utf-16-le"),
    "UTF-32": '{"a": 1}'.encode("utf-32-be"),
    "Latin-1": '{"a": "é"}'.encode("latin-1"),
    "overlong UTF-8": b'{"a": "\xc0\xaf"}',
    "surrogate in UTF-8": b'{"a": "\xed\xa0\x80"}',
    "raw NUL": b'{"a": "\x00"}',
    "raw control": b'{"a": "\x1b"}',
    "NUL behind": b"{}\x00",
    "compressed": b"\x1f\x8b\x08\x00\x00",
    "NaN": b'{"a": NaN}',
    "minus infinity": b'{"a": [-Infinity]}',
    "huge exponent": b'{"a": 1e999999}',
    "huge negative": b'{"a": -1e400}',
    "5000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "digits beyond a double": b'{"a": ' + b"9" * (MAX_DIGITS + 1) + b"}",
    "5000 digits and a point": b'{"a": ' + b"9" * 5000 + b".5}",
    "leading zero": b'{"a": 007}',
    "hexadecimal": b'{"a": 0x1F}',
    "same key twice": b'{"a": 1, "a": 1}',
    "same key twice, deep": b'{"a": [[{"b": {"c": 1, "\\u0063": 2}}]]}',
    "lone surrogate": b'{"a": ["\\ud83d"]}',
    "lone surrogate in a key": b'{"a": {"\\udfff": 1}}',
    "surrogates the wrong way round": b'{"a": "\\ude00\\ud83d"}',
    "long key": b'{"' + b"k" * (MAX_KEY_CHARS + 1) + b'": 1}',
    "long string": b'{"a": "' + b"x" * 4_000_001 + b'"}',
    "deep objects": b'{"a":' * 61 + b"1" + b"}" * 61,
    "deep lists": b'{"a":' + b"[" * 60 + b"]" * 60 + b"}",
    "200000 deep lists": b'{"a":' + b"[" * 200_000,
    "2000000 empty lists": b'{"a":[' + b"[]," * 2_000_000 + b"1]}",
}


@pytest.mark.requirement("D8", "X5")
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_hostile_body_is_refused_at_once_in_static_words(body):
    start = time.process_time()
    with pytest.raises(MalformedRequest) as caught:
        decode(body)
    assert time.process_time() - start < 2
    assert WORDS.match(str(caught.value))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_good_body_is_read_as_it_is():
    assert decode(GOOD) == {"hook": "patient-view", "n": [1, 0.0025, -0.0, True, None, "Zoë"]}


@pytest.mark.parametrize(
    "number", ["1e308", "5e-324", "-0", "9" * MAX_DIGITS, "0.1234567890123456789012345678901234567"]
)
def test_a_number_that_a_double_holds_is_read(number):
    assert decode(f'{{"a": {number}}}'.encode())["a"] == json.loads(number)


def test_the_bounds_are_the_caller_s():
    assert decode(b'{"a": [[1]]}', max_depth=3)
    with pytest.raises(MalformedRequest, match="deep"):
        decode(b'{"a": [[1]]}', max_depth=2)
    assert decode(b'{"a": "12345"}', max_string_chars=5)
    with pytest.raises(MalformedRequest, match="too long"):
        decode(b'{"a": ["123456"]}', max_string_chars=5)


def test_an_attachment_is_bounded_by_the_body_alone():
    assert decode(b'{"a": {"data": "123456"}}', max_string_chars=5)


def refusal(parse, raw):
    """What the parser says against `raw`; None when it takes it."""
    try:
        parse(raw)
    except HookError as refused:
        return str(refused)
    return None


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6), st.just("ZEDDYCANARY")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=8,
)
ELEMENTS = ("hook", "hookInstance", "context", "prefetch", "fhirServer", "fhirAuthorization", "extension")


@given(st.dictionaries(st.sampled_from(ELEMENTS), JSON), st.dictionaries(
    st.sampled_from(["access_token", "token_type", "expires_in", "scope", "subject", "patient"]), JSON))  # fmt: skip
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_shape_of_a_request_breaks_the_parser_or_is_repeated(changes, authorization):
    body = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/1", "patientId": "p"},
        "fhirServer": "https://ehr.example.org/fhir",
        "fhirAuthorization": {"token_type": "Bearer", "access_token": "t", "scope": "s"} | authorization,
    } | changes
    refused = refusal(parse_request, body)
    assert refused is None or (WORDS.match(refused) and "CANARY" not in refused)


@given(st.binary(max_size=40))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_bytes_break_the_decoder(raw):
    for body in (raw, GOOD[: len(raw)] + raw, GOOD.replace(b"patient-view", raw)):
        refused = refusal(decode, body)
        assert refused is None or WORDS.match(refused)
