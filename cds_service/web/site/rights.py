"""The page of patients' rights: look a patient up, opt out, hold, ask for erasure, and confirm what another asked for.

Who the patient is comes in the body of a form, never in an address, and the page that answers is not kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import structlog
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for

from cds_service.accounts.roles import Member
from cds_service.clinic import Clinic
from cds_service.ledger.vault import Person
from cds_service.rights.errors import Incomplete, NoSuchEntry, Refused
from cds_service.rights.permissions import check_may_confirm, check_may_see, may_confirm
from cds_service.rights.rights import Rights
from cds_service.rights.shred_report import lines
from cds_service.rights.values import (
    ERASURE_REASONS,
    HOLD_REASONS,
    LOOK_REASONS,
    OPT_OUT_REASONS,
    ErasureState,
    Standing,
)
from cds_service.web.site import who

log = structlog.get_logger()

NAME = "rights"
MAX_FIELD = 5000


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Whom a form is about, and why its sender looks."""

    client: str = ""
    patient: str = ""
    look: str = ""


Act = Callable[[Rights, Asked, Member, datetime], str]
"""One act of the form on a patient; returns what to tell afterwards."""


def _nothing(_rights: Rights, _asked: Asked, _member: Member, _now: datetime) -> str:
    raise Incomplete("Choose what to do.")


def _look(_rights: Rights, _asked: Asked, _member: Member, _now: datetime) -> str:
    return ""


def _opt_out(rights: Rights, asked: Asked, member: Member, now: datetime) -> str:
    reason, words = _field("reason"), _field("words")
    rights.opt_out(asked.client, asked.patient, reason=reason, words=words, actor=member.actor, now=now)
    return "The patient is opted out. A training set that is being made leaves the patient out too."


def _withdraw(rights: Rights, _asked: Asked, member: Member, now: datetime) -> str:
    rights.withdraw(_field("entry"), actor=member.actor, now=now)
    return "The entry was withdrawn."


def _hold(rights: Rights, asked: Asked, member: Member, now: datetime) -> str:
    reason, words = _field("reason"), _field("words")
    rights.hold(asked.client, asked.patient, reason=reason, words=words, actor=member.actor, now=now)
    return "The patient is under a legal hold: nothing of theirs is deleted."


def _release(rights: Rights, _asked: Asked, member: Member, now: datetime) -> str:
    rights.release(_field("hold"), actor=member.actor, now=now)
    return "The hold was released."


def _erase(rights: Rights, asked: Asked, member: Member, now: datetime) -> str:
    rights.ask_erasure(asked.client, asked.patient, reason=_field("reason"), actor=member.actor, now=now)
    return "The erasure was asked for. Another compliance officer confirms it; until then the data are not used."


ACTS: dict[str, Act] = {
    "look": _look,
    "opt-out": _opt_out,
    "withdraw": _withdraw,
    "hold": _hold,
    "release": _release,
    "erase": _erase,
}


def blueprint(clinic: Clinic) -> Blueprint:
    """The pages under ``/rights``."""
    made = Blueprint(NAME, __name__)

    @made.get("/rights")
    def page() -> Response:
        check_may_see(who.signed_in())
        return _page(clinic)

    @made.post("/rights")
    def act() -> Response:
        member = who.signed_in()
        check_may_see(member)
        asked = Asked(client=_field("client").strip(), patient=_field("patient").strip(), look=_field("look"))
        return _act(clinic, asked, member)

    @made.get("/rights/erasures/<erasure_id>")
    def erasure(erasure_id: str) -> Response:
        member = who.signed_in()
        check_may_see(member)
        return _erasure_page(clinic, erasure_id, member)

    @made.post("/rights/erasures/<erasure_id>")
    def end(erasure_id: str) -> Response:
        member = who.signed_in()
        check_may_see(member)
        return _end(clinic, erasure_id, member)

    return made


