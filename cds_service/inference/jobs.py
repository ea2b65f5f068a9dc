"""Jobs: which assessments are wanted, being made, done or given up. The table is the truth; a queue may carry ids.

One row for each cache key, so a row is also the cached result. A worker holds a job by a lease that it renews; when it
dies, the lease runs out and the job is claimed again. A worker that lost its lease cannot write a result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, and_, delete, exists, func, insert, or_, select, update

from cds_service.errors import StoreError
from cds_service.ledger.audit import AuditEvent, EventKind, Outcome, append
from cds_service.ledger.database import Tx
from cds_service.ledger.encoding import new_id
from cds_service.ledger.holds import no_job_of_a_held
from cds_service.ledger.tables import job as jobs
from cds_service.ledger.tables import review_case, vault_item
from cds_service.ledger.tables import worker as workers


class JobState(StrEnum):
    """Where a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    WITHHELD = "withheld"
    FAILED = "failed"
    SHED = "shed"

    @property
    def finished(self) -> bool:
        """Whether no worker will touch the job unless it is queued again."""
        return self not in {JobState.QUEUED, JobState.RUNNING}


TRANSITIONS: Mapping[JobState, frozenset[JobState]] = MappingProxyType(
    {
        JobState.QUEUED: frozenset({JobState.RUNNING, JobState.SHED}),
        JobState.RUNNING: frozenset({JobState.READY, JobState.WITHHELD, JobState.FAILED, JobState.QUEUED}),
        JobState.READY: frozenset({JobState.QUEUED}),
        JobState.WITHHELD: frozenset({JobState.QUEUED}),
        JobState.FAILED: frozenset({JobState.QUEUED}),
        JobState.SHED: frozenset({JobState.QUEUED}),
    }
)
"""The states that may follow each state."""

ATTEMPTS_EXHAUSTED = "attempts-exhausted"
QUEUE_FULL = "queue-full"

RETRY_FAILED = timedelta(minutes=10)
"""How long a failed job answers "unavailable" before the next call of the same chart has it tried again."""

_KEEP_WORKERS = timedelta(days=7)


class LeaseLostError(StoreError):
    """The worker no longer holds the job: another has it, or the lease ran out. Drop the result."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One wanted assessment.

    `payload`: JSON, de-identified, made and read by the caller. `result`: JSON when ready. `reasons`: fixed words, why
    it was withheld, failed or shed. `lease`: the token of the worker that holds it.
    """

    id: str
    cache_key: str
    state: JobState
    payload: str = field(repr=False)
    attempts: int
    queued_at: datetime
    worker: str | None
    lease: str | None
    lease_until: datetime | None
    finished_at: datetime | None
    result: str | None = field(repr=False)
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class QueueStats:
    """How many jobs are in each state, and for how many seconds the oldest queued one has waited."""

    counts: Mapping[JobState, int]
    oldest_queued_s: float | None


