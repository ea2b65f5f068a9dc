"""What one hook call may fetch, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cds_service.outbound import BaseUrl
from hooks.scopes import Scopes

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class FhirAccess:
    """What one call may fetch, and from where. The token lives as long as the call.

    `base`: the request's `fhirServer`, already found to lie under one that the operator listed. `scopes`: None where
    there is no token, and so nothing restricts.
    """

    base: BaseUrl
    token: str | None = field(repr=False)
    scopes: Scopes | None
    patient_id: str


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """The data of one call. A key may be fetched in part: then it stands in `prefetch` and in `failures`.

    `prefetch`: what was sent and what was fetched; each value a resource, a Bundle, a list of those, or as it was sent.
    `failures`: why a key could not be fetched, or not whole, in the fixed words of `reasons`. `fetched`: keys that were
    not sent and came.
    """

    prefetch: Mapping[str, Any] = field(repr=False)
    failures: Mapping[str, str]
    fetched: tuple[str, ...]
