"""Puts the pages into the application: their own doors, their own headers, errors that people can read."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Flask, Request, Response, make_response, render_template, request

from cds_service.clinic import Clinic
from cds_service.web.site.layout import NAME as LAYOUT
from cds_service.web.site.layout import blueprint as layout

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

FACES: tuple[Callable[[Clinic], Blueprint], ...] = ()
"""Every page's blueprint: a function of the clinic."""


def install(app: Flask, clinic: Clinic) -> None:
    """Register the pages."""
    faces = [layout(), *(face(clinic) for face in FACES)]
    app.extensions["site"] = frozenset(f.name for f in faces)
    for face in faces:
        face.after_request(_headers)
        app.register_blueprint(face)


def is_page(app: Flask, asked: Request) -> bool:
    """Whether `asked` is for a page, and so for the pages' own doors."""
    return asked.blueprint in app.extensions.get("site", frozenset())


def error_page(status: int, message: str, *, event: str | None = None) -> Response:
    """An error for people: fixed words, and an id for the operator's log."""
    page = render_template("error.html", status=status, message=message, event=event)
    return _headers(make_response(page, status))


def _headers(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = CSP
    if request.blueprint == LAYOUT and response.status_code == 200:
        response.headers["Cache-Control"] = "private, max-age=3600"
    return response
