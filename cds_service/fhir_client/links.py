"""Where a link inside FHIR data leads: below the call's own server, or nowhere that we go."""

from __future__ import annotations

import re

from cds_service.outbound import BaseUrl
from hooks.prefetch import Query

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_READ = re.compile(r"([A-Z][A-Za-z]{1,63})/([A-Za-z0-9\-.]{1,64})", re.ASCII)


def below(base: BaseUrl, url: str) -> str | None:
    """What follows `base` in `url`, path and query; None where `url` leads elsewhere or cannot be read strictly.

    `url`: absolute, from the root of the server (``/fhir/Patient``), or relative to the base as FHIR has it.
    """
    address, mark, query = url.partition("?")
    if address.startswith("/"):
        address = base.origin + address
    elif not _SCHEME.match(address):
        address = f"{base}/{address}"
    try:
        target = BaseUrl.parse(address)
    except ValueError:
        return None
    if not base.holds(target):
        return None
    return "/".join(target.segments[len(base.segments) :]) + mark + query


def read_of(base: BaseUrl, reference: object) -> Query | None:
    """The read that a literal reference to a resource on this server stands for (its current version)."""
    if not isinstance(reference, str):
        return None
    relative = below(base, reference.strip().split("/_history/")[0])
    found = _READ.fullmatch(relative) if relative is not None else None
    return Query(resource_type=found[1], id=found[2]) if found else None
