"""``cds-service bench-export``: how fast reviewed cases become a training set, and what becomes of each."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.evaluation_files import OUT, in_a_folder, write_json


@click.command("bench-export")
@click.option("--patients", default=200, show_default=True, type=click.IntRange(20, 20_000), help="Made-up patients.")
@click.option("--json", "json_file", type=OUT, callback=in_a_folder, help="Write every figure as JSON.")
@clear_errors
def bench_export(patients: int, json_file: Path | None) -> None:
    """Export the reviewed cases of a made-up clinic, apart from the clinic's data, and time each part.

    The patients go down the real road and made-up clinicians decide; no model writes. Loading is not counted.
    """
    from cds_service.terminal import progress

    with tempfile.TemporaryDirectory(prefix="cds-bench-") as place, progress() as show:
        figures = _measured(Path(place), patients, show)
    click.echo(
        f"{figures['cases']} reviewed cases: past the gate {figures['deidentified_s']:.1f} cases/s, weighed, checked "
        f"and written {figures['written_s']:.1f} cases/s; in all {figures['cases_s']:.1f} cases/s"
    )
    click.echo(
        f"{figures['rows']} rows of {figures['subjects']} patients, {figures['bytes'] / 2**20:.1f} MB in all files"
    )
    for reason, count in figures["left_out"].items():
        click.echo(f"left out, {reason}: {count}")
    if json_file:
        write_json(json_file, figures)


def _measured(place: Path, patients: int, show: Any) -> dict[str, Any]:
    from cds_service.bootstrap import open_exporter
    from cds_service.commands.own_settings import own_settings
    from cds_service.commands.read_settings import read_settings
    from cds_service.demo.week import WAITING, seed
    from cds_service.export.exporter import DEIDENTIFYING
    from cds_service.export.values import Order, Profile, Scope
    from cds_service.ledger.database import open_database
    from cds_service.ledger.keys import open_keys
    from cds_service.ledger.vault import Vault
    from cds_service.prepare import prepare
    from cds_service.settings import ModelKind

    now = datetime.now(UTC)
    marks: dict[str, list[float]] = {}

    def mark(stage: str, share: float) -> None:
        marks.setdefault(stage, []).append(time.monotonic())
        show(stage, share)

    with own_settings(read_settings()) as apart:
        settings = apart.model_copy(update={"model": ModelKind.NONE})
        prepare(settings, show)
        seed(settings, now, show, patients=patients + WAITING)
        database = open_database(settings.database)
        exporter = open_exporter(database, Vault(open_keys(settings)), settings)
        scope = Scope(since=now - timedelta(days=30), until=now)
        order = Order(
            id="exp-bench", scope=scope, profile=Profile.SAFE_HARBOR, purpose="To measure.", recipient="Nobody"
        )
        cases = exporter.count(order, now).cases
        done = exporter.run(
            order, place / "set", approvals=(), now=now, actor="bench", show=mark, stopped=lambda: False
        )
        ended = time.monotonic()
        database.close()
    work = marks[DEIDENTIFYING]
    first, last = work[0], work[-1]  # the first mark is the end of the first case, whose time is that of loading
    return {
        "patients": patients,
        "cases": cases,
        "deidentified_s": (cases - 1) / max(last - first, 1e-6),
        "written_s": cases / max(ended - last, 1e-6),
        "cases_s": (cases - 1) / max(ended - first, 1e-6),
        "rows": done.rows,
        "subjects": done.subjects,
        "left_out": dict(done.left_out),
        "bytes": sum(path.stat().st_size for path in (place / "set").iterdir()),
    }
