"""`cds-service bench`: hook times of a running service without a model, by part, at one and at eight clients."""

from __future__ import annotations

import re
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import requests
from rich.console import Console
from rich.table import Table

from cds_service.errors import ConfigurationError
from cds_service.running import running
from cds_service.sample.chart import request_body
from cds_service.settings import Settings

CLIENTS = (1, 8)
WARM_UP = 5
_PART = re.compile(r"(\w+);dur=([\d.]+)")


def run(settings: Settings, *, calls: int, url: str | None) -> None:
    """Measure and print. Without `url` a service with ``CDS_MODEL=none`` is started on a folder of its own."""
    console = Console()
    if url is not None:
        _report(console, url, calls)
        return
    with tempfile.TemporaryDirectory(prefix="cds-bench-") as folder:
        changed = {
            "CDS_DATA_DIR": f"{folder}/state",
            "CDS_KEYS_FILE": f"{folder}/keys.json",
            "CDS_MODELS_DIR": str(settings.model_dir.resolve()),
            "CDS_MODEL": "none",
            "CDS_UNREVIEWED_GUIDELINES": "true",
            "CDS_LOG_LEVEL": "ERROR",
        }
        with running(changed, log=Path(folder) / "serve.log") as service:
            _report(console, service.url, calls)
            console.print(f"\nMemory (proportional set size): {_memory(service.pid)}")


def _report(console: Console, base: str, calls: int) -> None:
    body = request_body(datetime.now(UTC))
    for _ in range(WARM_UP):
        _call(base, body)
    table = Table("clients", "calls", "p50 ms", "p95 ms", "calls/s", "parts, median ms")
    for clients in CLIENTS:
        start = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            results = list(pool.map(lambda _: _call(base, body), range(calls)))
        seconds = time.perf_counter() - start
        times = [r[0] for r in results]
        parts = {name: median(r[1].get(name, 0.0) for r in results) for name in results[0][1]}
        table.add_row(
            str(clients),
            str(calls),
            f"{median(times):.0f}",
            f"{quantiles(times, n=20)[-1]:.0f}",
            f"{calls / seconds:.1f}",
            "  ".join(f"{name} {ms:.0f}" for name, ms in parts.items()),
        )
    console.print(table)


def _call(base: str, body: dict[str, Any]) -> tuple[float, dict[str, float]]:
    """Milliseconds as the client sees them, and the service's own by part."""
    start = time.perf_counter()
    response = requests.post(f"{base}/cds-services/patient-triage", json=body, timeout=60)
    milliseconds = (time.perf_counter() - start) * 1000
    if response.status_code != requests.codes.ok:
        raise ConfigurationError(f"the service answered {response.status_code}")
    return milliseconds, {name: float(ms) for name, ms in _PART.findall(response.headers.get("Server-Timing", ""))}


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
