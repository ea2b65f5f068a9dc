"""Requests as they come over the wire, parsed into values (CDS Hooks 2.0.1, "Calling a CDS Service").

Only form is judged here, and that no two elements name different patients. Unknown fields and extensions are ignored;
a `null` or absent optional field is the same.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NoReturn
from urllib.parse import urlsplit

from hooks.context import check_same_patient
from hooks.errors import MalformedRequest

MAX_DEPTH = 60
"""Deepest nesting of a request body; FHIR questionnaires nest a dozen levels."""

MAX_STRING_CHARS = 4_000_000
"""Longest string of a body but base64 `data`, which is bounded by the body and, where it is read, by the mapper."""

MAX_KEY_CHARS = 256
"""Longest name of an element or prefetch key."""

MAX_DIGITS = 308
"""Longest whole number: more does not fit into the double that JSON software exchanges (RFC 8259, 6)."""

MAX_VALUES = 1_000_000
"""Most commas and opening brackets: a body of brackets alone takes a hundred times its size in memory."""

MAX_HOOK_CHARS = 128
MAX_URL_CHARS = 2000
MAX_TOKEN_CHARS = 32_000
MAX_SCOPE_CHARS = 8000


@dataclass(frozen=True, kw_only=True)
class FhirAuthorization:
    """Access to the FHIR server for this call alone. Never stored, never logged.

    `subject` and `expires_in` are required by the specification and not needed here: without them the access is good
    all the same. A chart is not refused for a label that nobody reads.
    """

    access_token: str = field(repr=False)
    scope: str
    subject: str | None = None
    expires_in: int | None = None
    patient: str | None = None


@dataclass(frozen=True, kw_only=True)
class HookRequest:
    """One hook call. `prefetch` maps a key to a resource, a Bundle or None ("known to have no data")."""

    hook: str
    hook_instance: str
    context: Mapping[str, Any]
    prefetch: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    fhir_server: str | None = None
    fhir_authorization: FhirAuthorization | None = None


def decode(body: bytes, *, max_depth: int = MAX_DEPTH, max_string_chars: int = MAX_STRING_CHARS) -> dict[str, Any]:
    """The JSON object in `body`.

    Raises MalformedRequest on anything that is not one strict JSON object: other encodings than UTF-8, a byte order
    mark, NaN, numbers that no double holds, repeated keys, lone surrogates, nesting deeper than `max_depth`, strings
    longer than `max_string_chars`, keys longer than `MAX_KEY_CHARS`, more values than `MAX_VALUES`.
    """
    if sum(map(body.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise MalformedRequest("the body holds more values than are read")
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_constant=_no_constant,
            parse_int=_whole_number,
            parse_float=_number,
            object_pairs_hook=_unique,
        )
    except UnicodeDecodeError:
        raise MalformedRequest("the body is not UTF-8") from None
    except ValueError:
        raise MalformedRequest("the body is not JSON") from None
    except RecursionError:
        raise MalformedRequest("the body is nested too deep") from None
    if not isinstance(value, dict):
        raise MalformedRequest("the body is not a JSON object")
    _check_values(value, max_depth, max_string_chars)
    return value


def _no_constant(_: str) -> NoReturn:
    raise MalformedRequest("NaN and Infinity are not JSON")


def _whole_number(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise MalformedRequest("the body holds a number beyond all measure")
    return int(digits)


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise MalformedRequest("the body holds a number beyond all measure")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise MalformedRequest("an object names the same key twice")
    return made


def _check_values(value: dict[str, Any], max_depth: int, max_string_chars: int) -> None:
    """Raises MalformedRequest for what is too deep or too long, and for lone surrogates. By levels: no recursion."""
    level: list[Any] = [value]
    for _ in range(max_depth):
        following: list[Any] = []
        for holder in level:
            pairs = holder.items() if isinstance(holder, dict) else (("", child) for child in holder)
            for key, child in pairs:
                _check_text(key, MAX_KEY_CHARS)
                if isinstance(child, str):
                    _check_text(child, None if key == "data" else max_string_chars)
                elif isinstance(child, dict | list):
                    following.append(child)
        if not following:
            return
        level = following
    raise MalformedRequest("the body is nested too deep")


def _check_text(text: str, longest: int | None) -> None:
    if longest is not None and len(text) > longest:
        raise MalformedRequest("the body holds a string that is too long")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise MalformedRequest("the body holds a lone surrogate") from None


def parse_request(body: Mapping[str, Any]) -> HookRequest:
    """The hook call in a decoded body.

    Raises MalformedRequest naming the element at fault (D1 to D6), and MalformedContext where `fhirAuthorization` is
    for another patient than the context's (E11).
    """
    context = body.get("context")
    if not isinstance(context, dict):
        raise MalformedRequest("context must be an object")
    for name in ("prefetch", "extension", "fhirAuthorization"):
        if body.get(name) is not None and not isinstance(body[name], dict):
            raise MalformedRequest(f"{name} must be an object")
    fhir_server = _fhir_server(body.get("fhirServer"))
    if body.get("fhirAuthorization") is not None and fhir_server is None:
        raise MalformedRequest("fhirServer is required where fhirAuthorization is given")
    authorization = _authorization(body.get("fhirAuthorization"))
    if authorization is not None:
        check_same_patient(context, authorization.patient)
    return HookRequest(
        hook=_text(body, "hook", MAX_HOOK_CHARS),
        hook_instance=_uuid(_text(body, "hookInstance", MAX_HOOK_CHARS)),
        context=MappingProxyType(context),
        prefetch=MappingProxyType(body.get("prefetch") or {}),
        fhir_server=fhir_server,
        fhir_authorization=authorization,
    )


def _text(holder: Mapping[str, Any], name: str, longest: int, within: str = "") -> str:
    value = holder.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedRequest(f"{within}{name} must be a non-empty string")
    if len(value) > longest:
        raise MalformedRequest(f"{within}{name} is longer than {longest} characters")
    return value


def _uuid(value: str) -> str:
    try:
        return str(uuid.UUID(value))
    except ValueError:
        raise MalformedRequest("hookInstance must be a UUID") from None


def _fhir_server(value: Any) -> str | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str) or len(value) > MAX_URL_CHARS:
        raise MalformedRequest(f"fhirServer must be a URL string of at most {MAX_URL_CHARS} characters")
    try:
        parts = urlsplit(value)
    except ValueError:
        raise MalformedRequest("fhirServer must be a URL string") from None
    if parts.scheme not in ("http", "https") or not parts.netloc or not value.isprintable():
        raise MalformedRequest("fhirServer must be an absolute http or https URL")
    return value


def _authorization(value: Mapping[str, Any] | None) -> FhirAuthorization | None:
    """What is needed must be there; what is there must be of its form (D5)."""
    if value is None:
        return None
    within = "fhirAuthorization."
    if value.get("token_type") != "Bearer":
        raise MalformedRequest("fhirAuthorization.token_type must be Bearer")
    expires_in = value.get("expires_in")
    if expires_in is not None and type(expires_in) is not int:
        raise MalformedRequest("fhirAuthorization.expires_in must be an integer")
    token = _text(value, "access_token", MAX_TOKEN_CHARS, within)
    if not token.isascii() or not token.isprintable():
        raise MalformedRequest("fhirAuthorization.access_token must be visible ASCII characters")
    optional = {
        name: _text(value, name, MAX_SCOPE_CHARS, within) if value.get(name) is not None else None
        for name in ("subject", "patient")
    }
    return FhirAuthorization(
        access_token=token,
        scope=_text(value, "scope", MAX_SCOPE_CHARS, within),
        expires_in=expires_in,
        **optional,
    )
