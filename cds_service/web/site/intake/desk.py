"""The staff's side: start a form for a patient, hand out a code or ask along, read the answers, see warning signs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, flash, make_response, render_template, request, url_for

from cds_service.accounts.roles import CLINICIANS, Member
from cds_service.clinic import Clinic
from cds_service.errors import StoreError
from cds_service.intake import codes
from cds_service.intake.store import Intake
from cds_service.intake.values import Form, Hand, Helper
from cds_service.ledger.encoding import canonical_json
from cds_service.ledger.errors import VaultError
from cds_service.web.site import who
from cds_service.web.site.intake.filling import FIRST, SECOND, Filling, Way
from cds_service.web.site.intake.parts import go
from cds_service.web.site.intake.published import fhir
from fhir_mappers.intake_form import SIGN_NAMES, Part
from fhir_mappers.limits import Limits
from fhir_mappers.questionnaire import read
from fhir_mappers.references import bare_id

NAME = "intake"
FRAME = "base.html"
NAMED = 12
"""Most forms of the list whose patients are named: each look is audited."""

PICK = "Choose a patient."
BAD_ID = "Type the patient's id as the EHR has it: letters, digits, dots and hyphens, at most 64."
STRANGE = "This service has not seen this id before. Compare it with the EHR, then tick the box and send it again."
GONE = "The answers are past their retention."

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def blueprint(clinic: Clinic) -> Blueprint:
    """The pages under ``/intake`` for nurses and physicians."""
    made = Blueprint(NAME, __name__)
    desk = _Desk(clinic)
    for rule, view in desk.shows.items():
        made.add_url_rule(rule, view.__name__, view, methods=["GET"])
    for rule, view in desk.takes.items():
        made.add_url_rule(rule, view.__name__, view, methods=["POST"])
    return made


class _Desk:
    """The views: every one asks first who is there."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic
        self._intake = clinic.intake
        self._filling = Filling(self._intake, clinic.now)
        self.shows: Mapping[str, Callable[..., Response]] = {
            "/intake": self.desk,
            "/intake/warnings": self.warnings,
            "/intake/forms/<form_id>": self.form,
            "/intake/forms/<form_id>/state": self.state,
            "/intake/forms/<form_id>/fill": self.fill,
            "/intake/forms/<form_id>/fill/visit": self.fill_visit,
            "/intake/responses/<form_id>": self.response,
        }
        self.takes: Mapping[str, Callable[..., Response]] = {
            "/intake/start": self.start,
            "/intake/forms/<form_id>/code": self.code,
            "/intake/forms/<form_id>/withdraw": self.withdraw,
            "/intake/forms/<form_id>/seen": self.seen,
            "/intake/forms/<form_id>/fill": self.take,
            "/intake/forms/<form_id>/fill/visit": self.take_visit,
        }

    def desk(self) -> Response:
        return _desk(self._intake, _asking(), self._clinic)

    def warnings(self) -> Response:
        _asking()
        alarms = self._intake.warnings(self._clinic.now())
        if request.args.get("known") == _known(alarms):
            return Response(status=204)  # nothing new: no screen reader says it again
        return _fragment("intake/warnings.html", alarms=alarms, known=_known(alarms))

    def start(self) -> Response:
        member = _asking()
        try:
            form = _started(self._intake, member, self._clinic)
        except _Problem as problem:
            return _desk(self._intake, member, self._clinic, problem=problem)
        return go(url_for("intake.form", form_id=form.id))

    def form(self, form_id: str) -> Response:
        member = _asking()
        return _form_page(self._intake, self._intake.get(form_id), member, self._clinic)

    def state(self, form_id: str) -> Response:
        _asking()
        return _fragment("intake/state.html", form=self._intake.get(form_id), now=self._clinic.now())

    def code(self, form_id: str) -> Response:
        member = _asking()
        code = self._intake.new_code(form_id, member, self._clinic.now())
        return _form_page(self._intake, self._intake.get(form_id), member, self._clinic, code=code)

    def withdraw(self, form_id: str) -> Response:
        self._intake.withdraw(form_id, _asking(), self._clinic.now())
        flash("The form was taken back.", "success")
        return go(url_for("intake.desk"))

    def seen(self, form_id: str) -> Response:
        self._intake.seen(form_id, _asking(), self._clinic.now())
        return go(url_for("intake.form", form_id=form_id))

    def fill(self, form_id: str) -> Response:
        return self._filling.show_first(Helper(form=form_id, member=_asking()), _way(form_id))

    def take(self, form_id: str) -> Response:
        return self._taken(form_id, FIRST, self._filling.take_first)

    def fill_visit(self, form_id: str) -> Response:
        return self._filling.show_second(Helper(form=form_id, member=_asking()), _way(form_id))

    def take_visit(self, form_id: str) -> Response:
        return self._taken(form_id, SECOND, self._filling.take_second)

    def _taken(self, form_id: str, parts: tuple[Part, ...], take: Callable[[Hand, Way], Response]) -> Response:
        try:
            hand = Helper(form=form_id, member=_asking())
        except StoreError:
            return self._filling.not_saved(_way(form_id), parts)
        return take(hand, _way(form_id))

    def response(self, form_id: str) -> Response:
        return fhir(self._intake.answers(form_id, _asking(), self._clinic.now()))


