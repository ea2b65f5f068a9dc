"""A FHIR server as the source of a patient's data: templates are resolved by asking it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cds_service.sandbox.address import checked
from cds_service.sandbox.errors import BadAddress, BadPatientData, CallFailed
from cds_service.sandbox.source import NotFilled
from cds_service.sandbox.transport import Transport
from hooks.errors import MalformedRequest
from hooks.prefetch import Query
from hooks.wire import decode

FHIR_JSON = "application/fhir+json"
_OK, _NOT_FOUND = 200, (404, 410)


@dataclass(frozen=True, kw_only=True)
class FhirServer:
    """One FHIR R4 server, and the bearer token for it."""

    base: str
    transport: Transport
    token: str | None = field(default=None, repr=False)

    def answer(self, query: Query) -> dict[str, Any] | None:
        """See `FhirSource`."""
        headers = {"Accept": FHIR_JSON} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        try:
            reply = self.transport.send("GET", f"{self.base}/{query.relative}", headers=headers)
        except (CallFailed, BadAddress) as error:
            raise NotFilled(f"the FHIR server: {str(error).rstrip('.')}") from None
        if query.id is not None and reply.status in _NOT_FOUND:
            return None
        if reply.status != _OK:
            raise NotFilled(f"the FHIR server answered {reply.status}")
        try:
            return decode(reply.body)
        except MalformedRequest:
            raise NotFilled("the FHIR server's answer is no JSON") from None


def split_patient_url(url: str) -> tuple[str, str]:
    """Base URL and patient id of ``https://server/base/Patient/id``. Raises BadAddress."""
    base, _, patient = checked(url).rpartition("/Patient/")
    if not base or not patient or "/" in patient:
        raise BadAddress("A patient on a FHIR server is named as https://server/base/Patient/id.")
    return base, patient


def read_token(path: Path) -> str:
    """The bearer token in a file. Raises BadPatientData."""
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise BadPatientData(f"{path}: the token file cannot be read.") from None
    if not token or not token.isascii() or len(token.split()) != 1:
        raise BadPatientData(f"{path}: holds no bearer token (one line without spaces).")
    return token
