"""The roll-out page: how far the service, the model and each rule are rolled out, every change, and a form for one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import structlog
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for

from cds_service.accounts.roles import Member
from cds_service.clinic import Clinic
from cds_service.clinical import RULES
from cds_service.rollout.change import Change, NewPlace
from cds_service.rollout.errors import RollOutRefused, Stale
from cds_service.rollout.permissions import check_may_change, may_change
from cds_service.rollout.stages import MODEL, SERVICE, Setting, Stage, rule_part
from cds_service.web.site import who

log = structlog.get_logger()

NAME = "rollout"
MAX_FIELD = 20_000
TITLES: Mapping[str, str] = {SERVICE: "The whole service", MODEL: "The model"} | {
    rule_part(rule.id): rule.title for rule in RULES
}
MEANS: Mapping[Stage, str] = {
    Stage.SHADOW: "computed and recorded, shown to nobody",
    Stage.PILOT: "shown in the places of the pilot, in shadow everywhere else",
    Stage.FULL: "shown to all clinicians",
}


@dataclass(frozen=True, kw_only=True)
class PartRow:
    """One part as the page lists it. `setting` is None for one that was never changed."""

    part: str
    title: str
    stage: Stage
    setting: Setting | None


@dataclass(frozen=True, kw_only=True)
class PastRow:
    """One change as the page lists it; `who` is the name of the account where there is one."""

    at: datetime
    who: str
    title: str
    before: str
    after: str
    labels: str
    why: str


def blueprint(clinic: Clinic) -> Blueprint:
    """The page under ``/roll-out``."""
    made = Blueprint(NAME, __name__)

    @made.get("/roll-out")
    def page() -> Response:
        return _page(clinic, who.signed_in())

    @made.post("/roll-out")
    def change() -> Response:
        member = who.signed_in()
        check_may_change(member)
        try:
            wanted = _asked()
            clinic.roll_out.change(wanted, actor=member.actor, now=clinic.now())
        except RollOutRefused as refused:
            return _page(clinic, member, problem=str(refused), status=409 if isinstance(refused, Stale) else 422)
        log.info("roll-out-changed", account=member.account, part=wanted.part, stage=wanted.stage.value)
        flash(f"{TITLES[wanted.part]}: {wanted.stage.value}. Every process knows it within five seconds.", "success")
        return cast("Response", redirect(url_for(f"{NAME}.page"), code=303))

    return made


def _page(clinic: Clinic, member: Member, *, problem: str | None = None, status: int = 200) -> Response:
    roll_out = clinic.roll_out
    stages = roll_out.read()
    parts = [
        PartRow(part=part, title=title, stage=stages.stage(part), setting=stages.parts.get(part))
        for part, title in TITLES.items()
    ]
    text = render_template(
        "rollout/page.html",
        always=parts[:2],
        narrow=[row for row in parts[2:] if row.stage.narrow],
        parts=parts,
        urgent=frozenset(rule_part(rule) for rule, urgent in roll_out.rules.items() if urgent),
        rules_off=[TITLES[rule_part(rule)] for rule in clinic.settings.rules_off],
        stages=list(Stage),
        means=MEANS,
        seq=stages.seq,
        history=_history(clinic),
        may_change=may_change(member),
        problem=problem,
        form={name: _field(name) for name in ("part", "stage", "why", "add", "drop")},
    )
    return make_response(text, status)


def _history(clinic: Clinic) -> list[PastRow]:
    names = {f"user:{account.id}": account.shown for account in clinic.accounts.all()}
    return [
        PastRow(
            at=datetime.fromisoformat(past.at),
            who=names.get(past.actor, past.actor),
            title=TITLES.get(past.part, past.part),
            before=past.before,
            after=past.after,
            labels=past.labels,
            why=past.why,
        )
        for past in clinic.roll_out.history()
    ]


def _asked() -> Change:
    """The change that the form asks for. Raises RollOutRefused."""
    stage, seen = _field("stage"), _field("seen")
    if stage not in set(Stage):
        raise RollOutRefused("Choose a stage: shadow, pilot or full.")
    if not (seen.isascii() and seen.isdigit()):
        raise Stale("The form does not say which state it was made for: look at the page again.")
    return Change(
        part=_field("part"),
        stage=Stage(stage),
        why=_field("why"),
        add=[NewPlace.parse(line) for line in _field("add").splitlines() if line.strip()],
        drop=_field("drop").split(),
        confirmed=_field("confirmed") == "yes",
        seen=int(seen),
    )


def _field(name: str) -> str:
    return request.form.get(name, "")[:MAX_FIELD]
