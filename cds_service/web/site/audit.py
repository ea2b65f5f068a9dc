"""The audit trail for compliance officers: what happened, whether it is sealed, one patient's history, and a download.

A reading of the trail is an event of it as well. Who a patient is comes in the body of a form, never in an address.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import structlog
from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from cds_service.accounts.roles import Member, Role
from cds_service.clinic import Clinic
from cds_service.ledger.audit import AuditEvent, EventKind
from cds_service.ledger.database import any_text
from cds_service.ledger.seals import Seals
from cds_service.ledger.trail import Record, Wanted, last_verified, more_than, newest_first, note_reading, records, span
from cds_service.ledger.trail_forms import Form, lines
from cds_service.rights.errors import Incomplete
from cds_service.rights.values import LOOK_REASONS
from cds_service.web.site import audit_words, who
from fhir_mappers.audit_event import audit_event

log = structlog.get_logger()

NAME = "audit"
PER_PAGE = 50
MAX_FIELD = 300
MAX_DIGITS = 19
MOST_EVENTS = 20_000
"""In one download: a web process has hook calls to answer. The command has no bound."""

_FILTERS = ("since", "until", "kind", "actor", "subject")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the form of the page holds, as it was typed."""

    since: str = ""
    until: str = ""
    kind: str = ""
    actor: str = ""
    subject: str = ""
    before: str = ""

    @classmethod
    def sent(cls) -> Asked:
        """What this request asks for."""
        return cls(**{name: request.args.get(name, "")[:MAX_FIELD].strip() for name in (*_FILTERS, "before")})

    def wanted(self, zone: ZoneInfo) -> Wanted:
        """The events. Raises ValueError in words for people."""
        since, until = span(_day(self.since), _day(self.until), zone)
        if self.kind and self.kind not in set(EventKind):
            raise ValueError("There is no such kind of event.")
        if self.before and not (self.before.isascii() and self.before.isdigit() and len(self.before) < MAX_DIGITS):
            raise ValueError("There is no such page.")
        try:
            AuditEvent(kind=EventKind.AUDIT_READ, actor=self.actor or "anyone", subject=self.subject or None)
        except ValueError:
            raise ValueError("That is no id of an actor or a patient of this trail.") from None
        return Wanted(
            since=since,
            until=until,
            kinds=frozenset({EventKind(self.kind)}) if self.kind else frozenset(),
            actor=self.actor or None,
            subject=self.subject or None,
            up_to=int(self.before) - 1 if self.before else None,
        )

    def query(self, **changes: str) -> str:
        """As the query of an address, without what is empty."""
        fields: dict[str, str] = {name: getattr(self, name) for name in _FILTERS} | changes
        return urlencode({name: value for name, value in fields.items() if value})


def blueprint(clinic: Clinic) -> Blueprint:
    """The pages under ``/audit``."""
    made = Blueprint(NAME, __name__)

    @made.get("/audit")
    def page() -> Response:
        member = who.needs(Role.COMPLIANCE)
        asked = Asked.sent()
        try:
            return _page(clinic, asked, asked.wanted(_zone(clinic)), member)
        except ValueError as problem:
            return _page(clinic, asked, None, member, str(problem))

    @made.post("/audit/patient")
    def patient() -> Response:
        return _patient(clinic, who.needs(Role.COMPLIANCE))

    @made.get("/audit/download")
    def download() -> Response:
        return _download(clinic, who.needs(Role.COMPLIANCE))

    return made


def _page(
    clinic: Clinic, asked: Asked, wanted: Wanted | None, member: Member, problem: str | None = None, lookup: str = ""
) -> Response:
    database = clinic.recorder.database
    found: list[Record] = []
    if wanted is not None:
        with database.transaction() as tx:
            wanted = note_reading(tx, wanted, act="page", actor=member.actor, now=clinic.now())
    seals = Seals(clinic.recorder.vault.keys, clinic.settings.seals_file)
    mark = seals.mark()
    with database.transaction(write=False) as tx, any_text(tx):
        if wanted is not None:
            found = newest_first(tx, wanted, limit=PER_PAGE + 1)
        status, verified = seals.status(tx, mark=mark), last_verified(tx)
    text = render_template(
        "audit/page.html",
        asked=asked,
        rows=found[:PER_PAGE],
        older=asked.query(before=str(found[PER_PAGE - 1].seq)) if len(found) > PER_PAGE else None,
        newest=asked.query() if asked.before else None,
        narrowed=any(getattr(asked, name) for name in _FILTERS),
        status=status,
        sealed_at=_moment(status.newest.time) if status.newest else None,
        verified=_moment(verified.time) if verified else None,
        problem=problem,
        lookup=lookup,
        words=audit_words,
        moment=_moment,
        names=_names(clinic),
        clients=clinic.intake.clients(),
        look_reasons=LOOK_REASONS,
        form=request.form,
    )
    return make_response(text, 422 if problem or lookup else 200)


def _patient(clinic: Clinic, member: Member) -> Response:
    """Look a patient up in the vault, and lead to the history under the subject's id."""
    client, patient, reason = (
        request.form.get(name, "")[:MAX_FIELD].strip() for name in ("client", "patient", "reason")
    )
    try:
        standing = clinic.rights.look(client, patient, reason=reason, actor=member.actor, now=clinic.now())
    except Incomplete as missing:
        return _page(clinic, Asked(), None, member, lookup=str(missing))
    if standing.subject is None:
        return _page(clinic, Asked(), None, member, lookup="This service knows no such patient of this EHR.")
    log.info("audit-patient", account=member.account)
    return cast("Response", redirect(url_for(f"{NAME}.page", subject=standing.subject), code=303))


def _download(clinic: Clinic, member: Member) -> Response:
    """Every event that the filter lets through, line by line."""
    asked, form = Asked.sent(), request.args.get("format", Form.FHIR.value)
    try:
        wanted, form = asked.wanted(_zone(clinic)), Form(form)
    except ValueError:
        abort(404, "There is no such file.")
    now = clinic.now()
    with clinic.recorder.database.transaction(write=False) as tx:
        if more_than(tx, wanted, MOST_EVENTS):
            abort(413, f"More than {MOST_EVENTS:,} events: choose fewer days, or use `cds-service audit export`.")
    with clinic.recorder.database.transaction() as tx:
        wanted = note_reading(tx, wanted, act="export", actor=member.actor, now=now, how=form.value)
    log.info("audit-export", account=member.account, format=form.value)
    answer = Response(_written(clinic, wanted, form), mimetype=None, content_type=form.media_type)
    name = f"audit-{now.astimezone(_zone(clinic)):%Y-%m-%d}.{form.suffix}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _written(clinic: Clinic, wanted: Wanted, form: Form) -> Iterator[bytes]:
    as_fhir = partial(audit_event, base=clinic.settings.external_url, check=False)
    with clinic.recorder.database.transaction(write=False) as tx:
        for line in lines(records(tx, wanted), form, as_fhir):
            yield line.encode("utf-8")


def _moment(time: str) -> datetime | None:
    """A time of the trail; None for one that cannot be read."""
    try:
        return datetime.fromisoformat(time)
    except ValueError:
        return None


def _names(clinic: Clinic) -> Mapping[str, str]:
    """How people are called, by actor."""
    return {f"user:{account.id}": account.shown for account in clinic.accounts.all()}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError("Give days as year, month and day.") from None


def _zone(clinic: Clinic) -> ZoneInfo:
    return ZoneInfo(clinic.settings.clinic_timezone)
