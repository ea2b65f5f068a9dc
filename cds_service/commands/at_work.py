"""A real worker on a real job table, for timing: one task at a time, from enqueue to ready or withheld."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from cds_service.assessor import AssessmentTask, Assessor
from cds_service.bootstrap import open_recorder
from cds_service.commands.own_settings import own_settings
from cds_service.errors import BackendError
from cds_service.inference.backend import ModelBackend
from cds_service.inference.jobs import Job, JobState
from cds_service.ledger.audit import EventKind
from cds_service.ledger.migrate import migrate
from cds_service.ledger.tables import audit_event
from cds_service.recorder import Recorder
from cds_service.settings import Settings
from cds_service.worker import Worker

_LOOK_S = 0.1  # looking more often takes processors from the model, and the times come from the job table


@dataclass(frozen=True, kw_only=True)
class Finished:
    """One task that went through the table: seconds from enqueue to its end by the table's times, and new tokens."""

    seconds: float
    tokens: int


@contextmanager
def at_work(
    settings: Settings, backend: ModelBackend, assessor: Assessor
) -> Iterator[Callable[[AssessmentTask], Finished]]:
    """A function that has a task assessed by a worker; table and worker are gone afterwards.

    It raises BackendError when the model fails on the task.
    """
    with own_settings(settings) as own:
        own.data_dir.mkdir(mode=0o700)
        migrate(own.database)
        recorder = open_recorder(own)
        worker = Worker(recorder=recorder, backend=backend, assessor=assessor, lease_s=own.job_lease_s, now=_now)
        stop = threading.Event()
        thread = threading.Thread(target=worker.run, args=(stop,), daemon=True)
        thread.start()
        try:
            yield lambda task: _assessed(recorder, task)
        finally:
            stop.set()
            thread.join()
            recorder.database.close()


def _assessed(recorder: Recorder, task: AssessmentTask) -> Finished:
    recorder.enqueue(task, _now())
    while True:
        with recorder.database.transaction(write=False) as tx:
            job = recorder.jobs.lookup(tx, task.cache_key(), now=_now())
        if job is not None and job.finished_at is not None:
            return _finished(recorder, job, (job.finished_at - job.queued_at).total_seconds())
        time.sleep(_LOOK_S)


def _finished(recorder: Recorder, job: Job, seconds: float) -> Finished:
    if job.state is JobState.FAILED:
        raise BackendError("the model did not answer a case of the benchmark")
    newest = select(audit_event.c.detail).where(audit_event.c.kind == EventKind.MODEL_CALL.value)
    with recorder.database.transaction(write=False) as tx:
        detail = tx.execute(newest.order_by(audit_event.c.seq.desc()).limit(1)).scalar_one()
    return Finished(seconds=seconds, tokens=int(json.loads(detail)["tokens"]))


def _now() -> datetime:
    return datetime.now(UTC)
