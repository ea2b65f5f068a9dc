"""What the pipeline remembers: one read and one write transaction a hook call, over ledger, vault, audit and jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import select

from cds_service import clinical, codec
from cds_service.assessor import AssessmentTask
from cds_service.cards import CardSet
from cds_service.domain import Advice, Assessment, AssessmentOutcome, AssessmentStatus, Finding, FindingKind
from cds_service.errors import StoreError
from cds_service.inference.jobs import Job, JobState, JobStore, QueueStats, WorkerRegistry
from cds_service.intake.store import Intake
from cds_service.ledger import audit
from cds_service.ledger.audit import AuditEvent, EventKind, Outcome
from cds_service.ledger.chain import ChainReport, verify
from cds_service.ledger.database import Database, Tx
from cds_service.ledger.encoding import new_id
from cds_service.ledger.ledger import Ledger
from cds_service.ledger.migrate import is_current
from cds_service.ledger.queries import dismissed_states, recent_answers
from cds_service.ledger.records import AnswerRecord, CardKind, CardRecord, FeedbackOutcome
from cds_service.ledger.records import FeedbackItem as FeedbackRecord
from cds_service.ledger.settings_trail import note_settings
from cds_service.ledger.tables import job as job_table
from cds_service.ledger.vault import Vault
from cds_service.notify.outbox import Outbox
from cds_service.review.opening import opening_of, sealed_states
from cds_service.review.reasons import FORMER_REASONS, OFFERED_REASONS, OVERRIDE_SYSTEM
from cds_service.review.store import Reviews
from cds_service.review.values import ReviewCase
from cds_service.rollout.here import location_of
from cds_service.rollout.store import RollOut
from cds_service.settings import ModelKind, Settings
from fhir_mappers.case import Case
from hooks.feedback import NON_ADHERENCE_REASONS, NON_ADHERENCE_SYSTEM, BadItem, FeedbackItem
from hooks.services import HookCall

log = structlog.get_logger()

HEARTBEAT_S = 5.0
"""Seconds between signs of life of a worker."""

ALIVE_S = 3 * HEARTBEAT_S
"""Seconds after its last sign of life for which a worker counts as alive."""

OTHER_REASON = "other"
"""Stands for an override reason that is none of the `KNOWN_REASONS`."""

KNOWN_REASONS = frozenset(
    [
        *((NON_ADHERENCE_SYSTEM, code) for code in NON_ADHERENCE_REASONS),
        *((system, code) for system, code, _ in OFFERED_REASONS),
        *((OVERRIDE_SYSTEM, code) for code in FORMER_REASONS),
    ]
)
"""Override reasons, as (system, code), that are kept in the open; any other is a client's own text and is sealed."""

KEEP_JOBS = timedelta(days=30)
"""How long a finished job stays in the table; what was shown stays in the ledger."""

STATUS_OF_JOB = {
    JobState.QUEUED: AssessmentStatus.PENDING,
    JobState.RUNNING: AssessmentStatus.PENDING,
    JobState.READY: AssessmentStatus.READY,
    JobState.WITHHELD: AssessmentStatus.WITHHELD,
    JobState.FAILED: AssessmentStatus.UNAVAILABLE,
    JobState.SHED: AssessmentStatus.PENDING,
}
"""A job that failed is tried again by a call some minutes later, one that was shed by the next call."""


def new_answer_id() -> str:
    """An id for an answer, before its cards are made: they lead to it."""
    return new_id("ans")


