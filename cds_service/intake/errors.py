"""Errors of the intake.

cds_service.errors.RequestError
├── NoSuchForm       404
├── CodeRefused      410: a code that opens nothing (mistyped, used, too old): which of these is not said
├── TabletClosed     410: this browser holds no form that may still be filled in
├── FormClosed       409: the form was answered or taken back
└── NotAnswered      404: the form holds no answers yet
"""

from __future__ import annotations

from cds_service.errors import RequestError


class NoSuchForm(RequestError):
    """There is no form with this id."""

    status = 404
    code = "not-found"


class CodeRefused(RequestError):
    """The code opens no form."""

    status = 410
    code = "expired"


class TabletClosed(RequestError):
    """The browser holds no form that may still be filled in."""

    status = 410
    code = "expired"


class FormClosed(RequestError):
    """The form was answered or taken back before."""

    status = 409
    code = "conflict"


class NotAnswered(RequestError):
    """The form holds no answers yet."""

    status = 404
    code = "not-found"
