"""More charts than one CPU's model can draft for: nothing may be lost, and the hook may not feel it.

A real service runs on one CPU, first without a model and then with it, and gets new patients at a fixed rate whatever
it answers: those of a file, or the demo's chart with the complaint of another vignette each time (`demo_charts`).
Afterwards its audit chain is read from the beginning: it says of every job when it came, when a worker took it and when
it was shed, so that the promises of the queue are checked event by event.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import select

from cds_service.cards import EXTENSION
from cds_service.domain import AssessmentStatus
from cds_service.errors import ConfigurationError
from cds_service.evaluation import files
from cds_service.evaluation.own import own_service
from cds_service.evaluation.vignettes.reading import Part, Vignette, packaged
from cds_service.inference.jobs import QUEUE_FULL, JobState
from cds_service.ledger.audit import EventKind
from cds_service.ledger.database import open_database
from cds_service.ledger.tables import audit_event, job
from cds_service.running import RunningService
from cds_service.sample.chart import request_body
from cds_service.settings import ModelKind, Settings
from cds_service.shares import percentile

Chart = dict[str, Any]
"""The body of a ``patient-view`` call."""

CLIENTS = 64
"""Most calls under way at once."""

TIMEOUT_S = 30.0
LOADING_S = 300.0
WARM_UP = 5


@dataclass(frozen=True, kw_only=True)
class Hook:
    """The calls of one run: how many were answered and refused, and the milliseconds of those that were answered."""

    sent: int
    answered: int
    refused: int
    median_ms: float
    p95_ms: float


@dataclass(frozen=True, kw_only=True)
class Queue:
    """What became of the jobs.

    `states`: jobs by their state at the end. `lost`: answered calls without a job. `unreasoned`: shed jobs without the
    reason. `not_oldest`: jobs shed while an older one waited. `not_newest`: jobs taken while a newer one waited, of
    `taken` in all.
    """

    states: Mapping[str, int]
    lost: int
    unreasoned: int
    not_oldest: int
    not_newest: int
    taken: int

    @property
    def kept(self) -> bool:
        """Whether every promise was kept."""
        return not (self.lost or self.unreasoned or self.not_oldest or self.not_newest)


@dataclass(frozen=True, kw_only=True)
class QueueLoad:
    """One measurement: `rate` charts a second for `seconds`, with room for `bound` waiting jobs."""

    rate: float
    seconds: float
    bound: int
    without: Hook
    with_model: Hook
    queue: Queue


def run(
    settings: Settings,
    *,
    charts: Sequence[Chart],
    rate: float,
    seconds: float,
    bound: int,
    folder: Path,
    show: Callable[[float], None],
) -> QueueLoad:
    """Both runs with `charts` in turn; `folder` holds the database of the second.

    Raises ConfigurationError or NotRunning.
    """
    if settings.model is ModelKind.NONE:
        raise ConfigurationError("The model is switched off (CDS_MODEL=none): set it to load its queue.")
    without, _ = _load(settings, charts, rate, seconds, {"CDS_MODEL": "none"})
    show(0.5)
    database = f"sqlite:///{folder.resolve() / 'load.sqlite3'}"
    with_model, began = _load(
        settings,
        charts,
        rate,
        seconds,
        {
            "CDS_MODEL": settings.model.value,
            "CDS_MODEL_THREADS": "1",
            "CDS_QUEUE_BOUND": str(bound),
            "CDS_DATABASE_URL": database,
        },
    )
    show(1.0)
    return QueueLoad(
        rate=rate,
        seconds=seconds,
        bound=bound,
        without=without,
        with_model=with_model,
        queue=read_queue(database, with_model.answered, began),
    )


def _load(
    settings: Settings, charts: Sequence[Chart], rate: float, seconds: float, changed: Mapping[str, str]
) -> tuple[Hook, datetime]:
    """The hook's times under load, and when it began."""
    with _on_one_cpu(settings, changed) as service:
        url = f"{service.url}/cds-services/patient-triage"
        seen = itertools.cycle(charts)
        for number in range(WARM_UP):
            _call(url, f"warm-{number}", next(seen))
        if changed["CDS_MODEL"] != ModelKind.NONE:
            _await_model(url)
        total = round(rate * seconds)
        began, started = datetime.now(UTC), time.perf_counter()

        def arrive(number: int, chart: Chart) -> float | None:
            time.sleep(max(0.0, started + number / rate - time.perf_counter()))
            return _call(url, f"load-{number}", chart)

        with ThreadPoolExecutor(CLIENTS) as pool:
            times = list(pool.map(arrive, range(total), itertools.islice(seen, total)))
    answered = [t for t in times if t is not None]
    if not answered:
        raise ConfigurationError("the service answered no call under load")
    hook = Hook(
        sent=total,
        answered=len(answered),
        refused=total - len(answered),
        median_ms=percentile(answered, 50) or 0.0,
        p95_ms=percentile(answered, 95) or 0.0,
    )
    return hook, began