class Recorder:
    """The stores behind one face. Safe for threads: it holds no connection."""

    def __init__(self, database: Database, vault: Vault, settings: Settings) -> None:
        self.database = database
        self._settings = settings
        self.jobs = JobStore(
            bound=settings.queue_bound,
            max_attempts=settings.job_attempts,
            ttl=timedelta(hours=settings.assessment_ttl_hours),
        )
        self.workers = WorkerRegistry()
        self.roll_out = RollOut(database, vault, rules=clinical.URGENT)
        self.model_on = settings.model is not ModelKind.NONE
        self.vault = vault
        self.reviews = Reviews(database, vault, settings=settings)
        self.outbox = Outbox(database, settings=settings)
        self.intake = Intake(database, vault, settings=settings)
        self._retention = timedelta(days=settings.vault_retention_days)
        self._dismissed_for = timedelta(days=settings.care_gap_days)
        self._ledger = Ledger(vault, retention=self._retention)

    # -- during a hook call ----------------------------------------------------------------------------------------

    def subject(self, client: str, patient_id: str, now: datetime) -> str:
        """The random subject id of this client's patient; minted on first sight."""
        with self.database.transaction(write=False) as tx:
            known = self.vault.find_subject(tx, tenant=client, patient_key=patient_id)
        if known is not None:
            return known
        with self.database.transaction() as tx:
            return self.vault.subject_for(tx, tenant=client, patient_key=patient_id, now=now, actor=client)

    def undismissed(
        self, call: HookCall, case: Case, subject: str, findings: Sequence[Finding], now: datetime
    ) -> tuple[Finding, ...]:
        """`findings` without the care gaps that this user dismissed lately and whose data have not changed since."""
        if not any(f.kind is FindingKind.CARE_GAP for f in findings):
            return tuple(findings)
        with self.database.transaction(write=False) as tx:
            dismissed = dismissed_states(
                tx, subject=subject, user_key=self._user_key(call), since=now - self._dismissed_for
            )
        return tuple(
            f for f in findings if f.kind is not FindingKind.CARE_GAP or self._state(case, subject, f) not in dismissed
        )

    def serving_model(self, now: datetime) -> str | None:
        """The version of the model that a living worker serves, None when no worker is alive."""
        with self.database.transaction(write=False) as tx:
            beat = self.workers.latest(tx, now=now, within_s=ALIVE_S)
        return beat.model_version if beat else None

    def outcome(self, task: AssessmentTask, now: datetime) -> AssessmentOutcome:
        """What is known about the assessment of `task`: ready, withheld, unavailable, or pending."""
        with self.database.transaction(write=False) as tx:
            job = self.jobs.lookup(tx, task.cache_key(), now=now)
        return _outcome(job)

    def enqueue(self, task: AssessmentTask, now: datetime) -> None:
        """See that `task` is assessed. Safe to call again."""
        with self.database.transaction() as tx:
            self.jobs.enqueue(tx, cache_key=task.cache_key(), payload=task.to_json(), now=now, actor="pipeline")

    def answer(
        self,
        call: HookCall,
        case: Case,
        subject: str,
        advice: Advice,
        made: CardSet,
        *,
        labelled: Sequence[Finding],
        answer_id: str,
        task: AssessmentTask | None,
        refusal: str | None,
        timings: Mapping[str, float],
        stage: str,
    ) -> None:
        """Write one answer whole: job, vault snapshot, cards, audit events, and what it does to the cases.

        `labelled`: findings that are not in `advice`, for they rest on labelled data. `answer_id`: of `new_answer_id`.
        """
        now = case.now
        with self.database.transaction() as tx:
            job = None
            if task is not None and advice.outcome.status is AssessmentStatus.PENDING:
                job = self.jobs.enqueue(
                    tx, cache_key=task.cache_key(), payload=task.to_json(), now=now, actor=call.client
                )
            elif task is not None:
                job = self.jobs.lookup(tx, task.cache_key(), now=now)
            snapshot = self.vault.store_snapshot(
                tx,
                subject=subject,
                payload=codec.plain(case),
                now=now,
                expires_at=now + self._retention,
                actor=call.client,
            )
            record = AnswerRecord(
                id=answer_id,
                service=call.service.id,
                hook=call.service.hook,
                hook_instance=call.request.hook_instance,
                client=call.client,
                advice=advice,
                cards=self._card_records(case, subject, advice, made),
                created_at=now,
                subject=subject,
                user_key=self._user_key(call),
                snapshot=snapshot,
                job=job.id if job else None,
                timings_ms={name: round(ms, 1) for name, ms in timings.items()},
                stage=stage,
            )
            events = _events(call, advice, answer_id, subject, refusal=refusal, stage=stage)
            self._ledger.record_answer(tx, record, audit=events)
            sealed = sealed_states(labelled, partial(self.vault.keyed, "labelled", subject))
            opening = opening_of(
                record, data_at=case.data_as_of, location=location_of(call), stage=stage, sealed=sealed
            )
            if advice.outcome.status is AssessmentStatus.OFF:
                opening = replace(opening, job=None)  # what a model in shadow drafts is nobody's to review
            opened = self.reviews.opened_in(tx, opening, now)
            if opened is not None:
                self.tell(tx, opened, now)

    def tell(self, tx: Tx, case: ReviewCase, now: datetime) -> None:
        """Have a physician told, where one is due. What fails here the notifier does: the case says that it is due."""
        try:
            with tx.begin_nested():
                self.outbox.for_case_in(tx, case, now)
        except Exception as error:  # noqa: BLE001 - answer and draft are recorded whatever becomes of the message
            log.error("notification-put-off", case=case.id, error=type(error).__name__)

    def refused_user(self, call: HookCall, now: datetime) -> None:
        """A call by a patient or a related person: audited, nothing else is kept."""
        event = AuditEvent(
            kind=EventKind.HOOK_CALL,
            actor=call.client,
            outcome=Outcome.REFUSED,
            detail={"service": call.service.id, "reason": "user-not-a-clinician"},
        )
        with self.database.transaction() as tx:
            audit.append(tx, [event], now=now)

    def feedback(
        self, service_id: str, items: Sequence[FeedbackItem | BadItem], *, client: str, now: datetime
    ) -> list[dict[str, Any]]:
        """Judge and record each item. One entry an item, in order: its card, whether it is recorded, and why not."""
        good = [item for item in items if isinstance(item, FeedbackItem)]
        event = AuditEvent(kind=EventKind.FEEDBACK, actor=client, detail={"service": service_id})
        with self.database.transaction() as tx:
            results = iter(
                self._ledger.record_feedback(
                    tx,
                    service=service_id,
                    client=client,
                    items=[_feedback_record(item) for item in good],
                    now=now,
                    audit=event,
                )
            )
        entries: list[dict[str, Any]] = []
        for item in items:
            if isinstance(item, BadItem):
                entries.append({"recorded": False, "status": "malformed", "problem": item.problem})
            else:
                status = next(results).status
                entries.append({"card": item.card, "recorded": status.accepted, "status": status.value})
        return entries

    def note_settings(self, now: datetime) -> None:
        """Audit which settings are not as they were noted last."""
        with self.database.transaction() as tx:
            note_settings(tx, self.vault, self._settings, now=now)

    # -- keyed ids -------------------------------------------------------------------------------------------------

    def _user_key(self, call: HookCall) -> str:
        return self.vault.keyed("user", call.client, call.context.user_type, call.context.user_id)

    def _state(self, case: Case, subject: str, finding: Finding) -> str:
        """What a care gap rests on: another result, date or resource makes another state.

        Of the random subject, not of the patient id: an old copy of the database leads nobody back through it.
        """
        sources = [case.sources[handle] for handle in finding.sources if handle in case.sources]
        rests = sorted(f"{s.reference} {s.as_of.isoformat() if s.as_of else ''}" for s in sources)
        values = sorted(f"{name}={value}" for name, value in finding.values.items())
        return self.vault.keyed("care-gap", subject, finding.rule, finding.topic, *values, *rests)

    def _card_records(self, case: Case, subject: str, advice: Advice, made: CardSet) -> tuple[CardRecord, ...]:
        return tuple(self._card_record(case, subject, advice, made, index) for index in range(len(made.cards)))

    def _card_record(self, case: Case, subject: str, advice: Advice, made: CardSet, index: int) -> CardRecord:
        told = [f for f in made.findings[index] if f in advice.findings]  # the others rest on labelled data
        kind = CardKind(made.kinds[index])
        return CardRecord(
            uuid=made.cards[index]["uuid"],
            kind=kind,
            indicator=made.cards[index]["indicator"],
            suggestions=made.suggestions(index),
            rules=tuple(dict.fromkeys(f.rule for f in told)),
            passages=made.passages[index],
            evidence=tuple(dict.fromkeys(h for f in told for h in f.sources)),
            states=tuple(self._state(case, subject, f) for f in told) if kind is CardKind.CARE_GAP else (),
        )

    # -- reading ---------------------------------------------------------------------------------------------------

    def recent(self, limit: int) -> list[dict[str, Any]]:
        """The newest answers with their cards and feedback."""
        with self.database.transaction(write=False) as tx:
            return [stored.as_json() for stored in recent_answers(tx, limit=limit)]

    def verify_audit(self) -> ChainReport:
        """Check the whole audit chain."""
        with self.database.transaction(write=False) as tx:
            return verify(tx)

    def queue(self, now: datetime) -> QueueStats:
        """How many jobs are in each state, and how long the oldest has waited."""
        with self.database.transaction(write=False) as tx:
            return self.jobs.stats(tx, now=now)

    def newest_job(self) -> Job | None:
        """The job that was asked for last."""
        newest = select(job_table.c.cache_key, job_table.c.queued_at).order_by(job_table.c.queued_at.desc()).limit(1)
        with self.database.transaction(write=False) as tx:
            row = tx.execute(newest).one_or_none()
            return None if row is None else self.jobs.lookup(tx, row.cache_key, now=row.queued_at)

    def purge(self, now: datetime) -> tuple[int, int]:
        """Delete what is past its time; returns how many vault items and finished jobs went."""
        with self.database.transaction() as tx:
            items = self.vault.purge_expired(tx, now=now, actor="purge")
            jobs = self.jobs.purge_finished(tx, before=now - KEEP_JOBS, now=now, actor="purge")
        return items, jobs

    def problem(self) -> str | None:
        """Why the stores cannot be used, in fixed words; None when they can."""
        try:
            with self.database.transaction(write=False) as tx:
                self.vault.check_keys(tx)
            return None if is_current(self.database) else "the database schema is not current"
        except StoreError:
            return "the database does not answer"


