"""Training sets that leave the clinic: ordered by one compliance officer, approved by another, and what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import structlog
from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)

from cds_service.accounts.roles import Member, Role
from cds_service.clinic import Clinic
from cds_service.errors import RequestError, StoreError
from cds_service.export import permissions
from cds_service.export.errors import Incomplete, Stale
from cds_service.export.manifest import CARD, MANIFEST, RISK, RISK_FIGURE, RISK_PAGE, SIGNATURE
from cds_service.export.ordered import ATTESTATIONS, ATTESTED, Approving, Attestation, Ordered, Purpose, Words
from cds_service.export.required import REFUSALS
from cds_service.export.states import State
from cds_service.export.values import Preview
from cds_service.web.site import export_words, who
from cds_service.web.site.export_form import CHOICES, Typed, narrowed

log = structlog.get_logger()

NAME = "exports"
FILES = (CARD, MANIFEST, SIGNATURE, RISK_PAGE, RISK, RISK_FIGURE)
"""What the page hands out: words about the data. The data themselves stay in the folder on the server."""

MAX_FIELD = 300
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class OnDisk:
    """One file of a finished export. `sha256`: as the manifest says."""

    name: str
    bytes: int
    sha256: str
    offered: bool


def blueprint(clinic: Clinic) -> Blueprint:
    """The pages under ``/exports``."""
    made = Blueprint(NAME, __name__)
    _list(made, clinic)
    _ordering(made, clinic)
    _one(made, clinic)
    _judging(made, clinic)
    return made


def _officer() -> Member:
    return who.needs(Role.COMPLIANCE)


def _list(made: Blueprint, clinic: Clinic) -> None:
    @made.get("/exports")
    def page() -> Response:
        _officer()
        return make_response(render_template("exports/list.html", **_listed(clinic)))

    @made.get("/exports/rows")
    def rows() -> Response:
        _officer()
        return make_response(render_template("exports/rows.html", **_listed(clinic)))


def _ordering(made: Blueprint, clinic: Clinic) -> None:
    @made.get("/exports/new")
    def new() -> Response:
        _officer()
        return _form(clinic, Typed.usual(clinic.now(), _zone(clinic)), {})

    @made.post("/exports/new")
    def order() -> Response:
        member = _officer()
        typed = Typed.sent(request.form)
        try:
            ordered = clinic.exports.order(typed.asked(_zone(clinic)), member, clinic.now())
        except Incomplete as missing:
            return _form(clinic, typed, dict(missing.fields))
        log.info("export-ordered", account=member.account, export=ordered.id)
        flash("The export is ordered. Its preview is made next; then another officer decides.", "success")
        return _to(ordered.id)


def _one(made: Blueprint, clinic: Clinic) -> None:
    @made.get("/exports/<order_id>")
    def order_page(order_id: str) -> Response:
        return _order_page(clinic, order_id, _officer())

    @made.get("/exports/<order_id>/progress")
    def progress(order_id: str) -> Response:
        _officer()
        ordered = clinic.exports.get(order_id)
        now = clinic.now()
        standing = export_words.standing(ordered, now)
        page = make_response(render_template("exports/progress.html", it=ordered, standing=standing, now=now))
        if request.args.get("state") != _state_key(ordered, now):
            page.headers["HX-Refresh"] = "true"
        return page

    @made.get("/exports/<order_id>/files/<name>")
    def file(order_id: str, name: str) -> Response:
        member = _officer()
        ordered = clinic.exports.get(order_id)
        found = clinic.exports.folder_of(ordered) / name
        if name not in FILES or ordered.state is not State.DONE or not found.is_file():
            abort(404, "There is no such file.")
        clinic.exports.taken(ordered, name, member, clinic.now())
        answer = send_file(found.absolute(), as_attachment=True, download_name=f"{order_id}-{name}", etag=False)
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _judging(made: Blueprint, clinic: Clinic) -> None:
    @made.post("/exports/<order_id>/approve")
    def approve(order_id: str) -> Response:
        member = _officer()
        attested = frozenset(a for a in Attestation if request.form.get(a.value) == "yes")
        asked = Approving(seen=_field("seen"), attested=attested, signature=_field("signature"))
        try:
            clinic.exports.approve(order_id, asked, member, clinic.now())
        except (Incomplete, Stale) as refused:
            return _order_page(clinic, order_id, member, refused)
        flash("Approved. The export is written next.", "success")
        return _to(order_id)

    @made.post("/exports/<order_id>/refuse")
    def refuse(order_id: str) -> Response:
        member = _officer()
        try:
            clinic.exports.refuse(order_id, _field("seen"), _field("why"), member, clinic.now())
        except (Incomplete, Stale) as refused:
            return _order_page(clinic, order_id, member, refused)
        flash("Refused. Nothing leaves the clinic.", "success")
        return _to(order_id)

    @made.post("/exports/<order_id>/act")
    def act(order_id: str) -> Response:
        member = _officer()
        try:
            said = _act(clinic, order_id, _field("act"), member)
        except Stale as refused:
            return _order_page(clinic, order_id, member, refused)
        flash(said, "success")
        return _to(order_id)


def _act(clinic: Clinic, order_id: str, act: str, member: Member) -> str:
    """Do one of the smaller steps, and say what was done."""
    orders, now = clinic.exports, clinic.now()
    if act == "stop":
        orders.stop(order_id, member, now)
        return "Stopped. What is written stays, and it goes on from there when you say so."
    if act == "go-on":
        orders.go_on(order_id, member, now)
        return "It goes on."
    if act == "preview":
        orders.preview_again(order_id, member, now)
        return "The preview is made again."
    if act == "withdraw":
        orders.withdraw(order_id, member, now, remove=_field("remove") == "yes")
        return "Withdrawn. Nobody can lead its codes back to a person any more."
    raise RequestError("The form does not say what to do.")


def _listed(clinic: Clinic) -> dict[str, object]:
    now = clinic.now()
    orders = clinic.exports.all()
    return {
        "rows": [(order, export_words.standing(order, now)) for order in orders],
        "live": any(order.state in (State.PREVIEWING, State.APPROVED) or order.busy(now) for order in orders),
        "names": _names(clinic),
        "profiles": export_words.PROFILES,
        "period": _period(clinic),
        "sentence": export_words.sentence,
    }


def _form(clinic: Clinic, typed: Typed, problems: dict[str, str]) -> Response:
    page = render_template(
        "exports/new.html",
        typed=typed,
        problems=problems,
        choices=CHOICES,
        profiles=export_words.PROFILES,
        purposes=tuple(Purpose),
        zone=clinic.settings.clinic_timezone,
    )
    return make_response(page, 422 if problems else 200)


def _order_page(clinic: Clinic, order_id: str, member: Member, refused: Incomplete | Stale | None = None) -> Response:
    now = clinic.now()
    ordered = clinic.exports.get(order_id)
    words, preview = _looked_at(clinic, ordered, member, now)
    page = render_template(
        "exports/order.html",
        it=ordered,
        words=words,
        preview=preview if ordered.state in (State.AWAITING, State.APPROVED, State.STOPPED, State.DONE) else None,
        standing=export_words.standing(ordered, now),
        state_key=_state_key(ordered, now),
        live=ordered.state in (State.PREVIEWING, State.APPROVED) or ordered.busy(now),
        may={
            "judge": permissions.may_judge(ordered, member),
            "stop": permissions.may_stop(ordered, member),
            "go_on": permissions.may_go_on(ordered, member),
            "preview": permissions.may_preview_again(ordered, member),
            "withdraw": permissions.may_withdraw(ordered, member, now),
        },
        attestations=[(a.value, ATTESTED[a]) for a in ATTESTATIONS[ordered.profile]],
        refusals=REFUSALS,
        problems=dict(refused.fields) if isinstance(refused, Incomplete) else {},
        stale=str(refused) if isinstance(refused, Stale) else None,
        form=request.form,
        names=_names(clinic),
        profile=export_words.PROFILES[ordered.profile],
        period=_period(clinic),
        narrowed=narrowed(ordered.scope),
        steps=clinic.exports.history(order_id),
        why=export_words.why,
        sentence=export_words.sentence,
        risk=export_words.risk(preview.risk) if preview else [],
        speeches=export_words.speeches,
        others=export_words.others,
        files=_files(clinic.exports.folder_of(ordered)) if ordered.state is State.DONE else [],
        folder=clinic.exports.folder_of(ordered),
        approval_days=clinic.exports.approval_days,
        now=now,
    )
    return make_response(page, refused.status if refused else 200)


def _looked_at(clinic: Clinic, ordered: Ordered, member: Member, now: datetime) -> tuple[Words | None, Preview | None]:
    """What is sealed, None where it is past its retention."""
    try:
        return clinic.exports.look(ordered, member, now)
    except StoreError:
        log.warning("export-words-gone", export=ordered.id)
        return None, None


def _files(folder: Path) -> list[OnDisk]:
    """What lies in the folder of a finished export."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        found = sorted(path for path in folder.iterdir() if path.is_file())
    except (OSError, ValueError):
        return []
    said = manifest.get("files", {}) if isinstance(manifest, dict) else {}
    return [
        OnDisk(
            name=path.name,
            bytes=path.stat().st_size,
            sha256=str(said.get(path.name, {}).get("sha256", "")) if isinstance(said, dict) else "",
            offered=path.name in FILES,
        )
        for path in found
    ]


def _names(clinic: Clinic) -> dict[str, str]:
    """How people are called, by account and by actor."""
    accounts = clinic.accounts.all()
    return {a.id: a.shown for a in accounts} | {f"user:{a.id}": a.shown for a in accounts}


def _period(clinic: Clinic) -> object:
    """A function that writes the period of an order in days of the clinic."""
    zone = _zone(clinic)

    def period(ordered: Ordered) -> str:
        begin = ordered.scope.since.astimezone(zone).date()
        last = (ordered.scope.until.astimezone(zone) - _MOMENT).date()
        return f"{begin:%d %b %Y} to {last:%d %b %Y}"

    return period


def _state_key(ordered: Ordered, now: datetime) -> str:
    """Changes when the page has more to show than progress."""
    return f"{ordered.state.value}.{'busy' if ordered.busy(now) else 'idle'}"


def _zone(clinic: Clinic) -> ZoneInfo:
    return ZoneInfo(clinic.settings.clinic_timezone)


def _to(order_id: str) -> Response:
    return cast("Response", redirect(url_for(f"{NAME}.order_page", order_id=order_id), code=303))


def _field(name: str) -> str:
    return request.form.get(name, "")[:MAX_FIELD]
