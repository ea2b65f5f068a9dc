"""Reads on in a paginated Bundle, within the call's own server and a number of pages (checklist E8)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from cds_service.fhir_client.access import FhirAccess, Json
from cds_service.fhir_client.links import below
from cds_service.fhir_client.reader import Reader, names_another
from cds_service.fhir_client.reasons import NotFetched
from fhir_mappers.fields import objs
from hooks.prefetch import Query

_TYPE = re.compile(r"[A-Z][A-Za-z]+", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Pages:
    """One search as far as it was read. `value`: the Bundle, or a list of them.

    Where pages remain, the last Bundle with entries keeps its `next` link: the mapper takes the key as partial then.
    `said`: whether it can tell so; it cannot where no page has entries.
    """

    value: Json | list[Json]
    said: bool


def has_next(value: object) -> bool:
    """Whether a prefetch value is a Bundle that says that more pages follow."""
    return isinstance(value, dict) and value.get("resourceType") == "Bundle" and _next_of(value) is not None


def read_on(reader: Reader, query: Query, first: Json, access: FhirAccess, max_pages: int) -> Pages:
    """`first` and the pages that follow it, as far as they may and can be read. Raises nothing of its own."""
    pages, followed = [first], set()
    link = _followed(first, query, access)
    while link is not None and link not in followed and len(pages) < max_pages:
        followed.add(link)
        try:
            pages.append(reader.bundle(link))
        except NotFetched:
            break
        link = _followed(pages[-1], query, access)
    remains = _next_of(pages[-1]) is not None
    if len(pages) == 1:
        return Pages(value=first, said=bool(first.get("entry")) or not remains)
    marked = max((place for place, page in enumerate(pages) if page.get("entry")), default=None) if remains else None
    cleared = [page if place == marked else _without_next(page) for place, page in enumerate(pages)]
    return Pages(value=cleared, said=marked is not None or not remains)


def _next_of(bundle: Json) -> str | None:
    urls = (link.get("url") for link in objs(bundle, "link") if link.get("relation") == "next")
    return next((url if isinstance(url, str) else "" for url in urls), None)


def _without_next(bundle: Json) -> Json:
    return {**bundle, "link": [link for link in objs(bundle, "link") if link.get("relation") != "next"]}


def _followed(bundle: Json, query: Query, access: FhirAccess) -> str | None:
    """Where the next page is, if it is one of this search and on this server."""
    url = _next_of(bundle)
    if not url:
        return None
    relative = below(access.base, query.resource_type + url if url.startswith("?") else url)
    if relative is None:
        return None
    path, _, search = relative.partition("?")
    kind = path.split("/")[0]
    if _TYPE.fullmatch(kind) and kind != query.resource_type:
        return None
    parameters = tuple(parse_qsl(search, keep_blank_values=True))
    asked = Query(resource_type=query.resource_type, parameters=parameters)
    return None if names_another(asked, access.patient_id) else relative
