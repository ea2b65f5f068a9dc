"""Why something could not be fetched: fixed words, which cards repeat. No value of a request or reply is in them."""

from __future__ import annotations

from collections.abc import Mapping

from cds_service.errors import CdsError
from cds_service.outbound.errors import Code

TIMEOUT = "the FHIR server did not answer in time"
UNREACHABLE = "the FHIR server could not be reached"
UNTRUSTED = "there is no trusted connection to the FHIR server"
REDIRECTED = "the FHIR server sent us elsewhere"
TOO_LARGE = "the FHIR server sent more than is read"
UNREADABLE = "what the FHIR server sent is not the FHIR data that was asked for"
DENIED = "the FHIR server refused access"
NOT_THERE = "the FHIR server does not have it"
SERVER_ERROR = "the FHIR server reported an error"
NOT_ALLOWED = "the FHIR server's address is not one that this service may ask"
NOT_COVERED = "the EHR's authorisation does not cover it"
BAD_TOKEN = "the EHR's authorisation cannot be used"  # noqa: S105 - words about a token, not one
OTHER_PATIENT = "it was asked for another patient"
IN_PART = "only a part of it could be fetched"
BROKEN = "it could not be fetched"

OF_FAILURE: Mapping[Code, str] = {
    "timeout": TIMEOUT,
    "unreachable": UNREACHABLE,
    "tls": UNTRUSTED,
    "redirect": REDIRECTED,
    "too-large": TOO_LARGE,
    "unreadable": UNREADABLE,
}

_OF_STATUS: Mapping[int, str] = {401: DENIED, 403: DENIED, 404: NOT_THERE, 410: NOT_THERE}


class NotFetched(CdsError):
    """Something could not be fetched; `reason` is one of the words above."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def of_status(status: int) -> str:
    """The reason that an HTTP status other than 200 gives."""
    return _OF_STATUS.get(status, SERVER_ERROR)
