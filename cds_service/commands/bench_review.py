"""``cds-service bench-review``."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cds_service.commands.client import clear_errors
from cds_service.shares import percentile

if TYPE_CHECKING:
    from cds_service.accounts.roles import Member
    from cds_service.ledger.database import Database
    from cds_service.ledger.vault import Vault
    from cds_service.review.store import Reviews
    from cds_service.terminal import Show

CLIENT = "bench"
PER_PAGE = 25
LATE_PAGE = 100
BATCH = 250
"""Cases that are put in by one transaction."""


@click.command("bench-review")
@click.option("--cases", default=10_000, show_default=True, type=click.IntRange(100, 200_000), help="Waiting cases.")
@click.option("--times", default=100, show_default=True, type=click.IntRange(5, 5000), help="Calls for each figure.")
@click.option("--database-url", help="An empty database instead of an SQLite file that is gone afterwards.")
@clear_errors
def bench_review(cases: int, times: int, database_url: str | None) -> None:
    """Time the review with many waiting cases: the queue, a case, a decision, and what a hook call pays for it.

    Times are those of this machine, and of what else it does meanwhile.
    """
    from rich.console import Console
    from rich.table import Table

    from cds_service.terminal import progress

    table = Table("call", "p50 ms", "p95 ms", "max ms", title=f"{cases} waiting cases, {times} calls each")
    with tempfile.TemporaryDirectory() as folder, progress() as show:
        url = database_url or f"sqlite:///{folder}/cds.sqlite3"
        for name, spent in _measured(url, Path(folder), cases, times, show):
            figures = (percentile(spent, 50) or 0.0, percentile(spent, 95) or 0.0, max(spent))
            table.add_row(name, *(f"{ms:.1f}" for ms in figures))
    Console(width=110, highlight=False).print(table)


def _measured(url: str, folder: Path, cases: int, times: int, show: Show) -> Iterator[tuple[str, list[float]]]:
    from cds_service.accounts.roles import Role
    from cds_service.accounts.store import Accounts
    from cds_service.ledger.database import open_database
    from cds_service.ledger.keys import VaultKeys
    from cds_service.ledger.migrate import migrate
    from cds_service.ledger.vault import Vault
    from cds_service.review.store import Reviews
    from cds_service.settings import Settings

    migrate(url)
    settings = Settings(data_dir=folder / "data", keys_file=folder / "keys.json")
    vault = Vault(VaultKeys.new())
    now = datetime.now(UTC)
    with closing(open_database(url)) as database:
        reviews = Reviews(database, vault, settings=settings)
        accounts = Accounts(database, settings=settings)
        nurse = accounts.add("bench-nurse", role=Role.NURSE, shown="Bench Nurse", password=None, now=now).member
        ids = _filled(database, vault, reviews, cases, now, show)
        for name, call in _calls(database, vault, reviews, nurse, ids, now):
            yield name, [_timed(call, n) for n in range(times)]
            show(name, 1)


def _filled(database: Database, vault: Vault, reviews: Reviews, cases: int, now: datetime, show: Show) -> list[str]:
    """Open that many cases, one a patient, of every priority. Returns their ids."""
    ids: list[str] = []
    for start in range(0, cases, BATCH):
        with database.transaction() as tx:
            ids += [_opened(tx, vault, reviews, n, now) for n in range(start, min(start + BATCH, cases))]
        show("cases", len(ids) / cases)
    return ids


def _opened(tx: Any, vault: Vault, reviews: Reviews, number: int, now: datetime) -> str:
    from cds_service.domain import AssessmentStatus, Citation, Finding, Priority
    from cds_service.ledger.encoding import new_id
    from cds_service.review.opening import Opening

    priority = Priority(2 + number % 3)
    finding = Finding(
        rule="bench", version="1", priority=priority, title="Bench", reason="Bench.", values={"number": number},
        citation=Citation(title="Bench", publisher="Bench", year=None),
    )  # fmt: skip
    at = now + timedelta(seconds=number)
    subject = vault.subject_for(tx, tenant=CLIENT, patient_key=str(number), now=at, actor=CLIENT)
    opening = Opening(
        answer=new_id("ans"),
        subject=subject,
        client=CLIENT,
        snapshot=new_id("snapshot"),
        job=None,
        floor=priority,
        priority=priority,
        status=AssessmentStatus.OFF,
        findings=(finding,),
        data_at=now - timedelta(minutes=number % 997),
    )
    case = reviews.opened_in(tx, opening, at)
    if case is None:
        raise RuntimeError("a finding of at least Medium opened no case")
    return case.id


def _calls(
    database: Database, vault: Vault, reviews: Reviews, nurse: Member, ids: list[str], now: datetime
) -> Iterator[tuple[str, Callable[[int], object]]]:
    later = now + timedelta(days=1)

    def opened(number: int) -> None:
        with database.transaction() as tx:
            _opened(tx, vault, reviews, len(ids) + number, now)

    def decided(number: int) -> None:
        case = reviews.get(ids[number])
        reviews.decide(case.id, _decision(case.version), nurse, later)

    for page in (1, LATE_PAGE):
        yield (
            f"queue, page {page}",
            lambda _, page=page: reviews.queue(later, page=page, per_page=PER_PAGE, role=nurse.role),  # type: ignore[misc]
        )
    yield "get a case", lambda n: reviews.get(ids[-1 - n])
    yield "look at a case (writes)", lambda n: reviews.look(ids[n], nurse, later)
    yield "decide (get and write)", decided
    yield "open a case (new patient, writes)", opened


def _decision(seen: int) -> Any:
    from cds_service.review.values import Decision, Notes, Symptom, Verdict

    words = dict.fromkeys(("history", "vitals", "risk_factors", "assessment", "justification"), "Bench words.")
    notes = Notes(symptoms=(Symptom(name="Bench", duration="1 day", severity=1),), confidence=50, **words)  # type: ignore[arg-type]
    return Decision(
        verdict=Verdict.CONFIRM, priority=None, reason=None, notes=notes, signature="Bench Nurse", seen=seen
    )


def _timed(call: Callable[[int], object], number: int) -> float:
    """Milliseconds of one call."""
    start = time.perf_counter()
    call(number)
    return (time.perf_counter() - start) * 1000
