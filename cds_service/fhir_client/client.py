"""Completes the data of a hook call: what was not sent, the pages that follow, and what resources point to."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from cds_service.fhir_client import reasons
from cds_service.fhir_client.access import Fetched, FhirAccess, Json
from cds_service.fhir_client.linked import linked
from cds_service.fhir_client.pages import has_next, read_on
from cds_service.fhir_client.reader import Reader
from cds_service.fhir_client.reasons import NotFetched
from cds_service.outbound import Outbound
from hooks.prefetch import Query

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class _Part:
    """The value of one key, and why it is not there or not whole."""

    value: Any = None
    failure: str | None = None


class FhirClient:
    """Fetches from FHIR servers. Built once a process; safe for threads; keeps nothing of a call.

    `deadline_s`, `max_bytes`: of all requests of one call together. `max_pages`: of one search. `max_linked`: medicines
    and texts of one call. `parallel`: requests of one call at once.
    """

    def __init__(
        self,
        outbound: Outbound,
        *,
        deadline_s: float,
        max_bytes: int,
        max_pages: int,
        max_linked: int,
        parallel: int = 4,
    ) -> None:
        self._outbound = outbound
        self._deadline_s = deadline_s
        self._max_bytes = max_bytes
        self._max_pages = max_pages
        self._max_linked = max_linked
        self._parallel = parallel

    def complete(self, prefetch: Mapping[str, Any], wanted: Mapping[str, Query], access: FhirAccess) -> Fetched:
        """`prefetch` with what `wanted` asks for and it does not hold. Raises nothing: what goes wrong costs its key.

        A key that was sent is not asked for again, whether it is empty (None), failed (OperationOutcome) or wrong.
        """
        due = {key: query for key, query in wanted.items() if key not in prefetch}
        try:
            return self._complete(prefetch, wanted, due, access)
        except Exception as error:  # noqa: BLE001 - data that were sent are not lost because more were wanted
            log.error("fetching-failed", error=type(error).__name__)
            return Fetched(prefetch=prefetch, failures=dict.fromkeys(due, reasons.BROKEN), fetched=())

    def _complete(
        self, prefetch: Mapping[str, Any], wanted: Mapping[str, Query], due: Mapping[str, Query], access: FhirAccess
    ) -> Fetched:
        deadline = time.monotonic() + self._deadline_s
        reader = Reader(self._outbound, access, deadline=deadline, max_bytes=self._max_bytes)
        paged = {k: q for k, q in wanted.items() if k in prefetch and has_next(prefetch[k]) and not q.newest_only}
        jobs = {key: partial(self._fetch, reader, query, access) for key, query in due.items()}
        jobs |= {key: partial(self._read_on, reader, query, access, prefetch[key]) for key, query in paged.items()}
        with ThreadPoolExecutor(max_workers=self._parallel) as pool:
            parts = dict(zip(jobs, pool.map(_attempt, jobs.values()), strict=True))
            data = {**prefetch, **{key: part.value for key, part in parts.items() if part.value is not None}}
            found = linked(data, access.base, access.patient_id).items()
            more = [link for link in found if reader.covers(link[0])][: self._max_linked]
            texts = pool.map(_attempt, (partial(self._fetch, reader, query, access) for query, _ in more))
            for (_, key), part in zip(more, texts, strict=True):
                if part.value is not None:  # where it is, the mapper names what it could not read
                    data[key] = [*(data[key] if isinstance(data[key], list) else [data[key]]), part.value]
        return Fetched(
            prefetch=data,
            failures={key: part.failure for key, part in parts.items() if part.failure is not None},
            fetched=tuple(key for key in due if parts[key].value is not None),
        )

    def _fetch(self, reader: Reader, query: Query, access: FhirAccess) -> _Part:
        first = reader.ask(query)
        if query.newest_only or not has_next(first):
            return _Part(value=first)
        return self._read_on(reader, query, access, first)

    def _read_on(self, reader: Reader, query: Query, access: FhirAccess, first: Json) -> _Part:
        reader.permitted(query)
        pages = read_on(reader, query, first, access, self._max_pages)
        return _Part(value=pages.value, failure=None if pages.said else reasons.IN_PART)


def _attempt(job: Callable[[], _Part]) -> _Part:
    try:
        return job()
    except NotFetched as reason:
        return _Part(failure=reason.reason)
    except Exception as error:  # noqa: BLE001 - a hostile reply costs its key alone; the text may quote a value
        log.error("fetch-failed", error=type(error).__name__)
        return _Part(failure=reasons.BROKEN)
