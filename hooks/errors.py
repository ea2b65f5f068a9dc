"""Errors of the hooks package.

HookError            the request breaks the CDS Hooks protocol; `code` is a FHIR issue type, the message is static
├── MalformedRequest the body is not a CDS Hooks request
├── MalformedContext the context misses a required field or holds one of the wrong form
├── MalformedFeedback the body is not a feedback report
└── MalformedTemplate a prefetch template is no FHIR read or search that we understand
"""

from __future__ import annotations


class HookError(Exception):
    """The request breaks the protocol. Messages name elements, never values."""

    code = "invalid"


class MalformedRequest(HookError):
    """The body is not a CDS Hooks request."""


class MalformedContext(HookError):
    """The hook's context is incomplete or of the wrong form."""


class MalformedFeedback(HookError):
    """The body is not a feedback report."""


class MalformedTemplate(HookError):
    """A prefetch template is no FHIR read or search of the kind that CDS Hooks recommends."""