def _act(clinic: Clinic, asked: Asked, member: Member) -> Response:
    """Do what the form asks, then show how the patient stands."""
    now, name = clinic.now(), _field("act")
    try:
        told = ACTS.get(name, _nothing)(clinic.rights, asked, member, now)
        problem, status = None, 200
    except (Incomplete, Refused, NoSuchEntry) as error:
        told, problem, status = "", str(error), error.status
    if told:
        log.info("rights-changed", account=member.account, act=name)
    try:
        standing = clinic.rights.look(asked.client, asked.patient, reason=asked.look, actor=member.actor, now=now)
    except Incomplete as error:
        if told:  # it was done; how the patient stands is shown to nobody without a reason
            return _page(clinic, asked=asked, told=told)
        return _page(clinic, asked=asked, problem=problem or str(error), status=error.status)
    return _page(clinic, asked=asked, standing=standing, told=told, problem=problem, status=status)


def _page(
    clinic: Clinic,
    *,
    asked: Asked | None = None,
    standing: Standing | None = None,
    told: str = "",
    problem: str | None = None,
    status: int = 200,
) -> Response:
    erasures = clinic.rights.erasures()
    text = render_template(
        "rights/page.html",
        asked=asked or Asked(),
        standing=standing,
        told=told,
        problem=problem,
        clients=clinic.intake.clients(),
        waiting=[e for e in erasures if e.state is ErasureState.ASKED],
        ended=[e for e in erasures if e.state is ErasureState.DONE][:20],
        names=_names(clinic),
        **_REASONS,
    )
    response = make_response(text, status)
    response.headers["Cache-Control"] = "no-store"
    return response


_REASONS: dict[str, Any] = {
    "look_reasons": LOOK_REASONS,
    "opt_out_reasons": OPT_OUT_REASONS,
    "hold_reasons": HOLD_REASONS,
    "erasure_reasons": ERASURE_REASONS,
}


def _end(clinic: Clinic, erasure_id: str, member: Member) -> Response:
    """Confirm an erasure or take it back."""
    try:
        flash(_decide(clinic.rights, erasure_id, member, clinic.now()), "success")
    except (Incomplete, Refused) as error:
        return _erasure_page(clinic, erasure_id, member, problem=str(error), status=error.status)
    return cast("Response", redirect(url_for(f"{NAME}.erasure", erasure_id=erasure_id), code=303))


def _decide(rights: Rights, erasure_id: str, member: Member, now: datetime) -> str:
    act = _field("act")
    if act == "withdraw":
        rights.withdraw_erasure(erasure_id, actor=member.actor, now=now)
        return "The request was taken back. Nothing was erased."
    check_may_confirm(rights.erasure(erasure_id), member)
    if act != "confirm" or _field("confirmed") != "yes":
        raise Incomplete("Tick that it cannot be undone, then confirm.")
    report = rights.confirm(erasure_id, actor=member.actor, now=now)
    log.info("patient-erased", account=member.account, erasure=erasure_id, clean=report.clean)
    return "The patient was erased."


def _erasure_page(
    clinic: Clinic, erasure_id: str, member: Member, *, problem: str | None = None, status: int = 200
) -> Response:
    found = clinic.rights.erasure(erasure_id)
    person: Person | None = None
    if found.state is ErasureState.ASKED:
        person = clinic.rights.person_of(found, actor=member.actor, now=clinic.now())
    text = render_template(
        "rights/erasure.html",
        erasure=found,
        person=person,
        reason=ERASURE_REASONS.get(found.reason, found.reason),
        may_confirm=found.state is ErasureState.ASKED and may_confirm(found, member),
        report=list(lines(found.report)) if found.report else [],
        names=_names(clinic),
        problem=problem,
    )
    response = make_response(text, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _names(clinic: Clinic) -> dict[str, str]:
    """How the people behind audit actors are called on pages."""
    return {f"user:{account.id}": account.shown for account in clinic.accounts.all()} | {"operator": "the operator"}


def _field(name: str) -> str:
    return request.form.get(name, "")[:MAX_FIELD]