def _call(url: str, patient: str, chart: Chart) -> float | None:
    """Milliseconds of a call for a new patient; None when it was told to come again."""
    own, body = chart["context"]["patientId"], json.dumps(chart)
    body = body.replace(f'"{own}"', f'"{patient}"').replace(f'Patient/{own}"', f'Patient/{patient}"')
    start = time.perf_counter()
    try:
        response = requests.post(
            url, data=body, headers={"Content-Type": "application/json", "Connection": "close"}, timeout=TIMEOUT_S
        )
    except requests.RequestException:
        raise ConfigurationError("the service does not answer under load") from None
    if response.status_code in (requests.codes.too_many, requests.codes.unavailable):
        return None
    if response.status_code != requests.codes.ok:
        raise ConfigurationError(f"the service answered {response.status_code}")
    return (time.perf_counter() - start) * 1000


def charts_of(path: Path) -> list[Chart]:
    """The calls of a file of ``cds-service data synth``, whatever their part. Raises ConfigurationError for none."""
    found = [entry["request"] for entry in files.read(path) if isinstance(entry, dict) and _is_chart(entry)]
    if not found:
        raise ConfigurationError(f"{path.name} holds no synthetic case")
    return found


def _is_chart(entry: Mapping[str, Any]) -> bool:
    try:
        patient = entry["request"]["context"]["patientId"]
        return isinstance(patient, str) and bool(patient) and isinstance(entry["request"]["prefetch"], dict)
    except (KeyError, TypeError):
        return False


def demo_charts(now: datetime) -> list[Chart]:
    """The demo's chart with the complaint of each packaged vignette in turn, which the note tells too."""
    return [_with_complaint(request_body(now), vignette) for part in Part for vignette in packaged(part)]


def _with_complaint(chart: Chart, vignette: Vignette) -> Chart:
    chart["prefetch"]["encounter"]["reasonCode"] = [{"text": vignette.complaint}]
    attachment = chart["prefetch"]["documents"]["entry"][0]["resource"]["content"][0]["attachment"]
    note = base64.b64decode(attachment["data"]).decode()
    attachment["data"] = base64.b64encode(f"{note} {vignette.complaint}. {vignette.note}".encode()).decode()
    return chart


def _await_model(url: str) -> None:
    """Wait until a worker has loaded its model: nothing is asked of a model before. Raises ConfigurationError."""
    deadline = time.monotonic() + LOADING_S
    while time.monotonic() < deadline:
        answer = requests.post(url, json=request_body(datetime.now(UTC)), timeout=TIMEOUT_S).json()
        if answer["extension"][EXTENSION]["assessment"]["status"] != AssessmentStatus.UNAVAILABLE:
            return
        time.sleep(1.0)
    raise ConfigurationError("no worker has loaded its model in time")


@contextmanager
def _on_one_cpu(settings: Settings, changed: Mapping[str, str]) -> Iterator[RunningService]:
    """A service whose processes stay on one CPU; this process calls it from all."""
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(everywhere)})  # inherited by what is started now
    try:
        with own_service(settings, CDS_WEB_WORKERS="1", **changed) as service:
            os.sched_setaffinity(0, everywhere)
            yield service
    finally:
        os.sched_setaffinity(0, everywhere)


def read_queue(url: str, answered: int, began: datetime) -> Queue:
    """What the database at `url` says of the jobs of `answered` calls since `began`."""
    database = open_database(url)
    with database.transaction(write=False) as tx:
        jobs = tx.execute(select(job.c.state, job.c.reasons).where(job.c.queued_at >= began)).all()
        told = tx.execute(
            select(audit_event.c.detail)
            .where(audit_event.c.kind.in_([EventKind.JOB.value, EventKind.SHED.value]))
            .order_by(audit_event.c.seq)
        )
        events = [json.loads(detail) for (detail,) in told]
    database.close()
    not_oldest, not_newest, taken = order_kept(events)
    return Queue(
        states=dict(Counter(state for state, _ in jobs)),
        lost=answered - len(jobs),
        unreasoned=sum(state == JobState.SHED and QUEUE_FULL not in reasons for state, reasons in jobs),
        not_oldest=not_oldest,
        not_newest=not_newest,
        taken=taken,
    )


def order_kept(events: Iterable[Mapping[str, Any]]) -> tuple[int, int, int]:
    """Of the events of a queue in order: jobs shed before an older one, taken before a newer one, and taken in all.

    An event is ``{"job": id, "state": state}``. A job that comes again is the newest.
    """
    waiting: dict[str, None] = {}
    not_oldest = not_newest = taken = 0
    for event in events:
        name, state = event.get("job"), event.get("state")
        if name is None:
            continue
        if state == JobState.QUEUED:
            waiting.pop(name, None)
            waiting[name] = None
            continue
        if name in waiting:
            not_oldest += state == JobState.SHED and name != next(iter(waiting))
            not_newest += state == JobState.RUNNING and name != next(reversed(waiting))
            taken += state == JobState.RUNNING
            del waiting[name]
    return not_oldest, not_newest, taken
