"""A clinic's days for the demo: fictional patients on the real road, and what clinicians made of their cases.

Everything is written by the parts that serve: hook calls by the pipeline, drafts by the model, messages by the outbox,
decisions by the review. Only the clock is set, call by call, to a moment of the last days.
"""

from __future__ import annotations

import json
import random
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from cds_service.accounts.roles import Member, Role
from cds_service.accounts.store import Accounts
from cds_service.bootstrap import build_assessor, build_service
from cds_service.chart import hook_call
from cds_service.clients.registry import LOOPBACK
from cds_service.demo.clinicians import Clinicians
from cds_service.fhir_access import FhirOffer
from cds_service.ledger.migrate import migrate
from cds_service.settings import ModelKind, Setting, Settings
from cds_service.training.synth.case import SyntheticCase
from cds_service.training.synth.generate import cases
from cds_service.training.synth.requests import request
from cds_service.whole_file import whole_file
from cds_service.worker import Worker

PATIENTS = 100
"""How many come in all, unless one says otherwise; at least `WAITING` and one more."""

WAITING = 8
"""The newest patients: nobody has decided their cases yet."""

DRAFTED = 6
"""The newest patients, for whom the model writes a draft: before them it was off."""

DAYS = 13
"""So long ago the first patient came: the last full week is among these days, whatever day it is."""

OPENS, CLOSES = 8, 18
LAST_HOURS = timedelta(hours=6)
SEED = 7071
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}(?:T[0-9:.]+(?:Z|[+-]\d{2}:\d{2}))?")
_NAMES = {
    Role.NURSE: "Demo Nurse",
    Role.PHYSICIAN: "Demo Physician",
    Role.COMPLIANCE: "Demo Compliance",
    Role.ADMINISTRATOR: "Demo Administrator",
}


def accounts_file(settings: Settings) -> Path:
    """Passwords of the demo's accounts by name, beside its state."""
    return settings.data_dir.parent / "accounts.json"


def seed(
    settings: Settings, now: datetime, show: Callable[[str, float], None], *, patients: int = PATIENTS
) -> Mapping[str, str]:
    """See that the days are there; returns the password of each demo account by its name.

    Does nothing twice, and what was interrupted begins anew. `settings` are those of the demo's own state, whose
    database is deleted then: never call it with a clinic's. Raises BackendError when the model cannot be loaded.
    """
    file = accounts_file(settings)
    if file.exists():
        known: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        return known
    for leftover in settings.data_dir.glob("cds.sqlite3*"):
        leftover.unlink()
    migrate(settings.database)
    passwords = {role.value: secrets.token_urlsafe(12) for role in Role}
    _Days(settings, now, passwords, patients).play(show)
    with whole_file(file) as out:
        json.dump(passwords, out)
    return passwords


class _Days:
    def __init__(self, settings: Settings, now: datetime, passwords: Mapping[str, str], patients: int) -> None:
        self._count = patients
        self._now = now
        self._moment = now
        self._settings = settings
        self._rng = random.Random(SEED)  # noqa: S311 - made-up days, no secret
        self._service = build_service(settings, now=lambda: self._moment)
        self._recorder = self._service.recorder
        self._clinicians = Clinicians(self._recorder, self._people(passwords), self._rng)

    def play(self, show: Callable[[str, float], None]) -> None:
        """Every patient, oldest first."""
        model: Worker | None = None
        drafted = min(DRAFTED, max(1, self._count // 10))
        with ExitStack() as opened:
            for number, (case, at) in enumerate(self._patients()):
                if number == self._count - drafted and self._settings.model is not ModelKind.NONE:
                    model = opened.enter_context(self._model())
                self._recorder.model_on = model is not None
                self._visit(case, at, number, model)
                show("demo weeks", (number + 1) / self._count)

    @contextmanager
    def _model(self) -> Iterator[Worker]:
        """A worker that runs by the set clock."""
        backend, assessor = build_assessor(self._settings)
        try:
            yield Worker(
                recorder=self._recorder,
                backend=backend,
                assessor=assessor,
                lease_s=self._settings.job_lease_s,
                now=lambda: self._moment,
            )
        finally:
            backend.close()

    def _people(self, passwords: Mapping[str, str]) -> Mapping[Role, Member]:
        accounts = Accounts(self._recorder.database, settings=self._settings)
        made: dict[Role, Member] = {}
        for role, shown in _NAMES.items():
            account = accounts.add(
                role.value,
                role=role,
                shown=shown,
                password=passwords[role.value],
                must_change=False,
                now=self._now - timedelta(days=DAYS + 1),
            )
            made[role] = account.member
        return made

    def _patients(self) -> Iterator[tuple[SyntheticCase, datetime]]:
        """Who comes, and when."""
        drawn = islice(cases(SEED, Setting.FAMILY_PRACTICE), self._count)
        return zip(drawn, visits(self._now, self._count), strict=True)

    def _visit(self, case: SyntheticCase, at: datetime, number: int, worker: Worker | None = None) -> None:
        """The chart is opened, the model writes, and clinicians decide."""
        self._moment = at
        if worker is not None:
            worker.beat()
        body = moved(request(case), case.at, at)
        answer = self._service.pipeline.answer(hook_call(body, LOOPBACK), FhirOffer(access=None))
        if worker is not None:
            worker.once()
        if number < self._count - WAITING:
            self._clinicians.act(case, answer.body, at)


def visits(now: datetime, patients: int = PATIENTS) -> list[datetime]:
    """When each patient comes: on the days before within the opening hours, the last within the last hours."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    each = DAYS / (patients - WAITING)
    earlier = []
    for number in range(patients - WAITING):
        day, share = divmod((number + 0.5) * each, 1)
        opening = midnight - timedelta(days=DAYS - day)
        earlier.append(opening + timedelta(hours=OPENS + (CLOSES - OPENS) * share))
    return earlier + [now - LAST_HOURS * (left - 0.5) / WAITING for left in range(WAITING, 0, -1)]


def moved(value: Any, visit: datetime, to: datetime) -> Any:
    """The same request with the visit at `to`.

    Times of the visit move with it to the second; those of earlier days keep their hour, and dates stay dates.
    """
    if isinstance(value, dict):
        return {key: moved(item, visit, to) for key, item in value.items()}
    if isinstance(value, list):
        return [moved(item, visit, to) for item in value]
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return value
    days = to.date() - visit.date()
    if "T" not in value:
        return (date.fromisoformat(value) + days).isoformat()
    at = datetime.fromisoformat(value)
    return (at + (to - visit if visit - at < timedelta(days=1) else days)).isoformat()
