"""The real pipeline on state of its own, for one measurement: the clock is set for each call, nothing is kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cds_service.assessor import Assessor
from cds_service.bootstrap import Service, build_assessor, build_service
from cds_service.cards import EXTENSION
from cds_service.commands.own_settings import own_settings
from cds_service.domain import AssessmentStatus
from cds_service.errors import ConfigurationError
from cds_service.fhir_access import FhirOffer
from cds_service.inference.backend import ModelBackend
from cds_service.prepare import prepare
from cds_service.settings import ModelKind, Setting, Settings
from cds_service.terminal import Show
from cds_service.worker import Worker
from hooks.services import HookCall

WORKER = "evaluation"
WAIT_MS = 2000
"""How long a call waits for a running assessment before it is made again."""

PATIENCE = 2
"""How often the time that one draft may take is waited for in all."""


class SetClock:
    """A clock that stands where it was set."""

    def __init__(self) -> None:
        self.moment = datetime.now(UTC)

    def __call__(self) -> datetime:
        """The moment it was set to."""
        return self.moment


@dataclass(frozen=True, kw_only=True)
class OwnPipeline:
    """Answers calls at any time. `backend` is the model that a worker beside it serves, None with the model off."""

    service: Service
    clock: SetClock
    backend: ModelBackend | None = None
    patience_s: float = 0.0

    def answer(self, call: HookCall, at: datetime) -> dict[str, Any]:
        """The response body at `at`; with a model, once the assessment is there or `patience_s` have passed.

        Raises `fhir_mappers.errors.MappingError` when there is no usable patient.
        """
        self.clock.moment = at
        if self.backend is not None:
            self._say_alive(self.backend)
        deadline = time.monotonic() + self.patience_s
        while True:
            body = self.service.pipeline.answer(call, FhirOffer(access=None)).body
            pending = body["extension"][EXTENSION]["assessment"]["status"] == AssessmentStatus.PENDING
            if not pending or time.monotonic() > deadline:
                return body

    def _say_alive(self, backend: ModelBackend) -> None:
        """A worker counts as alive by the time it says so, which moves with the clock."""
        recorder = self.service.recorder
        with recorder.database.transaction() as tx:
            recorder.workers.beat(tx, worker=WORKER, model_version=backend.version, now=self.clock())


@contextmanager
def own_pipeline(settings: Settings, setting: Setting, show: Show, *, model: bool = False) -> Iterator[OwnPipeline]:
    """The pipeline in `setting`, prepared and warm; its state is deleted afterwards.

    Raises ConfigurationError when a model is asked for and none is configured, BackendError when it cannot be loaded.
    """
    if model and settings.model is ModelKind.NONE:
        raise ConfigurationError("The model is switched off (CDS_MODEL=none): set it, or evaluate with --model off.")
    with own_settings(settings) as apart:
        own = apart.model_copy(
            update={
                "setting": setting,
                "hook_wait_ms": WAIT_MS if model else 0,
                "model": settings.model if model else ModelKind.NONE,
            }
        )
        prepare(own, show)
        clock = SetClock()
        with serving(build_service(own, now=clock), clock, own, build_assessor(own) if model else None) as pipeline:
            yield pipeline


@contextmanager
def serving(
    service: Service, clock: SetClock, settings: Settings, model: tuple[ModelBackend, Assessor] | None
) -> Iterator[OwnPipeline]:
    """`service`, which runs by `clock`, and a worker beside it for a `model` that is loaded."""
    if model is None:
        yield OwnPipeline(service=service, clock=clock)
        return
    backend, assessor = model
    worker = Worker(
        recorder=service.recorder, backend=backend, assessor=assessor, lease_s=settings.job_lease_s, now=clock
    )
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield OwnPipeline(service=service, clock=clock, backend=backend, patience_s=PATIENCE * settings.model_timeout_s)
    finally:
        stop.set()
        thread.join()
        backend.close()