class _Problem(Exception):
    """What is wrong with a chosen patient. `sure`: the id is well formed and has to be confirmed."""

    def __init__(self, message: str, *, sure: bool = False) -> None:
        super().__init__(message)
        self.sure = sure


def _asking() -> Member:
    return who.needs(*CLINICIANS)


def _started(intake: Intake, member: Member, clinic: Clinic) -> Form:
    """The form for the patient who was picked from the list, or whose id was typed. Raises _Problem."""
    picked = request.form.get("patient", "")
    if picked and picked != "other":
        return intake.start_for_answer(picked, member, clinic.now())
    if not picked:
        raise _Problem(PICK)
    client, patient_id = request.form.get("client", ""), bare_id(request.form.get("id", ""))
    if client not in intake.clients() or not _ID.fullmatch(patient_id):
        raise _Problem(BAD_ID)
    if not intake.knows(client, patient_id) and not request.form.get("sure"):
        raise _Problem(STRANGE, sure=True)
    return intake.start(client, patient_id, member, clinic.now())


def _desk(intake: Intake, member: Member, clinic: Clinic, *, problem: _Problem | None = None) -> Response:
    now = clinic.now()
    forms = intake.forms(now)
    named = [f for f in forms if f.waiting or f.alarming][:NAMED]
    alarms = intake.warnings(now)
    page = render_template(
        "intake/desk.html",
        forms=forms,
        patients={f.id: intake.patient(f, member, now) for f in named},
        recent=intake.recent(member, now),
        clients=intake.clients(),
        alarms=alarms,
        known=_known(alarms),
        names=SIGN_NAMES,
        problem=problem,
        typed=request.form,
        now=now,
    )
    return make_response(page, 200 if problem is None else 422)


def _form_page(intake: Intake, form: Form, member: Member, clinic: Clinic, *, code: str | None = None) -> Response:
    now = clinic.now()
    said, gone = _said(intake, form, member, clinic)
    page = render_template(
        "intake/one.html",
        form=form,
        patient=intake.patient(form, member, now),
        code=None if code is None else codes.spaced(code),
        link=None if code is None else f"{clinic.settings.external_url}/intake/fill/{code}",
        typing=f"{clinic.settings.external_url}/intake/fill",
        minutes=clinic.settings.intake_code_minutes,
        said=said,
        gone=gone,
        names=SIGN_NAMES,
        now=now,
    )
    return make_response(page)


def _said(intake: Intake, form: Form, member: Member, clinic: Clinic) -> tuple[list[tuple[str, str]], str | None]:
    """Questions and answers of a form; or why they cannot be read."""
    if form.response is None:
        return [], None
    try:
        response = intake.answers(form.id, member, clinic.now())
    except VaultError:
        return [], GONE
    return [(answer.question, answer.answer) for answer in read(response, form.id, Limits())], None


def _known(alarms: tuple[Form, ...]) -> str:
    """What the browser shows already: changes with every warning sign."""
    told = canonical_json([[form.id, *form.warned] for form in alarms])
    return hashlib.sha256(told.encode("ascii")).hexdigest()[:16]


def _fragment(template: str, **values: Any) -> Response:
    return make_response(render_template(template, names=SIGN_NAMES, **values))


def _way(form_id: str) -> Way:
    return Way(
        first=url_for("intake.fill", form_id=form_id),
        second=url_for("intake.fill_visit", form_id=form_id),
        done=url_for("intake.form", form_id=form_id),
        frame=FRAME,
    )
