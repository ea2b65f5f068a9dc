"""Errors of the patients' rights. Their messages are plain words and hold nothing of a chart.

RequestError
├── NoSuchEntry      404: no opt-out, hold or erasure has that id
├── Incomplete       422: something that was typed is missing or wrong
├── Refused          409: it cannot be done as things stand; `reason` is a code
└── NotAllowed
    └── NotPermitted 403: this person may not do this
CdsError
└── Unreadable       a file of consents cannot be read at all
"""

from __future__ import annotations

from cds_service.errors import CdsError, NotAllowed, RequestError


class NoSuchEntry(RequestError):
    """No entry has that id."""

    status = 404
    code = "not-found"


class Incomplete(RequestError):
    """Something is missing or wrong: the message says what to do."""

    status = 422
    code = "required"


class Refused(RequestError):
    """It cannot be done as things stand. `reason`: a code, the message: what to do about it."""

    status = 409
    code = "conflict"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class NotPermitted(NotAllowed):
    """The person may not do this."""


class Unreadable(CdsError):
    """A file of consents cannot be read at all."""
