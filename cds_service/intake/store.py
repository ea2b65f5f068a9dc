"""Intake: staff start a form for a patient, a tablet or a helper fills it in, the answers are sealed and read again.

A form belongs to one subject of the vault. What opens it (a code for minutes, then a secret in the tablet's browser) is
kept as a keyed hash only. Every act is audited in its own transaction, by ids, codes and counts.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from cds_service.accounts.roles import CLINICIANS, Member
from cds_service.errors import NotAllowed
from cds_service.intake import codes, people, rows
from cds_service.intake.errors import CodeRefused, FormClosed, NoSuchForm, NotAnswered, TabletClosed
from cds_service.intake.people import Patient, Recent
from cds_service.intake.values import Form, FormState, Hand, Opened, Tablet, Warned
from cds_service.ledger import audit
from cds_service.ledger.audit import AuditEvent, EventKind, Scalar
from cds_service.ledger.database import Database, Tx
from cds_service.ledger.encoding import new_id
from cds_service.ledger.vault import ItemKind, Vault
from cds_service.settings import Settings
from fhir_mappers.intake_form import SIGNS, VERSION, Value, response

log = structlog.get_logger()

FORM_LASTS = timedelta(hours=12)
"""A form that was started is for this visit: after these hours it can be neither opened nor answered."""

RECENT_FOR = timedelta(hours=24)
"""How long after its chart was opened a patient is offered to choose."""

LISTED = 50
"""Most forms of the staff's list."""

OnWarning = Callable[[Tx, Warned, datetime], None]


def check_may_ask(member: Member) -> None:
    """Raises NotAllowed unless `member` may start forms and read answers: they say who a patient is."""
    if not may_ask(member):
        raise NotAllowed("Intake forms are for nurses and physicians.")


def may_ask(member: Member) -> bool:
    """Whether `member` may start forms and read answers."""
    return member.role in CLINICIANS


def _nobody_else(_tx: Tx, _warned: Warned, _now: datetime) -> None:
    """Nothing beside the staff's own page asks to hear of warning signs."""


