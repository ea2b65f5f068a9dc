"""Errors of the service.

CdsError                     something a person can act on; the message holds no chart value
├── ConfigurationError       a setting or file is wrong: the message names it and what to do
├── RequestError             the client sent something that cannot be answered (4xx)
│   ├── UnknownService       404
│   ├── PreconditionFailed   412: required data could not be obtained
│   └── NotAuthorised        401/403
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


class PreconditionFailed(RequestError):
    """Required data is in neither the prefetch nor reachable on the FHIR server."""

    status = 412
    code = "required"


class NotAuthorised(RequestError):
    """The caller is not allowed."""

    status = 401
    code = "security"


class BackendError(CdsError):
    """A model backend could not be loaded or did not answer."""


class IndexUnavailable(CdsError):
    """There is no guideline index, or it cannot be read."""


class StoreError(CdsError):
    """The database refused a read or a write."""
