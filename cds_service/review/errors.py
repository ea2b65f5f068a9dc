"""Errors of the review. Their messages are plain words for the clinician and hold nothing of a chart.

RequestError
├── NoSuchCase       404
├── Stale            409: the case changed since it was looked at
├── Incomplete       422: something required is missing; `fields` says what, field by field
└── NotAllowed
    └── NotPermitted 403: this person may not do this to this case
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cds_service.errors import NotAllowed, RequestError


class NoSuchCase(RequestError):
    """No case has that id."""

    status = 404
    code = "not-found"

    def __init__(self) -> None:
        super().__init__("There is no such case.")


class Stale(RequestError):
    """The case is not in the state that was looked at."""

    status = 409
    code = "conflict"


class Incomplete(RequestError):
    """A decision lacks what is required. `fields`: what to do about each, by name of the field."""

    status = 422
    code = "required"

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("The decision is not complete.")
        self.fields = MappingProxyType(dict(fields))


class NotPermitted(NotAllowed):
    """The person may not do this to this case."""
