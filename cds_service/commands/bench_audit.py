"""``cds-service bench-audit``: how fast audit events go in, from one and from several processes, and are verified."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cds_service.commands.client import clear_errors
from cds_service.commands.evaluation_files import OUT, in_a_folder, write_json

if TYPE_CHECKING:
    from cds_service.ledger.database import Database

PROCESSES = (1, 4)
BATCH = 1000


@click.command("bench-audit")
@click.option("--events", default=100_000, show_default=True, type=click.IntRange(1000, 5_000_000), help="To verify.")
@click.option(
    "--seconds", default=5.0, show_default=True, type=click.FloatRange(0.5, 120), help="Appending, each time."
)
@click.option("--database-url", help="An empty database instead of an SQLite file that is gone afterwards.")
@click.option("--json", "json_file", type=OUT, callback=in_a_folder, help="Write every figure as JSON.")
@click.option("--append", "appending", hidden=True, help="URL of a database: append until the time is over.")
@clear_errors
def bench_audit(
    events: int, seconds: float, database_url: str | None, json_file: Path | None, appending: str | None
) -> None:
    """Append audit events from 1 and from 4 processes, each acknowledged by itself, then verify a long chain.

    Times are those of this machine and its disk, and of what else it does meanwhile.
    """
    if appending is not None:
        click.echo(json.dumps(_append(appending, seconds)))
        return
    from cds_service.ledger.database import open_database
    from cds_service.ledger.migrate import migrate

    with tempfile.TemporaryDirectory(prefix="cds-bench-") as folder:
        url = database_url or f"sqlite:///{folder}/cds.sqlite3"
        migrate(url)
        runs = [_run(url, processes, seconds) for processes in PROCESSES]
        with closing(open_database(url)) as database:
            appended = sum(run["events"] for run in runs)
            _fill(database, max(0, events - appended))
            verified = _verified(database)
    for run in runs:
        click.echo(
            f"append, processes: {run['processes']} {run['per_second']:8.0f} events/s   p50 {run['p50_ms']:.2f} ms, "
            f"p99 {run['p99_ms']:.2f} ms, max {run['max_ms']:.0f} ms, refused {run['refused']}"
        )
    click.echo(
        f"verify              {verified['per_second']:8.0f} events/s   {verified['events']} events in "
        f"{verified['seconds']:.2f} s ({verified['processor_seconds']:.2f} s of processor time), peak memory "
        f"{verified['peak_mb']:.0f} MB"
    )
    if json_file:
        write_json(json_file, {"append": runs, "verify": verified})
    if not verified["whole"] or verified["appended"] != appended:
        raise click.ClickException("An event was lost, or the chain is broken.")


def _run(url: str, processes: int, seconds: float) -> dict[str, Any]:
    """That many processes append at once."""
    command = [sys.executable, "-m", "cds_service", "bench-audit", "--append", url, "--seconds", str(seconds)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(processes)]  # noqa: S603 - our own command
    told = [json.loads(process.communicate()[0].splitlines()[-1]) for process in started]
    if any(process.returncode for process in started):
        raise click.ClickException("a process that appends failed")
    spent = sorted(ms for one in told for ms in one["ms"])
    return {
        "processes": processes,
        "events": sum(one["events"] for one in told),
        "refused": sum(one["refused"] for one in told),
        "per_second": sum(one["events"] / one["seconds"] for one in told),
        "p50_ms": spent[len(spent) // 2],
        "p99_ms": spent[len(spent) * 99 // 100],
        "max_ms": spent[-1],
    }


def _append(url: str, seconds: float) -> dict[str, Any]:
    """One event a transaction, each on the disk before the next."""
    from cds_service.errors import StoreError
    from cds_service.ledger.audit import append
    from cds_service.ledger.database import open_database

    spent: list[float] = []
    refused = 0
    with closing(open_database(url)) as database:
        with database.transaction(write=False):
            pass  # connect first
        begun = time.perf_counter()
        while (now := time.perf_counter()) - begun < seconds:
            try:
                with database.transaction() as tx:
                    append(tx, [_event(f"client-{os.getpid()}")], now=datetime.now(UTC))
            except StoreError:  # another process had the lock for too long
                refused += 1
                continue
            spent.append((time.perf_counter() - now) * 1000)
    took = time.perf_counter() - begun
    return {"events": len(spent), "refused": refused, "seconds": took, "ms": [round(ms, 3) for ms in spent]}


def _fill(database: Database, count: int) -> None:
    from cds_service.ledger.audit import append
    from cds_service.terminal import progress

    with progress() as show:
        for start in range(0, count, BATCH):
            with database.transaction() as tx:
                append(tx, [_event("filler")] * min(BATCH, count - start), now=datetime.now(UTC))
            show("events", min(1.0, (start + BATCH) / count))


def _event(actor: str) -> Any:
    """As large as that of a hook call."""
    from cds_service.ledger.audit import AuditEvent, EventKind

    detail = {
        "answer": f"ans-{'5f' * 16}", "service": "patient-triage", "hook": "patient-view", "floor": "High",
        "assessment": "pending", "stage": "full",
    }  # fmt: skip
    return AuditEvent(kind=EventKind.HOOK_CALL, actor=actor, subject=f"subj-{'0a' * 16}", detail=detail)


def _verified(database: Database) -> dict[str, Any]:
    from sqlalchemy import func, select

    from cds_service.ledger.chain import verify
    from cds_service.ledger.database import any_text
    from cds_service.ledger.tables import audit_event

    begun, processor = time.perf_counter(), time.process_time()
    with database.transaction(write=False) as tx, any_text(tx):
        report = verify(tx)
    seconds = time.perf_counter() - begun
    processor_seconds = time.process_time() - processor
    with database.transaction(write=False) as tx:
        appended = tx.execute(select(func.count()).where(audit_event.c.actor != "filler")).scalar_one()
    return {
        "events": report.events,
        "appended": appended,
        "whole": report.valid,
        "seconds": seconds,
        "processor_seconds": processor_seconds,
        "per_second": report.events / seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