def _outcome(job: Job | None) -> AssessmentOutcome:
    status = AssessmentStatus.PENDING if job is None else STATUS_OF_JOB[job.state]
    if job is not None and status is AssessmentStatus.READY and job.result is not None:
        return AssessmentOutcome(status=status, assessment=codec.decode(Assessment, job.result))
    return AssessmentOutcome(status=status, reasons=job.reasons if job else ())


def _events(
    call: HookCall, advice: Advice, answer_id: str, subject: str, *, refusal: str | None, stage: str
) -> list[AuditEvent]:
    hook = AuditEvent(
        kind=EventKind.HOOK_CALL,
        actor=call.client,
        subject=subject,
        detail={
            "answer": answer_id,
            "service": call.service.id,
            "hook": call.service.hook,
            "floor": advice.floor.label,
            "assessment": advice.outcome.status.value,
            "stage": stage,
        },
    )
    gate = AuditEvent(
        kind=EventKind.GATE_DECISION,
        actor="gate",
        outcome=Outcome.REFUSED if refusal else Outcome.SUCCESS,
        subject=subject,
        detail={"answer": answer_id, "decision": refusal or "passed"},
    )
    return [hook, gate]


def _feedback_record(item: FeedbackItem) -> FeedbackRecord:
    """Only a known reason is kept in the open; any other joins the comment, which is sealed."""
    system, code = item.reason or (None, None)
    comment = item.comment
    if item.reason is not None and item.reason not in KNOWN_REASONS:
        comment = f"{comment or ''} [{system}|{code}]".strip()
        system, code = OVERRIDE_SYSTEM, OTHER_REASON
    return FeedbackRecord(
        card=item.card,
        outcome=FeedbackOutcome(item.outcome.value),
        outcome_at=item.timestamp,
        suggestions=item.accepted_suggestions,
        reason_system=system,
        reason_code=code,
        comment=comment,
    )