class Intake:
    """The forms. Safe for threads: it holds no connection.

    `on_warning` hears of each new warning sign in the transaction that writes it; its failure costs nothing but itself.
    """

    def __init__(
        self, database: Database, vault: Vault, *, settings: Settings, on_warning: OnWarning = _nobody_else
    ) -> None:
        self._database = database
        self._vault = vault
        self._base = settings.external_url
        self._joins_for = timedelta(days=settings.intake_days)
        self._code_lasts = timedelta(minutes=settings.intake_code_minutes)
        self._tablet_lasts = timedelta(minutes=settings.intake_form_minutes)
        self._retention = timedelta(days=settings.vault_retention_days)
        self._on_warning = on_warning

    # -- by staff --------------------------------------------------------------------------------------------------

    def start(self, client: str, patient_id: str, member: Member, now: datetime) -> Form:
        """A form for this client's patient; the one that already waits to be answered, if there is one."""
        check_may_ask(member)
        with self._database.transaction() as tx:
            subject = self._vault.subject_for(tx, tenant=client, patient_key=patient_id, now=now, actor=member.actor)
            return self._start(tx, client, subject, member, now)

    def start_for_answer(self, answer_id: str, member: Member, now: datetime) -> Form:
        """As `start`, for the patient of an answer of the ledger. Raises NoSuchForm when there is no such answer."""
        check_may_ask(member)
        with self._database.transaction() as tx:
            found = people.subject_of_answer(tx, answer_id)
            if found is None:
                raise NoSuchForm("This patient is not in the list any more. Open the page anew.")
            return self._start(tx, *found, member, now)

    def recent(self, member: Member, now: datetime) -> tuple[Recent, ...]:
        """Patients whose charts were opened in the last day: audited, one by one."""
        check_may_ask(member)
        audit_event = _read_by(member.actor, None, "intake-choice")
        with self._database.transaction() as tx:
            return tuple(
                Recent(
                    answer=answer,
                    at=at,
                    patient=people.patient_of(tx, self._vault, subject, now=now, audit=audit_event),
                )
                for answer, subject, at in people.recent_answers(tx, now - RECENT_FOR)
            )

    def clients(self) -> tuple[str, ...]:
        """The EHRs that have asked before."""
        with self._database.transaction(write=False) as tx:
            return people.known_clients(tx)

    def knows(self, client: str, patient_id: str) -> bool:
        """Whether this client's patient was seen here before."""
        with self._database.transaction(write=False) as tx:
            return self._vault.find_subject(tx, tenant=client, patient_key=patient_id) is not None

    def new_code(self, form_id: str, member: Member, now: datetime) -> str:
        """A code that opens the form once on one tablet. A tablet that holds it is shut out. Raises FormClosed."""
        check_may_ask(member)
        code = codes.new_code()
        with self._database.transaction() as tx:
            form = _open_to_staff(rows.get(tx, form_id), now)
            rows.change(
                tx,
                form,
                FormState.STARTED if form.state is FormState.OPENED else None,
                code=self._key("code", code),
                code_until=now + self._code_lasts,
                tablet=None,
                tablet_until=None,
            )
            _audit(tx, form, member.actor, "code-made", now)
        return code

    def withdraw(self, form_id: str, member: Member, now: datetime) -> None:
        """Take a form back that was not answered. Raises FormClosed."""
        check_may_ask(member)
        with self._database.transaction() as tx:
            form = rows.get(tx, form_id)
            rows.change(tx, form, FormState.WITHDRAWN, code=None, tablet=None)
            _audit(tx, form, member.actor, "withdrawn", now)

    def get(self, form_id: str) -> Form:
        """One form. Raises NoSuchForm."""
        with self._database.transaction(write=False) as tx:
            return rows.get(tx, form_id)

    def forms(self, now: datetime) -> tuple[Form, ...]:
        """The forms of the last hours, the newest first."""
        with self._database.transaction(write=False) as tx:
            return rows.started_after(tx, now - 2 * FORM_LASTS, LISTED)

    def patient(self, form: Form, member: Member, now: datetime) -> Patient:
        """Whose form it is: audited."""
        check_may_ask(member)
        with self._database.transaction() as tx:
            event = _read_by(member.actor, form, "intake")
            return people.patient_of(tx, self._vault, form.subject, now=now, audit=event)

    def answers(self, form_id: str, member: Member, now: datetime) -> dict[str, Any]:
        """The QuestionnaireResponse: audited. Raises NotAnswered, and VaultError past its retention."""
        check_may_ask(member)
        with self._database.transaction() as tx:
            form = rows.get(tx, form_id)
            if form.response is None:
                raise NotAnswered("This form was not answered yet.")
            event = _read_by(member.actor, form, "intake")
            return self._vault.read(tx, ItemKind.INTAKE, form.response, now=now, audit=event)

    def warnings(self, now: datetime) -> tuple[Form, ...]:
        """Forms with a warning sign that nobody of the staff has seen yet, the oldest first."""
        with self._database.transaction(write=False) as tx:
            return rows.alarming(tx, now - 2 * FORM_LASTS)

    def seen(self, form_id: str, member: Member, now: datetime) -> None:
        """`member` has seen the warning signs of this form. Safe to call again: the first stays."""
        check_may_ask(member)
        with self._database.transaction() as tx:
            form = rows.get(tx, form_id)
            if form.alarming:
                rows.change(tx, form, seen_by=member.account, seen_at=now)
                _audit(tx, form, member.actor, "warning-seen", now)

    # -- by who fills it in ----------------------------------------------------------------------------------------

    def may_open(self, code: str, now: datetime) -> bool:
        """Whether `code` opens a form. Nothing is used up."""
        with self._database.transaction(write=False) as tx:
            return self._by_code(tx, code, now) is not None

    def open(self, code: str, now: datetime) -> Opened:
        """Bind the form to the browser that has the code, which is used up. Raises CodeRefused."""
        token = secrets.token_urlsafe(32)
        refused = CodeRefused("This code does not open a form. Please ask our staff for a new one.")
        if not self.may_open(code, now):  # anybody may try: a wrong code takes no turn of the writers
            raise refused
        with self._database.transaction() as tx:
            form = self._by_code(tx, code, now)
            if form is None:
                raise refused
            form = rows.change(
                tx,
                form,
                FormState.OPENED,
                code=None,
                code_until=None,
                tablet=self._key("tablet", token),
                tablet_until=now + self._tablet_lasts,
            )
            _audit(tx, form, f"tablet:{form.id}", "opened", now)
        return Opened(form=form, token=token)

    def held(self, hand: Hand, now: datetime) -> Form:
        """The form that `hand` may fill in. Raises TabletClosed, FormClosed and NoSuchForm."""
        with self._database.transaction(write=False) as tx:
            return self._held(tx, hand, now)

    def was_sent_by(self, hand: Hand) -> bool:
        """Whether `hand` has sent its answers."""
        with self._database.transaction(write=False) as tx:
            form = self._of(tx, hand)
            return form is not None and form.state is FormState.ANSWERED

    def more_time(self, hand: Tablet, now: datetime) -> Form:
        """As much time again as a form has at first. Raises TabletClosed."""
        with self._database.transaction() as tx:
            form = self._held(tx, hand, now)
            _audit(tx, form, _actor(hand, form), "more-time", now)
            return rows.change(tx, form, tablet_until=min(now + self._tablet_lasts, form.started_at + FORM_LASTS))

    def tell_signs(self, hand: Hand, signs: Mapping[str, Value], now: datetime) -> Form:
        """Write down the answers to the warning signs, and tell staff of each new yes at once. Raises as `held`."""
        told = {q.link_id: signs[q.link_id] is True for q in SIGNS.questions if q.link_id in signs}
        with self._database.transaction() as tx:
            form = self._held(tx, hand, now)
            fresh = [sign for sign, yes in told.items() if yes and sign not in form.warned]
            values: dict[str, object] = {"signs": told}
            if fresh:
                values |= {"warned": [*form.warned, *fresh], "warned_at": now, "seen_by": None, "seen_at": None}
            form = rows.change(tx, form, None, **values)
            _audit(tx, form, _actor(hand, form), "signs-told", now, positive=sum(told.values()), fresh=len(fresh))
            if fresh:
                self._tell(tx, form, now)
            return form

    def send(self, hand: Hand, answers: Mapping[str, Value], now: datetime) -> Form:
        """Seal the answers, with those to the warning signs. Raises as `held`: what was sent once is not sent again."""
        with self._database.transaction() as tx:
            form = self._held(tx, hand, now)
            actor = _actor(hand, form)
            person = self._vault.read_person(tx, form.subject, now=now, audit=_read_by(actor, form, "intake-write"))
            made = response(
                {**form.signs, **answers},
                base=self._base,
                response_id=form.id,
                patient_id=person.patient_key,
                authored=now,
                helper=None if isinstance(hand, Tablet) else hand.member.account,
            )
            item = self._vault.store(
                tx,
                ItemKind.INTAKE,
                subject=form.subject,
                payload=made,
                now=now,
                expires_at=now + self._retention,
                actor=actor,
            )
            filled_by = "patient" if isinstance(hand, Tablet) else "staff"
            form = rows.change(
                tx, form, FormState.ANSWERED, response=item, answered_at=now, filled_by=filled_by, code=None
            )
            _audit(tx, form, actor, "answered", now, version=VERSION, answers=len(form.signs) + len(answers))
            return form

    # -- on the road of a hook call --------------------------------------------------------------------------------

    def newest(self, client: str, patient_id: str, now: datetime) -> dict[str, Any] | None:
        """The newest answers of this client's patient that still count, as a QuestionnaireResponse. Raises StoreError.

        One read where there are none, which is the rule; else one write besides, because opening them is audited.
        """
        with self._database.transaction(write=False) as tx:
            subject = self._vault.find_subject(tx, tenant=client, patient_key=patient_id)
            if subject is None or rows.newest_answered(tx, subject, now - self._joins_for) is None:
                return None
        with self._database.transaction() as tx:
            return self.newest_in(tx, subject, now, actor=client)

    def newest_in(self, tx: Tx, subject: str, now: datetime, *, actor: str) -> dict[str, Any] | None:
        """As `newest`, for a subject, in the caller's write transaction."""
        form = rows.newest_answered(tx, subject, now - self._joins_for)
        if form is None or form.response is None:
            return None
        return self._vault.read(tx, ItemKind.INTAKE, form.response, now=now, audit=_read_by(actor, form, "hook-call"))

    # -- inside ----------------------------------------------------------------------------------------------------

    def _start(self, tx: Tx, client: str, subject: str, member: Member, now: datetime) -> Form:
        waiting = rows.waiting_of(tx, subject, now - FORM_LASTS)
        if waiting is not None:
            return waiting
        values = {"client": client, "subject": subject, "started_by": member.account, "started_at": now}
        form = rows.add(tx, new_id("form"), values)
        _audit(tx, form, member.actor, "started", now)
        return form

    def _key(self, kind: str, secret: str) -> str:
        return self._vault.keyed("intake", kind, secret)

    def _by_code(self, tx: Tx, code: str, now: datetime) -> Form | None:
        written = codes.written(code)
        form = None if written is None else rows.by_key(tx, "code", self._key("code", written))
        if form is None or form.code_until is None or not form.started_at <= now < form.code_until:
            return None
        return form

    def _of(self, tx: Tx, hand: Hand) -> Form | None:
        if isinstance(hand, Tablet):
            return rows.by_key(tx, "tablet", self._key("tablet", hand.token))
        check_may_ask(hand.member)
        return rows.get(tx, hand.form)

    def _held(self, tx: Tx, hand: Hand, now: datetime) -> Form:
        form = self._of(tx, hand)
        if isinstance(hand, Tablet) and (
            form is None or not form.waiting or form.tablet_until is None or now >= form.tablet_until
        ):
            raise TabletClosed("The time for this form is over, or it was sent. Please give the tablet to our staff.")
        if form is None:
            raise NoSuchForm("There is no such form.")
        return _open_to_staff(form, now)

    def _tell(self, tx: Tx, form: Form, now: datetime) -> None:
        told = Warned(form=form.id, client=form.client, subject=form.subject, signs=form.warned)
        try:
            with tx.begin_nested():
                self._on_warning(tx, told, now)
        except Exception as error:  # noqa: BLE001 - what the patient told is written down whoever cannot hear of it
            log.error("intake-warning-not-passed-on", form=form.id, error=type(error).__name__)


def _open_to_staff(form: Form, now: datetime) -> Form:
    if not form.waiting or now - form.started_at >= FORM_LASTS:
        raise FormClosed("This form was answered or taken back before, or it is too old. Start a new one.")
    return form


def _actor(hand: Hand, form: Form) -> str:
    return f"tablet:{form.id}" if isinstance(hand, Tablet) else hand.member.actor


def _read_by(actor: str, form: Form | None, reason: str) -> AuditEvent:
    detail = {"reason": reason} if form is None else {"reason": reason, "form": form.id}
    return AuditEvent(kind=EventKind.VAULT_READ, actor=actor, detail=detail)


def _audit(tx: Tx, form: Form, actor: str, act: str, now: datetime, **detail: Scalar) -> None:
    event = AuditEvent(
        kind=EventKind.INTAKE, actor=actor, subject=form.subject, detail={"form": form.id, "act": act, **detail}
    )
    audit.append(tx, [event], now=now)
