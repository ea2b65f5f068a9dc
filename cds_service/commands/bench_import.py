"""``cds-service bench-import``: how fast past records come in, on each engine, and how much memory that takes."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.evaluation_files import OUT, in_a_folder, write_json

_EVERY_S = 0.5
RUNS = ("process:1", "process:2", "ray:1", "ray:2")


@click.command("bench-import")
@click.option("--patients", default=200, show_default=True, type=click.IntRange(20, 100_000), help="Made-up patients.")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same patients.")
@click.option("--run", "runs", multiple=True, default=RUNS, show_default=True, help="ENGINE:WORKERS. Repeatable.")
@click.option("--json", "json_file", type=OUT, callback=in_a_folder, help="Write every figure as JSON.")
@click.option("--one", "folder", hidden=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
@clear_errors
def bench_import(patients: int, seed: int, runs: tuple[str, ...], json_file: Path | None, folder: Path | None) -> None:
    """Import one made-up Bulk Data export with each engine, apart from the clinic's data, and compare the output.

    Speeds leave out the time until the first patient is done (loading of models). Memory is resident; what processes
    share is counted in each.
    """
    if folder is not None:
        click.echo(json.dumps(_one(folder, runs[0])))
        return
    from cds_service.terminal import progress
    from cds_service.training.bulk_export import write_export

    with tempfile.TemporaryDirectory(prefix="cds-bench-") as place:
        with progress() as show:
            count = write_export(Path(place) / "export", patients=patients, seed=seed, show=partial(show, "export"))
        click.echo(f"{patients} patients, {count} resources")
        figures = [_apart(Path(place), run) for run in runs]
    for it in figures:
        click.echo(
            f"{it['run']:<10} {it['records_s']:6.2f} records/s  {it['notes_s']:6.2f} notes/s  grouping "
            f"{it['resources_s']:8.0f} resources/s  first patient after {it['first_s']:5.1f} s  "
            f"memory: largest process {it['largest_mb']:5.0f} MB, all {it['together_mb']:5.0f} MB"
        )
    same = len({it["sha256"] for it in figures}) == 1
    click.echo(f"Output of all runs with one table of codes: {'the same bytes' if same else 'NOT the same'}")
    if json_file:
        write_json(json_file, {"patients": patients, "resources": count, "same_bytes": same, "runs": figures})
    if not same:
        raise click.ClickException("The engines do not give the same bytes.")


def _apart(place: Path, run: str) -> dict[str, Any]:
    """One run in a process of its own, whose memory is then its own."""
    command = [sys.executable, "-m", "cds_service", "bench-import", "--one", str(place), "--run", run]
    told = place / f"{run.replace(':', '-')}.out"
    with told.open("wb") as out:
        process = subprocess.Popen(command, stdout=out)  # noqa: S603 - our own command
        largest = together = 0
        while process.poll() is None:
            sizes = _sizes(process.pid)
            largest, together = max(largest, *sizes), max(together, sum(sizes))
            time.sleep(_EVERY_S)
    if process.returncode:
        raise click.ClickException(f"the run {run} failed")
    figures: dict[str, Any] = json.loads(told.read_bytes().splitlines()[-1])
    return figures | {"largest_mb": largest / 2**20, "together_mb": together / 2**20}


def _sizes(pid: int) -> list[int]:
    """Resident bytes of a process and of all that it began, from the kernel's tables."""
    sizes, waiting = [0], [pid]
    while waiting:
        place = Path("/proc") / str(waiting.pop())
        with suppress(OSError):  # it ended meanwhile
            sizes.append(int((place / "statm").read_text().split()[1]) * resource.getpagesize())
            waiting += [int(child) for task in (place / "task").iterdir() for child in _words(task / "children")]
    return sizes


def _words(path: Path) -> list[str]:
    return path.read_text().split()


def _one(place: Path, run: str) -> dict[str, Any]:
    from cds_service.commands.engine_options import open_engine
    from cds_service.commands.import_records import prepared
    from cds_service.commands.import_work import build_work
    from cds_service.commands.read_settings import read_settings
    from cds_service.importing.importer import READING, WORKING, Importer, Order
    from cds_service.importing.records import Wanted

    engine, _, workers = run.partition(":")
    marks: dict[str, list[float]] = {}

    def show(step: str, _share: float) -> None:
        marks.setdefault(step, []).append(time.monotonic())

    with prepared(read_settings(), show) as settings:
        out = place / run.replace(":", "-")
        importer = Importer(
            open_engine(engine, int(workers)),
            partial(build_work, settings, Wanted()),
            partial(_with_codes, place / "codes"),
            clock=lambda: datetime.now(UTC),
            show=show,
        )
        begun = time.monotonic()
        done = importer.run(Order(sources=(place / "export",), out=out, wanted=Wanted(), versions={}))
    manifest = json.loads((out / "import.json").read_text("utf-8"))
    work, reading = marks[WORKING], marks[READING]
    seconds = max(work[-1] - work[0], 1e-6)
    share = (len(work) - 2) / max(len(work) - 1, 1)  # all patients but the first, whose time is that of loading
    records = done.clinic + done.inputs
    return {
        "run": run,
        "records": records,
        "records_s": records * share / seconds,
        "notes_s": done.counts.get("notes read", 0) * share / seconds,
        "resources_s": manifest["resources"]["read"] / max(reading[-1] - begun, 1e-6),
        "first_s": work[0] - reading[-1],
        "sha256": " ".join(part["sha256"] for part in manifest["files"].values()),
    }


def _with_codes(shared: Path, _: Path) -> Any:
    """A book whose table of codes all runs share."""
    from cds_service.importing.books import OwnBook

    return OwnBook(shared)
