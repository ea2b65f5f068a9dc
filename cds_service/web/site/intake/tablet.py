"""The patient's side: a code opens one form in one browser, which then shows that form and nothing else.

Opening a form signs nobody in, and signs out whoever was signed in there. As long as the form may be filled in, every
other page of this browser leads back to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import structlog
from flask import Blueprint, Response, current_app, make_response, render_template, request, session, url_for

from cds_service.clinic import Clinic
from cds_service.errors import StoreError
from cds_service.intake.codes import spaced, written
from cds_service.intake.errors import CodeRefused, FormClosed, TabletClosed
from cds_service.intake.values import Tablet
from cds_service.web.site import who
from cds_service.web.site.account import limiter
from cds_service.web.site.intake import published
from cds_service.web.site.intake.filling import Filling, Way
from cds_service.web.site.intake.parts import go
from cds_service.web.site.layout import NAME as LAYOUT
from fhir_mappers.intake_form import EMERGENCY

log = structlog.get_logger()

NAME = "tablet"
FRAME = "intake/tablet.html"
_KEY = "tablet"
_STAYS_OPEN = frozenset({NAME, LAYOUT, published.NAME})
"""What a locked tablet may still ask for."""


def blueprint(clinic: Clinic) -> Blueprint:
    """The pages under ``/intake/fill`` and ``/intake/tablet``."""
    made = Blueprint(NAME, __name__)
    tablet = _Tablet(clinic)
    made.before_app_request(tablet.stay)
    made.register_error_handler(StoreError, _unavailable)
    for rule, view in tablet.shows.items():
        made.add_url_rule(rule, view.__name__, view, methods=["GET"])
    for rule, view in tablet.takes.items():
        made.add_url_rule(rule, view.__name__, view, methods=["POST"])
    return made


class _Tablet:
    """The views. None of them asks who is signed in."""

    def __init__(self, clinic: Clinic) -> None:
        self._now = clinic.now
        self._intake = clinic.intake
        self._slow_down = limiter(clinic, "intake-code")
        self._filling = Filling(self._intake, clinic.now)
        self.shows: Mapping[str, Callable[..., Response]] = {
            "/intake/fill": self.ask_code,
            "/intake/fill/<code>": self.begin,
            "/intake/tablet": self.signs,
            "/intake/tablet/visit": self.visit,
            "/intake/tablet/done": self.done,
        }
        self.takes: Mapping[str, Callable[..., Response]] = {
            "/intake/fill": self.open_form,
            "/intake/tablet": self.take_signs,
            "/intake/tablet/visit": self.take_visit,
        }

    def stay(self) -> Response | None:
        """Lead every other page back to the form that this browser holds."""
        token = session.get(_KEY)
        site = current_app.extensions.get("site", frozenset())
        if token is None or request.blueprint not in site or request.blueprint in _STAYS_OPEN:
            return None
        try:
            self._intake.held(Tablet(token=token), self._now())
        except (TabletClosed, FormClosed):
            session.pop(_KEY)
            return None
        return go(url_for("tablet.signs"))

    def ask_code(self) -> Response:
        return _code_page()

    def begin(self, code: str) -> Response:
        self._slow_down(request, "")
        if not self._intake.may_open(code, self._now()):
            return _code_page(problem=True)
        return make_response(render_template("intake/begin.html", code=written(code), emergency=EMERGENCY))

    def open_form(self) -> Response:
        self._slow_down(request, "")
        try:
            opened = self._intake.open(request.form.get("code", ""), self._now())
            who.sign_out()
        except CodeRefused:
            log.warning("intake-code-refused")
            return _code_page(problem=True)
        session.clear()
        session[_KEY] = opened.token
        response = go(url_for("tablet.signs"))
        who.forget(response)
        return response

    def signs(self) -> Response:
        return self._shown(self._filling.show_first)

    def take_signs(self) -> Response:
        return self._filling.take_first(_hand(), _way())

    def visit(self) -> Response:
        return self._shown(self._filling.show_second)

    def take_visit(self) -> Response:
        return self._filling.take_second(_hand(), _way())

    def done(self) -> Response:
        if not self._intake.was_sent_by(_hand()):
            return go(url_for("tablet.signs"))
        return make_response(render_template("intake/done.html", emergency=EMERGENCY))

    def _shown(self, show: Callable[[Tablet, Way], Response]) -> Response:
        try:
            return show(_hand(), _way())
        except (TabletClosed, FormClosed):
            if self._intake.was_sent_by(_hand()):
                return go(url_for("tablet.done"))
            return make_response(render_template("intake/closed.html", emergency=EMERGENCY), 410)


def _hand() -> Tablet:
    return Tablet(token=session.get(_KEY, ""))


def _way() -> Way:
    return Way(first=url_for("tablet.signs"), second=url_for("tablet.visit"), done=url_for("tablet.done"), frame=FRAME)


def _code_page(*, problem: bool = False) -> Response:
    typed = written(request.form.get("code", "")) if problem else None
    page = render_template(
        "intake/code.html", problem=problem, typed=spaced(typed) if typed else "", emergency=EMERGENCY
    )
    return make_response(page, 410 if problem else 200)


def _unavailable(_: StoreError) -> Response:
    return make_response(render_template("intake/unavailable.html", emergency=EMERGENCY), 503)