class JobStore:
    """The job table.

    `bound`: most jobs that wait. `max_attempts`: times a job is tried. `ttl`: how long a finished assessment answers.
    Every method takes the caller's transaction; every change of state is an audit event in it.
    """

    def __init__(self, *, bound: int, max_attempts: int, ttl: timedelta) -> None:
        self._bound = bound
        self._max_attempts = max_attempts
        self._ttl = ttl

    def lookup(self, tx: Tx, cache_key: str, *, now: datetime) -> Job | None:
        """The job of a cache key, None when there is none or its assessment is too old to answer."""
        found = _one(tx, jobs.c.cache_key == cache_key)
        return None if found is None or self._is_stale(found, now) else found

    def enqueue(self, tx: Tx, *, cache_key: str, payload: str, now: datetime, actor: str) -> Job:
        """See that the assessment is wanted, and return its job.

        A job that waits moves to the front, one that runs or has a fresh result is left alone, one that failed, was
        shed or is too old starts anew. When more than the bound wait, the oldest are shed. A draft that is too old and
        was a case's stays as it was seen, and another job is made.
        """
        known = _one(tx, jobs.c.cache_key == cache_key)
        if (
            known is not None
            and known.state is JobState.READY
            and self._is_stale(known, now)
            and _is_of_a_case(tx, known)
        ):
            _write(tx, known, cache_key=known.id)
            known = None
        if known is None:
            known = _insert(tx, cache_key, payload, now)
            append(tx, [_event(known, actor)], now=now)
        elif known.state is JobState.QUEUED:
            known = _write(tx, known, queued_at=now, payload=payload)
        elif known.state in {JobState.FAILED, JobState.SHED} or self._is_stale(known, now):
            anew = {"payload": payload, "queued_at": now, "attempts": 0, "finished_at": None, "result": None}
            known = _move(tx, known, JobState.QUEUED, now=now, actor=actor, **anew)
        else:
            return known
        self._shed(tx, now, actor)
        return _one(tx, jobs.c.id == known.id) or known

    def claimable(self, tx: Tx, *, now: datetime) -> bool:
        """Whether `claim` has something to do: a question for an idle worker, which takes no writer's lock."""
        return bool(tx.execute(select(exists().where(or_(jobs.c.state == JobState.QUEUED, _lapsed(now))))).scalar())

    def claim(self, tx: Tx, *, now: datetime, worker: str, lease_s: float) -> Job | None:
        """Take the newest waiting job for `worker`, None when none waits.

        First, jobs whose lease ran out wait again, or fail when they were tried often enough. Two workers never get
        one job: write transactions run one after another.
        """
        self._reclaim(tx, now)
        newest = (
            select(jobs).where(jobs.c.state == JobState.QUEUED).order_by(jobs.c.queued_at.desc(), jobs.c.id).limit(1)
        )
        row = tx.execute(newest).mappings().one_or_none()
        if row is None:
            return None
        found = _job(row)
        return _move(
            tx,
            found,
            JobState.RUNNING,
            now=now,
            actor=worker,
            attempts=found.attempts + 1,
            worker=worker,
            lease=new_id("lease"),
            lease_until=now + timedelta(seconds=lease_s),
        )

    def heartbeat(self, tx: Tx, held: Job, *, now: datetime, lease_s: float) -> Job:
        """Renew the lease. Raises LeaseLostError when it is lost. It changes no state and is no audit event."""
        return _write(tx, _held(tx, held, now), lease_until=now + timedelta(seconds=lease_s))

    def complete(self, tx: Tx, held: Job, *, result: str, now: datetime) -> Job:
        """The assessment is ready: `result` is JSON. Raises LeaseLostError when the lease is lost."""
        return self._finish(tx, held, JobState.READY, now, result=result)

    def withhold(self, tx: Tx, held: Job, *, reasons: Sequence[str], now: datetime) -> Job:
        """The draft did not pass safety; `reasons` in fixed words. Raises LeaseLostError when the lease is lost."""
        return self._finish(tx, held, JobState.WITHHELD, now, reasons=list(reasons))

    def fail(self, tx: Tx, held: Job, *, reason: str, now: datetime) -> Job:
        """There will be no draft; `reason` in fixed words. Raises LeaseLostError when the lease is lost."""
        return self._finish(tx, held, JobState.FAILED, now, reasons=[reason])

    def release(self, tx: Tx, held: Job, *, now: datetime) -> Job:
        """Give the job back unfinished (the worker is told to stop): it waits again, and the attempt does not count.

        Raises LeaseLostError when the lease is lost.
        """
        mine = _held(tx, held, now)
        return _move(tx, mine, JobState.QUEUED, now=now, actor=str(mine.worker), attempts=mine.attempts - 1)

    def purge_finished(self, tx: Tx, *, before: datetime, now: datetime, actor: str) -> int:
        """Delete the jobs that finished before a time, with payload and result, and return how many there were.

        Those of a case whose chart the vault still keeps stay with it: reviewers and exports need the draft.
        """
        old = jobs.c.finished_at < before
        statement = delete(jobs).where(old, jobs.c.id.not_in(_of_kept_cases()), no_job_of_a_held(jobs.c.id))
        purged = tx.execute(statement).rowcount
        if purged:
            append(tx, [AuditEvent(kind=EventKind.JOB, actor=actor, detail={"purged": purged})], now=now)
        return purged

    def stats(self, tx: Tx, *, now: datetime) -> QueueStats:
        """The figures for metrics."""
        counts = dict.fromkeys(JobState, 0)
        for state, count in tx.execute(select(jobs.c.state, func.count()).group_by(jobs.c.state)):
            counts[JobState(state)] = count
        oldest = tx.execute(select(func.min(jobs.c.queued_at)).where(jobs.c.state == JobState.QUEUED)).scalar()
        return QueueStats(counts=counts, oldest_queued_s=(now - oldest).total_seconds() if oldest else None)

    def _finish(self, tx: Tx, held: Job, to: JobState, now: datetime, **values: Any) -> Job:
        mine = _held(tx, held, now)
        return _move(tx, mine, to, now=now, actor=str(mine.worker), finished_at=now, **values)

    def _is_stale(self, found: Job, now: datetime) -> bool:
        ttl = {JobState.READY: self._ttl, JobState.WITHHELD: self._ttl, JobState.FAILED: RETRY_FAILED}.get(found.state)
        return ttl is not None and found.finished_at is not None and found.finished_at + ttl <= now

    def _reclaim(self, tx: Tx, now: datetime) -> None:
        for row in tx.execute(select(jobs).where(_lapsed(now))).mappings().all():
            lost = _job(row)
            actor = str(lost.worker)
            if lost.attempts < self._max_attempts:
                _move(tx, lost, JobState.QUEUED, now=now, actor=actor)
            else:
                _move(tx, lost, JobState.FAILED, now=now, actor=actor, finished_at=now, reasons=[ATTEMPTS_EXHAUSTED])

    def _shed(self, tx: Tx, now: datetime, actor: str) -> None:
        waiting = select(jobs).where(jobs.c.state == JobState.QUEUED)
        beyond = waiting.order_by(jobs.c.queued_at.desc(), jobs.c.id).offset(self._bound)
        for row in tx.execute(beyond).mappings().all():
            _move(tx, _job(row), JobState.SHED, now=now, actor=actor, finished_at=now, reasons=[QUEUE_FULL])


