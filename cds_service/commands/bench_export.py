"""``cds-service bench-export``: how fast reviewed cases become a training set, and what becomes of each."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.evaluation_files import OUT, in_a_folder, write_json

if TYPE_CHECKING:
    from cds_service.recorder import Recorder
    from cds_service.settings import Settings
    from cds_service.terminal import Show

SEED = 7072


@click.command("bench-export")
@click.option("--cases", default=200, show_default=True, type=click.IntRange(2, 100_000), help="Decided cases.")
@click.option("--json", "json_file", type=OUT, callback=in_a_folder, help="Write every figure as JSON.")
@clear_errors
def bench_export(cases: int, json_file: Path | None) -> None:
    """Export the reviewed cases of a made-up clinic, apart from the clinic's data, and time each part.

    Made-up patients go down the real road and made-up clinicians decide; no model writes. The rates leave out the first
    case, whose time is that of loading.
    """
    from cds_service.terminal import progress

    with tempfile.TemporaryDirectory(prefix="cds-bench-") as place, progress() as show:
        figures = _measured(Path(place), cases, show)
    click.echo(
        f"{figures['cases']} reviewed cases: past the gate and judged {figures['deidentified_s']:.1f} s, weighed and "
        f"written {figures['written_s']:.1f} s; {figures['cases_per_s']:.2f} cases/s"
    )
    click.echo(
        f"{figures['rows']} rows of {figures['subjects']} patients, {figures['bytes'] / 2**20:.1f} MB in all files"
    )
    for reason, count in figures["left_out"].items():
        click.echo(f"left out, {reason}: {count}")
    if json_file:
        write_json(json_file, figures)


def _measured(place: Path, cases: int, show: Show) -> dict[str, Any]:
    from cds_service.bootstrap import open_exporter
    from cds_service.export.exporter import DEIDENTIFYING
    from cds_service.export.values import Order, Profile, Scope

    now = datetime.now(UTC)
    marks: dict[str, list[float]] = {}

    def mark(stage: str, share: float) -> None:
        marks.setdefault(stage, []).append(time.monotonic())
        show(stage, share)

    with _clinic(show) as (settings, recorder):
        _decide(settings, recorder, cases, now, show)
        exporter = open_exporter(recorder.database, recorder.vault, settings)
        scope = Scope(since=now - timedelta(days=1), until=now + timedelta(days=1))
        order = Order(
            id="exp-bench", scope=scope, profile=Profile.SAFE_HARBOR, purpose="To measure.", recipient="Nobody"
        )
        done = exporter.run(
            order, place / "set", approvals=(), now=now, actor="bench", show=mark, stopped=lambda: False
        )
        ended = time.monotonic()
    first, last = marks[DEIDENTIFYING][0], marks[DEIDENTIFYING][-1]
    return {
        "cases": len(marks[DEIDENTIFYING]),
        "deidentified_s": last - first,
        "written_s": ended - last,
        "cases_per_s": (len(marks[DEIDENTIFYING]) - 1) / (ended - first),
        "rows": done.rows,
        "subjects": done.subjects,
        "left_out": dict(done.left_out),
        "bytes": sum(path.stat().st_size for path in (place / "set").iterdir()),
    }


@contextmanager
def _clinic(show: Show) -> Iterator[tuple[Settings, Recorder]]:
    from cds_service.bootstrap import open_recorder
    from cds_service.commands.own_settings import own_settings
    from cds_service.commands.read_settings import read_settings
    from cds_service.prepare import prepare
    from cds_service.settings import ModelKind

    with own_settings(read_settings()) as apart:
        settings = apart.model_copy(update={"model": ModelKind.NONE})
        prepare(settings, show)
        recorder = open_recorder(settings)
        with closing(recorder.database):
            yield settings, recorder


def _decide(settings: Settings, recorder: Recorder, wanted: int, now: datetime, show: Show) -> None:
    """Let patients come until so many cases are decided with a note."""
    import random

    from sqlalchemy import func, select

    from cds_service.accounts.roles import Role
    from cds_service.accounts.store import Accounts
    from cds_service.bootstrap import build_service
    from cds_service.chart import hook_call
    from cds_service.clients.registry import LOOPBACK
    from cds_service.demo.clinicians import Clinicians
    from cds_service.demo.week import moved
    from cds_service.fhir_access import FhirOffer
    from cds_service.ledger.tables import review_record
    from cds_service.review.values import Verdict
    from cds_service.settings import Setting
    from cds_service.training.synth.generate import cases
    from cds_service.training.synth.requests import request

    accounts = Accounts(recorder.database, settings=settings)
    people = {
        role: accounts.add(
            role.value, role=role, shown=f"Made-up {role.value}", password=None, must_change=False, now=now
        ).member
        for role in (Role.NURSE, Role.PHYSICIAN)
    }
    clinicians = Clinicians(recorder, people, random.Random(SEED))  # noqa: S311 - made-up decisions, no secret
    pipeline = build_service(settings, now=lambda: now).pipeline
    taught = select(func.count()).where(review_record.c.verdict != Verdict.DISMISS.value)
    for case in cases(SEED, Setting.FAMILY_PRACTICE):
        body = moved(request(case), case.at, now)
        answer = pipeline.answer(hook_call(body, LOOPBACK), FhirOffer(access=None))
        clinicians.act(case, answer.body, now)
        with recorder.database.transaction(write=False) as tx:
            decided = tx.execute(taught).scalar_one()
        show("cases decided", min(decided / wanted, 1.0))
        if decided >= wanted:
            return
