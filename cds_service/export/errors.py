"""Errors of exports. Their messages are plain words and hold nothing of a chart.

RequestError
├── NoSuchOrder      404
├── Stale            409: the order is not as it was looked at, or its state does not allow the step
├── Incomplete       422: something is missing or wrong; `fields` says what, field by field
└── NotAllowed
    └── NotPermitted 403: this person may not do this to this order
CdsError
├── ExportRefused    the export may not be made as it was ordered: `reason`, a code
└── ExportStopped    the writer was told to stop; calling it again goes on
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cds_service.errors import CdsError, NotAllowed, RequestError


class NoSuchOrder(RequestError):
    """No order has that id."""

    status = 404
    code = "not-found"

    def __init__(self) -> None:
        super().__init__("There is no such export.")


class Stale(RequestError):
    """The order is not as it was looked at."""

    status = 409
    code = "conflict"


class Incomplete(RequestError):
    """A form lacks what is required. `fields`: what to do about each, by name of the field."""

    status = 422
    code = "required"

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(" ".join(fields.values()))
        self.fields = MappingProxyType(dict(fields))


class NotPermitted(NotAllowed):
    """The person may not do this to this order."""


class ExportRefused(CdsError):
    """The export may not be made as it was ordered. `reason`: a code of at most 60 characters."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The export was refused: {reason}.")
        self.reason = reason


class ExportStopped(CdsError):
    """The writer was told to stop. What is finished stays, and calling it again goes on."""

    def __init__(self) -> None:
        super().__init__("The export was stopped. It goes on where it was.")
