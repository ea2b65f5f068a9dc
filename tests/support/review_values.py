"""A review over a real database: patients, answers that reach it, people who decide, and decisions that are whole."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from cds_service import codec
from cds_service.accounts.roles import Member, Role
from cds_service.domain import (
    Advice,
    AssessmentOutcome,
    AssessmentStatus,
    Citation,
    Finding,
    FindingKind,
    Priority,
)
from cds_service.inference.jobs import JobStore
from cds_service.ledger.audit import EventKind
from cds_service.ledger.database import Database
from cds_service.ledger.encoding import new_id
from cds_service.ledger.ledger import Ledger
from cds_service.ledger.records import CardKind
from cds_service.ledger.tables import account, audit_event, review_case
from cds_service.ledger.vault import Vault
from cds_service.review.moves import By, Move, apply
from cds_service.review.opening import Opening, opening_of
from cds_service.review.rows import case_by_id
from cds_service.review.states import Informing
from cds_service.review.store import Reviews
from cds_service.review.values import Decision, Notes, ReviewCase, Symptom, Verdict
from cds_service.settings import Settings
from tests.support.ledger_values import CLIENT, HOOK_CALL, NOW, advice, answer_record, card_record, later, new_keys

HOUR = timedelta(hours=1)
NOTIFIER = By(actor="notifier")

WORDS = Notes(
    history="Fell ill two days ago.",
    symptoms=(Symptom(name="Cough", duration="2 days", severity=4),),
    vitals="RR 24, pulse 104.",
    risk_factors="Smoker.",
    assessment="Chest infection.",
    confidence=70,
    justification="Fast breathing.",
)


def finding(
    priority: Priority = Priority.HIGH, rule: str = "news2", kind: FindingKind = FindingKind.TRIAGE, **values: Any
) -> Finding:
    return Finding(
        rule=rule,
        version="1",
        priority=priority,
        title=f"Title of {rule}",
        reason="A reason.",
        citation=Citation(title="A source", publisher="A publisher", year=2017),
        values=values or {"score": 6},
        kind=kind,
    )


@dataclass(kw_only=True)
class Clinic:
    """Everything behind the claims. `database` is migrated and empty."""

    database: Database
    settings: Settings
    vault: Vault = field(default_factory=lambda: Vault(new_keys()))
    jobs: JobStore = field(default_factory=lambda: JobStore(bound=100, max_attempts=2, ttl=HOUR))

    def __post_init__(self) -> None:
        self.reviews = Reviews(self.database, self.vault, settings=self.settings)
        self._numbers = itertools.count(1)

    def patient(self) -> str:
        """The subject id of another fictional patient."""
        with self.database.transaction() as tx:
            key = f"p-{next(self._numbers)}"
            return self.vault.subject_for(tx, tenant=CLIENT, patient_key=key, now=NOW, actor=CLIENT)

    def member(self, role: Role = Role.NURSE, name: str = "Nora Quill", **changes: Any) -> Member:
        """Somebody with an account."""
        row = {
            "id": new_id("acct"),
            "name": f"user-{next(self._numbers)}",
            "shown": name,
            "role": role.value,
            "must_change": False,
            "claimed": False,
            "failures": 0,
            "created_at": NOW,
        }
        with self.database.transaction() as tx:
            tx.execute(insert(account), row | changes)
        return Member(account=str(row["id"]), name=name, role=role)

    def disable(self, member: Member) -> None:
        with self.database.transaction() as tx:
            tx.execute(update(account).where(account.c.id == member.account).values(disabled_at=NOW))

    def answered(
        self,
        subject: str,
        *findings: Finding,
        status: AssessmentStatus = AssessmentStatus.OFF,
        says: Priority | None = None,
        job: str | None = None,
        hidden: Priority = Priority.LOW,
        now: datetime = NOW,
        **changes: Any,
    ) -> ReviewCase | None:
        """An answer of the hook, written to the ledger as the recorder does, and what the review makes of it.

        `hidden`: priority of a finding that may not be told. `changes`: of the opening.
        """
        floor = max((hidden, *(f.priority for f in findings)))
        base = advice()
        assessment = None
        if status is AssessmentStatus.READY and base.outcome.assessment is not None:
            draft = replace(base.outcome.assessment.draft, priority=says or floor)
            assessment = replace(base.outcome.assessment, draft=draft)
        told: Advice = replace(
            base,
            findings=findings,
            floor=floor,
            priority=max(floor, says or floor),
            outcome=AssessmentOutcome(status=status, assessment=assessment),
        )
        kinds = (CardKind.FLOOR, *([CardKind.AI] if assessment else []), CardKind.GUIDELINE)
        with self.database.transaction() as tx:
            snapshot = self.vault.store_snapshot(
                tx, subject=subject, payload={"name": "Iva"}, now=now, expires_at=later(10**7), actor=CLIENT
            )
            record = answer_record(
                advice=told,
                subject=subject,
                snapshot=snapshot,
                job=job,
                created_at=now,
                cards=tuple(map(card_record, kinds)),
            )
            Ledger(self.vault, retention=HOUR).record_answer(tx, record, audit=[HOOK_CALL])
            opening: Opening = opening_of(record, **{"data_at": NOW, **changes})
            return self.reviews.opened_in(tx, opening, now)

    def opened(self, *findings: Finding, **changes: Any) -> ReviewCase:
        """A case of a patient of its own."""
        case = self.answered(self.patient(), *(findings or (finding(),)), **changes)
        assert case is not None
        return case

    def informs(self, case: ReviewCase, *states: Informing, at: float = 1) -> ReviewCase:
        """What sends messages moves the physician's track."""
        for state in states:
            with self.database.transaction() as tx:
                case = apply(tx, case_by_id(tx, case.id), [Move(to=state, why="sent")], by=NOTIFIER, now=later(at))
        return case

    def as_it_stands(self, case: ReviewCase) -> ReviewCase:
        return self.reviews.get(case.id)

    def track(self, case: ReviewCase, track: str) -> list[str]:
        """The states that a track went through."""
        return [event.after for event in self.reviews.history(case.id) if event.track == track]

    def audited(self, kind: EventKind = EventKind.REVIEW) -> int:
        with self.database.transaction(write=False) as tx:
            return len(tx.execute(select(audit_event.c.seq).where(audit_event.c.kind == kind.value)).all())

    def wanted_draft(self) -> str:
        """The id of a job that a worker is at."""
        with self.database.transaction() as tx:
            self.jobs.enqueue(tx, cache_key=new_id("key"), payload="{}", now=NOW, actor=CLIENT)
            job = self.jobs.claim(tx, now=NOW, worker="worker-1", lease_s=60)
        assert job is not None
        self._job = job
        return job.id

    def shed_draft(self) -> str:
        """The id of a job that went for newer ones."""
        jobs = JobStore(bound=1, max_attempts=2, ttl=HOUR)
        with self.database.transaction() as tx:
            shed = jobs.enqueue(tx, cache_key=new_id("key"), payload="{}", now=NOW, actor=CLIENT)
            jobs.enqueue(tx, cache_key=new_id("key"), payload="{}", now=later(1), actor=CLIENT)
        return shed.id

    def drafted(self, job: str, status: AssessmentStatus) -> ReviewCase | None:
        """The worker finishes it (a ready draft says High). One of the cases that it moved or opened, if any."""
        assert job == self._job.id
        now = later(30)
        with self.database.transaction() as tx:
            if status is AssessmentStatus.READY:
                self.jobs.complete(tx, self._job, result=codec.encode(advice().outcome.assessment), now=now)
            elif status is AssessmentStatus.WITHHELD:
                self.jobs.withhold(tx, self._job, reasons=("grounding",), now=now)
            else:
                self.jobs.fail(tx, self._job, reason="the model did not answer", now=now)
            return next(iter(self.reviews.assessed_in(tx, job, status, now)), None)

    def cases(self) -> int:
        with self.database.transaction(write=False) as tx:
            return len(tx.execute(select(review_case.c.id)).all())


def decision(case: ReviewCase, verdict: Verdict = Verdict.CONFIRM, **changes: Any) -> Decision:
    """A decision that is whole, signed by Nora Quill."""
    values: dict[str, Any] = {
        "verdict": verdict,
        "priority": None,
        "reason": None,
        "notes": WORDS,
        "signature": "Nora Quill",
        "seen": case.version,
    }
    return Decision(**values | changes)


def settings_in(folder: Path, **changes: Any) -> Settings:
    """Settings with all state in `folder`."""
    return Settings(data_dir=folder / "state", keys_file=folder / "keys.json", model="none", **changes)
