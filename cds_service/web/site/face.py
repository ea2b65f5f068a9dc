"""Puts the pages into the application: their own doors, their own headers, errors that people can read."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Flask, Request, Response, abort, current_app, make_response, render_template, request
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError

from cds_service.clinic import Clinic
from cds_service.web.site import account, arrival, audit, exports, rights, rollout, who
from cds_service.web.site.cookies import Cookies, form_secret
from cds_service.web.site.intake.desk import blueprint as intake_desk
from cds_service.web.site.intake.published import blueprint as intake_published
from cds_service.web.site.intake.tablet import blueprint as intake_tablet
from cds_service.web.site.layout import NAME as LAYOUT
from cds_service.web.site.layout import blueprint as layout
from cds_service.web.site.oversight import blueprint as oversight
from cds_service.web.site.review import blueprint as review

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "
)
"""Followed by who may show the pages in a frame."""

FACES: tuple[Callable[[Clinic], Blueprint], ...] = (
    account.blueprint,
    arrival.blueprint,
    review,
    oversight,
    intake_desk,
    intake_tablet,
    intake_published,
    rollout.blueprint,
    exports.blueprint,
    rights.blueprint,
    audit.blueprint,
)
"""Every page's blueprint: a function of the clinic."""


def install(app: Flask, clinic: Clinic) -> None:
    """Register the pages, who is signed in, and the check of every form."""
    cookies = Cookies(clinic.settings)
    cookies.configure(app)
    app.secret_key = form_secret(clinic.recorder.vault.keys)
    app.extensions["site-csp"] = CSP + (" ".join(clinic.settings.frame_ancestors) or "'none'")
    who.install(app, clinic, cookies)
    faces = [layout(), *(face(clinic) for face in FACES)]
    app.extensions["site"] = frozenset(f.name for f in faces)
    for face in faces:
        face.after_request(_headers)
        app.register_blueprint(face)
    _check_forms(app, valid_s=clinic.settings.session_hours * 3600)


def _check_forms(app: Flask, *, valid_s: int) -> None:
    """Refuse what was not sent from a page of ours that this browser was given."""
    app.config |= {
        "WTF_CSRF_CHECK_DEFAULT": False,  # the hooks have their own door
        "WTF_CSRF_TIME_LIMIT": valid_s,
        "WTF_CSRF_SSL_STRICT": False,  # it asks for a Referer, which the pages tell browsers not to send
    }
    csrf = CSRFProtect(app)

    @app.before_request
    def genuine() -> None:
        if not is_page(app, request) or request.method not in app.config["WTF_CSRF_METHODS"]:
            return
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            abort(400, "This form came from another site. Nothing was changed.")
        try:
            csrf.protect()
        except CSRFError:
            abort(400, "This form is too old, or not one of this browser's. Nothing was changed: open the page anew.")


def is_page(app: Flask, asked: Request) -> bool:
    """Whether `asked` is for a page, and so for the pages' own doors."""
    return asked.blueprint in app.extensions.get("site", frozenset())


def error_page(status: int, message: str, *, event: str | None = None) -> Response:
    """An error for people: fixed words, and an id for the operator's log."""
    page = render_template("error.html", status=status, message=message, event=event)
    return _headers(make_response(page, status))


def _headers(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = current_app.extensions["site-csp"]
    if request.blueprint == LAYOUT and response.status_code == 200:
        response.headers["Cache-Control"] = "private, max-age=3600"
    return response