@dataclass(frozen=True, kw_only=True)
class WorkerBeat:
    """The last sign of life of a model worker."""

    worker: str
    model_version: str
    beat_at: datetime


class WorkerRegistry:
    """Signs of life of the model workers: without a recent one an assessment is unavailable, not pending."""

    def beat(self, tx: Tx, *, worker: str, model_version: str, now: datetime) -> None:
        """`worker` is alive and makes drafts with `model_version`."""
        alive = {"model_version": model_version, "beat_at": now}
        if tx.execute(update(workers).where(workers.c.id == worker).values(alive)).rowcount == 0:
            tx.execute(insert(workers), {"id": worker, "started_at": now, **alive})
            tx.execute(delete(workers).where(workers.c.beat_at < now - _KEEP_WORKERS))

    def leave(self, tx: Tx, *, worker: str) -> None:
        """`worker` stops."""
        tx.execute(delete(workers).where(workers.c.id == worker))

    def latest(self, tx: Tx, *, now: datetime, within_s: float) -> WorkerBeat | None:
        """The newest beat of the last `within_s` seconds, None when no worker is alive."""
        recent = select(workers).where(workers.c.beat_at > now - timedelta(seconds=within_s))
        row = tx.execute(recent.order_by(workers.c.beat_at.desc()).limit(1)).mappings().one_or_none()
        if row is None:
            return None
        return WorkerBeat(worker=row["id"], model_version=row["model_version"], beat_at=row["beat_at"])


def _is_of_a_case(tx: Tx, job: Job) -> bool:
    return bool(tx.execute(select(exists().where(review_case.c.job == job.id))).scalar())


def _of_kept_cases() -> Select[tuple[str]]:
    """Ids of the jobs of cases whose chart is still there."""
    kept = vault_item.c.id == review_case.c.snapshot
    return select(review_case.c.job).join(vault_item, kept).where(review_case.c.job.is_not(None))


def _lapsed(now: datetime) -> ColumnElement[bool]:
    return and_(jobs.c.state == JobState.RUNNING, jobs.c.lease_until <= now)


def _one(tx: Tx, which: ColumnElement[bool]) -> Job | None:
    row = tx.execute(select(jobs).where(which)).mappings().one_or_none()
    return None if row is None else _job(row)


def _held(tx: Tx, held: Job, now: datetime) -> Job:
    """The job as it is now, if the lease that `held` was given still holds."""
    mine = _one(tx, and_(jobs.c.id == held.id, jobs.c.state == JobState.RUNNING, jobs.c.lease == held.lease))
    if mine is None or mine.lease_until is None or mine.lease_until <= now:
        raise LeaseLostError("the lease on this job is lost")
    return mine


def _insert(tx: Tx, cache_key: str, payload: str, now: datetime) -> Job:
    row = {
        "id": new_id("job"),
        "cache_key": cache_key,
        "state": JobState.QUEUED.value,
        "payload": payload,
        "attempts": 0,
        "queued_at": now,
        "reasons": [],
    }
    tx.execute(insert(jobs), row)
    return _job({**dict.fromkeys(jobs.c.keys()), **row})


def _move(tx: Tx, found: Job, to: JobState, *, now: datetime, actor: str, **values: Any) -> Job:
    """Change the state along the table of transitions, with an audit event. Reasons and lease start empty."""
    if to not in TRANSITIONS[found.state]:
        raise ValueError(f"a {found.state} job cannot become {to}")
    fresh: dict[str, Any] = {"reasons": [], "worker": None, "lease": None, "lease_until": None}
    moved = _write(tx, found, state=to.value, **(fresh | values))
    append(tx, [_event(moved, actor)], now=now)
    return moved


def _write(tx: Tx, found: Job, **values: Any) -> Job:
    tx.execute(update(jobs).where(jobs.c.id == found.id).values(values))
    after = _one(tx, jobs.c.id == found.id)
    if after is None:
        raise StoreError("a job vanished while it was written")
    return after


def _event(moved: Job, actor: str) -> AuditEvent:
    failed = moved.state in {JobState.FAILED, JobState.SHED}
    return AuditEvent(
        kind=EventKind.SHED if moved.state is JobState.SHED else EventKind.JOB,
        actor=actor,
        outcome=Outcome.FAILED if failed else Outcome.SUCCESS,
        detail={"job": moved.id, "state": moved.state.value, "attempts": moved.attempts},
    )


def _job(row: RowMapping | Mapping[str, Any]) -> Job:
    values = {name: row[name] for name in jobs.c.keys()}  # noqa: SIM118 - a column collection, not a dict
    return Job(**values | {"state": JobState(row["state"]), "reasons": tuple(row["reasons"])})
