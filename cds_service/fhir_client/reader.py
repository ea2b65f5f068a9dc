"""One request to the FHIR server, and whether what came back is what was asked for."""

from __future__ import annotations

import re
import threading

from cds_service.fhir_client import reasons
from cds_service.fhir_client.access import FhirAccess, Json
from cds_service.fhir_client.reasons import NotFetched
from cds_service.outbound import Outbound, OutboundFailed, OutboundRefused, Reply
from hooks.errors import MalformedRequest
from hooks.prefetch import Query
from hooks.wire import decode

ACCEPT = "application/fhir+json"
MEDIA_TYPES = frozenset({ACCEPT, "application/json", "application/json+fhir"})
"""FHIR R4 JSON (http://hl7.org/fhir/R4/http.html#mime-type), what plain web servers call it, and DSTU2's name."""

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*", re.ASCII)
"""RFC 6750, section 2.1."""


class Reader:
    """Reads for one hook call: one server, one token, one deadline and one budget of bytes. Safe for threads."""

    def __init__(self, outbound: Outbound, access: FhirAccess, *, deadline: float, max_bytes: int) -> None:
        self._outbound = outbound
        self._access = access
        self._deadline = deadline
        self._bytes_left = max_bytes
        self._lock = threading.Lock()

    def ask(self, query: Query) -> Json:
        """The resource or the first Bundle of `query`. Raises NotFetched."""
        permitted = self.permitted(query)
        if permitted.id is None:
            return self.bundle(permitted.relative)
        resource = self._read(permitted.relative)
        if (resource.get("resourceType"), resource.get("id")) != (permitted.resource_type, permitted.id):
            raise NotFetched(reasons.UNREADABLE)
        return resource

    def permitted(self, query: Query) -> Query:
        """`query` as far as patient and scopes permit it. Raises NotFetched where they do not."""
        if names_another(query, self._access.patient_id):
            raise NotFetched(reasons.OTHER_PATIENT)
        scopes = self._access.scopes
        permitted = query if scopes is None else scopes.narrowed(query)
        if permitted is None:
            raise NotFetched(reasons.NOT_COVERED)
        return permitted

    def covers(self, query: Query) -> bool:
        """Whether patient and scopes permit any of `query`."""
        try:
            self.permitted(query)
        except NotFetched:
            return False
        return True

    def bundle(self, relative: str) -> Json:
        """The Bundle at `relative`. Raises NotFetched."""
        found = self._read(relative)
        if found.get("resourceType") != "Bundle":
            raise NotFetched(reasons.UNREADABLE)
        return found

    def _read(self, relative: str) -> Json:
        reply = self._get(relative)
        with self._lock:
            self._bytes_left -= len(reply.body)
            if self._bytes_left < 0:
                raise NotFetched(reasons.TOO_LARGE)
        if reply.status != 200:
            raise NotFetched(reasons.of_status(reply.status))
        if reply.media_type not in MEDIA_TYPES:
            raise NotFetched(reasons.UNREADABLE)
        try:
            content = decode(reply.body)
        except MalformedRequest:
            raise NotFetched(reasons.UNREADABLE) from None
        if content.get("resourceType") == "OperationOutcome":
            raise NotFetched(reasons.SERVER_ERROR)
        return content

    def _get(self, relative: str) -> Reply:
        headers = {"Accept": ACCEPT}
        if self._access.token is not None:
            if _TOKEN.fullmatch(self._access.token) is None:
                raise NotFetched(reasons.BAD_TOKEN)
            headers["Authorization"] = f"Bearer {self._access.token}"
        try:
            return self._outbound.get(
                self._access.base,
                relative,
                headers=headers,
                deadline=self._deadline,
                max_bytes=max(self._bytes_left, 0),
            )
        except OutboundRefused:
            raise NotFetched(reasons.NOT_ALLOWED) from None
        except OutboundFailed as failed:
            raise NotFetched(reasons.OF_FAILURE[failed.code]) from None


def names_another(query: Query, patient_id: str) -> bool:
    """Whether a query asks for somebody else than the patient."""
    if query.id is not None:
        return query.resource_type == "Patient" and query.id != patient_id
    return any(
        re.split("[:.]", name)[0] in ("patient", "subject") and value.removeprefix("Patient/") != patient_id
        for name, value in query.parameters
    )
