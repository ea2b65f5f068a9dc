"""Errors of the service.

CdsError                     something a person can act on; the message holds no chart value
├── ConfigurationError       a setting or file is wrong: the message names it and what to do
├── RequestError             the client sent something that cannot be answered (4xx)
│   ├── UnknownService       404
│   ├── NotAuthenticated     401, bare: who calls is not known
│   ├── NotAllowed           403: who calls may not do this
│   └── Later                may be repeated after a while
│       ├── TooManyCalls     429: this client's calls of this minute are used up
│       └── Busy             503: more calls wait than this process takes in
├── BackendError             a model backend could not load or answer
├── IndexUnavailable         the guideline index is missing or cannot be read
└── StoreError               the database refused a read or write
"""

from __future__ import annotations


class CdsError(Exception):
    """Base of all errors this service raises on purpose. Messages are static or hold identifiers only."""


class ConfigurationError(CdsError):
    """A setting or a file that the operator provides is wrong."""


class RequestError(CdsError):
    """The request cannot be answered as it is."""

    status = 400
    code = "invalid"


class UnknownService(RequestError):
    """No such service id, or the id does not serve that hook."""

    status = 404
    code = "not-found"


class NotAuthenticated(RequestError):
    """The caller is not known. The answer is a bare 401 (checklist J12); the reason is for the log."""

    status = 401
    code = "login"


class NotAllowed(RequestError):
    """The caller may not do this."""

    status = 403
    code = "forbidden"


class Later(RequestError):
    """The call may be repeated after `retry_after` seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyCalls(Later):
    """The client's calls of this minute are used up."""

    status = 429
    code = "throttled"


class Busy(Later):
    """More calls are waiting than this process takes in."""

    status = 503
    code = "transient"


class BackendError(CdsError):
    """A model backend could not be loaded or did not answer."""


class IndexUnavailable(CdsError):
    """There is no guideline index, or it cannot be read."""


class StoreError(CdsError):
    """The database refused a read or a write."""
