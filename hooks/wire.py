"""Requests as they come over the wire, parsed into values (CDS Hooks 2.0.1, "Calling a CDS Service").

Only form is judged here. Unknown fields and extensions are ignored; a `null` or absent optional field is the same.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NoReturn

from hooks.errors import MalformedRequest

MAX_DEPTH = 60
"""Deepest nesting of a request body; FHIR questionnaires nest a dozen levels."""


@dataclass(frozen=True, kw_only=True)
class FhirAuthorization:
    """Access to the FHIR server for this call alone. Never stored, never logged."""

    access_token: str = field(repr=False)
    scope: str
    subject: str
    expires_in: int
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


def _no_constant(_: str) -> NoReturn:
    raise MalformedRequest("NaN and Infinity are not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise MalformedRequest("an object names the same key twice")
    return made


def decode(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`.

    Raises MalformedRequest on anything that is not one strict JSON object: other encodings than UTF-8, NaN, repeated
    keys, lone surrogates, nesting deeper than `MAX_DEPTH`.
    """
    try:
        text = body.decode("utf-8")
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
    except UnicodeDecodeError:
        raise MalformedRequest("the body is not UTF-8") from None
    except (ValueError, RecursionError):
        raise MalformedRequest("the body is not JSON") from None
    if not isinstance(value, dict):
        raise MalformedRequest("the body is not a JSON object")
    _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        following: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                for key in item:
                    _check_text(key)
                following.extend(item.values())
            elif isinstance(item, list):
                following.extend(item)
            elif isinstance(item, str):
                _check_text(item)
        if not following:
            return
        level = following
    raise MalformedRequest("the body is nested too deep")


def _check_text(text: str) -> None:
    if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text):
        raise MalformedRequest("the body holds a lone surrogate")


def parse_request(body: Mapping[str, Any]) -> HookRequest:
    """The hook call in a decoded body. Raises MalformedRequest naming the element at fault (D1 to D6)."""
    authorization = body.get("fhirAuthorization")
    fhir_server = body.get("fhirServer")
    if fhir_server is not None and not isinstance(fhir_server, str):
        raise MalformedRequest("fhirServer must be a URL string")
    if authorization is not None and not fhir_server:
        raise MalformedRequest("fhirServer is required where fhirAuthorization is given")
    context = body.get("context")
    if not isinstance(context, dict):
        raise MalformedRequest("context must be an object")
    prefetch = body.get("prefetch")
    if prefetch is not None and not isinstance(prefetch, dict):
        raise MalformedRequest("prefetch must be an object")
    extension = body.get("extension")
    if extension is not None and not isinstance(extension, dict):
        raise MalformedRequest("extension must be an object")
    return HookRequest(
        hook=_required_text(body, "hook"),
        hook_instance=_uuid(body),
        context=MappingProxyType(context),
        prefetch=MappingProxyType(prefetch or {}),
        fhir_server=fhir_server,
        fhir_authorization=None if authorization is None else _authorization(authorization),
    )


def _required_text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedRequest(f"{name} must be a non-empty string")
    return value


def _uuid(body: Mapping[str, Any]) -> str:
    value = _required_text(body, "hookInstance")
    try:
        return str(uuid.UUID(value))
    except ValueError:
        raise MalformedRequest("hookInstance must be a UUID") from None


def _authorization(value: Any) -> FhirAuthorization:
    if not isinstance(value, dict):
        raise MalformedRequest("fhirAuthorization must be an object")
    if value.get("token_type") != "Bearer":
        raise MalformedRequest("fhirAuthorization.token_type must be Bearer")
    expires_in = value.get("expires_in")
    if not isinstance(expires_in, int) or isinstance(expires_in, bool):
        raise MalformedRequest("fhirAuthorization.expires_in must be an integer")
    patient = value.get("patient")
    if patient is not None and not isinstance(patient, str):
        raise MalformedRequest("fhirAuthorization.patient must be a string")
    for name in ("access_token", "scope", "subject"):
        if not isinstance(value.get(name), str) or not value[name]:
            raise MalformedRequest(f"fhirAuthorization.{name} must be a non-empty string")
    return FhirAuthorization(
        access_token=value["access_token"],
        scope=value["scope"],
        subject=value["subject"],
        expires_in=expires_in,
        patient=patient,
    )
