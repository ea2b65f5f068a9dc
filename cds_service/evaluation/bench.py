"""`cds-service bench`: hook times of a running service without a model, at 1, 8 and 32 clients, on 1 and 2 processes.

Each client calls again as soon as it is answered, and each call opens a connection of its own: a clinic's calls come
from many servers and sessions of an EHR, seldom two on one connection. The clients share the machine with the service,
so the figures are what this machine can do with both.
"""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

import requests
from rich.console import Console
from rich.table import Table

from cds_service.errors import ConfigurationError
from cds_service.evaluation.own import own_service
from cds_service.sample.chart import request_body
from cds_service.settings import Settings

CLIENTS = (1, 8, 32)
WORKERS = (1, 2)
WARM_UP = 24
FIGURE_S = 60.0
"""Longest time for one figure; what was not called by then is left out."""

_PART = re.compile(r"(\w+);dur=([\d.]+)")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One answered call: milliseconds as the client sees them, and the service's own by part."""

    milliseconds: float
    parts: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What `clients` at once got. `refused`: calls that were told to come again (429, 503)."""

    workers: str
    clients: int
    seconds: float
    refused: int
    calls: list[Call]

    @property
    def rate(self) -> float:
        """Answered calls a second."""
        return len(self.calls) / self.seconds


def run(settings: Settings, *, calls: int, url: str | None) -> None:
    """Measure and print. Without `url` services with ``CDS_MODEL=none`` are started, with one web process and with two.

    Raises ConfigurationError when the service does not answer as it should.
    """
    console = Console()
    memory = []
    if url is not None:
        figures = _measure(url, "?", calls)
    else:
        figures = []
        for workers in WORKERS:
            with own_service(settings, CDS_WEB_WORKERS=str(workers)) as service:
                figures += _measure(service.url, str(workers), calls)
                memory.append(f"Memory with {workers} web processes (proportional set size): {_memory(service.pid)}")
    console.print(_table(figures))
    console.print()
    console.print(_parts_table(figures))
    console.print()
    for line in memory:
        console.print(line)


def _measure(base: str, workers: str, calls: int) -> list[Figure]:
    body = json.dumps(request_body(datetime.now(UTC))).encode()
    _load(base, body, workers, clients=8, calls=WARM_UP)
    return [_load(base, body, workers, clients=clients, calls=calls) for clients in CLIENTS]


def _load(base: str, body: bytes, workers: str, *, clients: int, calls: int) -> Figure:
    """`calls` calls in all by `clients` at once, each calling again when it is answered."""
    numbers = iter(range(calls))
    start = time.perf_counter()

    def client(_: int) -> list[Call | None]:
        made = []
        while time.perf_counter() - start < FIGURE_S and next(numbers, None) is not None:
            made.append(_call(base, body))
        return made

    with ThreadPoolExecutor(clients) as pool:
        results = [call for made in pool.map(client, range(clients)) for call in made]
    seconds = time.perf_counter() - start
    answered = [call for call in results if call is not None]
    if len(answered) < 2:
        raise ConfigurationError("the service answers too slowly to be measured")
    return Figure(
        workers=workers, clients=clients, seconds=seconds, refused=len(results) - len(answered), calls=answered
    )


def _call(base: str, body: bytes) -> Call | None:
    """One call on a connection of its own; None when it was told to come again."""
    start = time.perf_counter()
    try:
        response = requests.post(
            f"{base}/cds-services/patient-triage",
            data=body,
            headers={"Content-Type": "application/json", "Connection": "close"},
            timeout=FIGURE_S,
        )
    except requests.RequestException:
        raise ConfigurationError("the service does not answer") from None
    milliseconds = (time.perf_counter() - start) * 1000
    if response.status_code in (requests.codes.too_many, requests.codes.unavailable):
        return None
    if response.status_code != requests.codes.ok:
        raise ConfigurationError(f"the service answered {response.status_code}")
    parts = {name: float(ms) for name, ms in _PART.findall(response.headers.get("Server-Timing", ""))}
    return Call(milliseconds=milliseconds, parts=parts)


def _table(figures: list[Figure]) -> Table:
    """A row for each figure, with its calls a second as a multiple of those of one client and of one process."""
    table = Table(
        "web",
        "clients",
        "calls",
        "refused",
        "p50 ms",
        "p95 ms",
        "calls/s",
        "to 1 client",
        "to 1 web",
        box=None,
    )
    rates = {(f.workers, f.clients): f.rate for f in figures}
    for figure in figures:
        times = [call.milliseconds for call in figure.calls]
        one_process = rates.get(("1", figure.clients))
        table.add_row(
            figure.workers,
            str(figure.clients),
            str(len(times)),
            str(figure.refused),
            f"{median(times):.0f}",
            f"{quantiles(times, n=20)[-1]:.0f}",
            f"{figure.rate:.1f}",
            f"{figure.rate / rates[figure.workers, CLIENTS[0]]:.2f}",
            f"{figure.rate / one_process:.2f}" if one_process else "",
        )
    return table


def _parts_table(figures: list[Figure]) -> Table:
    """The service's own median milliseconds for each part of a call."""
    names = tuple(figures[0].calls[0].parts)
    table = Table("web", "clients", *names, box=None, title="parts of a call, median ms", title_justify="left")
    for figure in figures:
        medians = [median(call.parts.get(name, 0.0) for call in figure.calls) for name in names]
        table.add_row(figure.workers, str(figure.clients), *(f"{ms:.0f}" for ms in medians))
    return table


def _memory(supervisor: int) -> str:
    """Memory of each process below `supervisor`, in MB, shared pages counted by share (Linux smaps_rollup)."""
    sizes = [_pss_mb(pid) for pid in _descendants(supervisor)]
    return ", ".join(f"{size:.0f} MB" for size in sorted(sizes, reverse=True))


def _descendants(pid: int) -> list[int]:
    children = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit() and _parent(entry) == pid]
    return [*children, *(grandchild for child in children for grandchild in _descendants(child))]


def _parent(entry: Path) -> int | None:
    try:
        return int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return None


def _pss_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0
