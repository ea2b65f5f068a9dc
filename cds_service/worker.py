"""The model worker: takes jobs, drafts and judges assessments, keeps its lease, says that it is alive."""

from __future__ import annotations

import os
import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from types import FrameType

import structlog

from cds_service import codec
from cds_service.assessor import AssessmentTask, Assessor, Judged
from cds_service.bootstrap import build_assessor, open_recorder
from cds_service.domain import AssessmentStatus
from cds_service.errors import BackendError
from cds_service.inference.backend import ModelBackend
from cds_service.inference.jobs import Job, LeaseLostError
from cds_service.ledger import audit
from cds_service.ledger.audit import AuditEvent, EventKind, Outcome
from cds_service.ledger.database import Tx
from cds_service.recorder import HEARTBEAT_S, Recorder
from cds_service.settings import Settings

log = structlog.get_logger()

LAST = 19
"""The worker's niceness: hooks go first. Where every processor is busy, a draft gets what they leave."""

IDLE_S = 0.05
"""Seconds between two looks of an idle worker for a job; a draft waits half of it on average."""

STORE_RETRY_S = 2.0


def run(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT. Raises BackendError when the model cannot be loaded."""
    with suppress(OSError):
        os.nice(LAST)
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, ask_to_stop)
    backend, assessor = build_assessor(settings)
    worker = Worker(
        recorder=open_recorder(settings),
        backend=backend,
        assessor=assessor,
        lease_s=settings.job_lease_s,
        now=lambda: datetime.now(UTC),
    )
    try:
        worker.run(stop)
    finally:
        backend.close()


class Worker:
    """One worker over one backend."""

    def __init__(
        self,
        *,
        recorder: Recorder,
        backend: ModelBackend,
        assessor: Assessor,
        lease_s: float,
        now: Callable[[], datetime],
    ) -> None:
        self.id = f"worker-{os.getpid()}-{secrets.token_hex(4)}"
        self._recorder = recorder
        self._backend = backend
        self._assessor = assessor
        self._lease_s = lease_s
        self._now = now

    def run(self, stop: threading.Event) -> None:
        """Take jobs, newest chart first, until `stop` is set. A job in hand is finished first."""
        log.info("worker-ready", worker=self.id, model=self._backend.version)
        with self._signs_of_life():
            while not stop.is_set():
                try:
                    if not self.once():
                        stop.wait(IDLE_S)
                except Exception as error:  # noqa: BLE001 - one bad job or a lost database must not end the worker
                    log.error("worker-store-failed", error=type(error).__name__)
                    stop.wait(STORE_RETRY_S)

    def once(self) -> bool:
        """Take one job and finish it; False when none waits. Raises StoreError."""
        job = self._take()
        if job is not None:
            self._work(job)
        return job is not None

    def beat(self) -> None:
        """Say that this worker is alive. Raises StoreError."""
        with self._recorder.database.transaction() as tx:
            self._recorder.workers.beat(tx, worker=self.id, model_version=self._backend.version, now=self._now())

    def _take(self) -> Job | None:
        now = self._now()
        with self._recorder.database.transaction(write=False) as tx:
            if not self._recorder.jobs.claimable(tx, now=now):
                return None
        with self._recorder.database.transaction() as tx:
            return self._recorder.jobs.claim(tx, now=now, worker=self.id, lease_s=self._lease_s)

    def _work(self, job: Job) -> None:
        try:
            with self._lease(job):
                judged = self._assessor.assess(AssessmentTask.from_json(job.payload))
        except BackendError as error:
            log.error("draft-failed", job=job.id, error=type(error).__name__)
            self._give_up(job, "the model did not answer")
            return
        except Exception as error:  # noqa: BLE001 - one bad job must not end the worker
            log.error("draft-crashed", job=job.id, error=type(error).__name__)
            self._give_up(job, "drafting failed")
            return
        try:
            self._finish(job, judged)
        except LeaseLostError:
            log.warning("lease-lost", job=job.id)

    def _finish(self, job: Job, judged: Judged) -> None:
        outcome, generation, now = judged.outcome, judged.generation, self._now()
        event = AuditEvent(
            kind=EventKind.MODEL_CALL,
            actor=self.id,
            detail={
                "job": job.id,
                "model": self._backend.version[:200],
                "tokens": generation.tokens,
                "seconds": round(generation.seconds, 2),
                "status": outcome.status.value,
            },
        )
        with self._recorder.database.transaction() as tx:
            if outcome.status is AssessmentStatus.READY:
                self._recorder.jobs.complete(tx, job, result=codec.encode(outcome.assessment), now=now)
            else:
                self._recorder.jobs.withhold(tx, job, reasons=outcome.reasons, now=now)
            audit.append(tx, [event], now=now)
            self._tell_reviews(tx, job, outcome.status, now)
        log.info("draft-judged", job=job.id, status=outcome.status.value, seconds=round(generation.seconds, 2))

    def _give_up(self, job: Job, reason: str) -> None:
        now = self._now()
        event = AuditEvent(
            kind=EventKind.MODEL_CALL, actor=self.id, outcome=Outcome.FAILED, detail={"job": job.id, "reason": reason}
        )
        try:
            with self._recorder.database.transaction() as tx:
                self._recorder.jobs.fail(tx, job, reason=reason, now=now)
                audit.append(tx, [event], now=now)
                self._tell_reviews(tx, job, AssessmentStatus.UNAVAILABLE, now)
        except LeaseLostError:
            log.warning("lease-lost", job=job.id)

    def _tell_reviews(self, tx: Tx, job: Job, status: AssessmentStatus, now: datetime) -> None:
        """The cases that wait for this draft move on, and a physician hears of what it raised."""
        for case in self._recorder.reviews.assessed_in(tx, job.id, status, now):
            self._recorder.tell(tx, case, now)

    @contextmanager
    def _signs_of_life(self) -> Iterator[None]:
        self.beat()
        with _repeating(self.beat, HEARTBEAT_S):
            yield
        with self._recorder.database.transaction() as tx:
            self._recorder.workers.leave(tx, worker=self.id)

    @contextmanager
    def _lease(self, job: Job) -> Iterator[None]:
        def renew() -> None:
            with self._recorder.database.transaction() as tx:
                self._recorder.jobs.heartbeat(tx, job, now=self._now(), lease_s=self._lease_s)

        with _repeating(renew, self._lease_s / 3):
            yield


@contextmanager
def _repeating(action: Callable[[], None], every_s: float) -> Iterator[None]:
    """Run `action` every `every_s` seconds in a thread while the block runs. A refused write is logged and retried."""
    done = threading.Event()

    def loop() -> None:
        while not done.wait(every_s):
            try:
                action()
            except Exception as error:  # noqa: BLE001 - a sign of life that fails once must not be the last
                log.warning("heartbeat-failed", error=type(error).__name__)

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
