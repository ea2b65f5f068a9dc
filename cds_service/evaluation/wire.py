"""`cds-service evaluate wire`: post whatever folders of test data hold to a running service and count the answers.

Nothing that comes over the wire may cost more than itself: no 5xx, no time-out, no malformed response, no redirect.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import requests

from cds_service.errors import ConfigurationError
from cds_service.evaluation import files
from cds_service.evaluation.own import own_service
from cds_service.evaluation.trials import Answer, Row, Trial, faults, trials
from cds_service.settings import Settings
from cds_service.terminal import Show, progress
from hooks.services import PATIENT_TRIAGE

TIME_OUT_S = 30
CLIENTS = 4
BATCH = 64
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


COLUMNS = (
    "folder", "tried", "200", "4xx", "5xx", "time-outs", "redirects", "invalid", "p50 ms", "p95 ms", "slowest ms",
)  # fmt: skip


def run(
    settings: Settings,
    folders: Sequence[Path],
    write: Callable[[str], None],
    *,
    url: str | None,
    each: bool,
    as_json: bool,
) -> bool:
    """Measure, print, and say whether nothing happened that may not. Without `url` a service of its own is started."""
    if url is None:
        with own_service(settings) as service:
            rows = _measure(service.url, folders, each=each)
    else:
        if urlsplit(url).hostname not in LOOPBACK:
            raise ConfigurationError("This is for a service on this machine: it sends thousands of broken requests.")
        rows = _measure(url.rstrip("/"), folders, each=each)
    if not rows:
        raise ConfigurationError("The folders hold no JSON files.")
    if as_json:
        write(json.dumps([row.as_json() for row in rows], indent=1))
    else:
        _render(rows, write)
    return not any(row.faulty for row in rows)


def _measure(url: str, folders: Sequence[Path], *, each: bool) -> list[Row]:
    rows: dict[str, Row] = {}
    with progress() as show, ThreadPoolExecutor(CLIENTS) as pool:
        waiting = _trials(folders, show, each=each)
        while batch := list(islice(waiting, BATCH)):
            for answer in pool.map(lambda trial: _post(url, trial), batch):
                rows.setdefault(answer.trial.folder, Row(folder=answer.trial.folder)).add(answer)
    return list(rows.values())


def _trials(folders: Sequence[Path], show: Show, *, each: bool) -> Iterator[Trial]:
    for folder in folders:
        paths = files.find(folder)
        for number, path in enumerate(paths, start=1):
            yield from trials(folder, path, each=each)
            show(folder.name, number / len(paths))


def _post(url: str, trial: Trial) -> Answer:
    start = time.perf_counter()
    status: int | None = None
    found: tuple[str, ...] = ("no answer in time",)
    try:
        response = requests.post(
            f"{url}/cds-services/{PATIENT_TRIAGE.id}",
            data=trial.body,
            headers={"Content-Type": "application/json"},
            timeout=TIME_OUT_S,
            allow_redirects=False,
        )
    except requests.Timeout:
        pass
    except requests.RequestException:
        found = ("the connection broke",)
    else:
        media_type = response.headers.get("Content-Type", "").split(";")[0]
        status, found = response.status_code, faults(response.status_code, media_type, response.content)
    milliseconds = (time.perf_counter() - start) * 1000
    return Answer(trial=trial, status=status, milliseconds=milliseconds, faults=found)


def _render(rows: Sequence[Row], write: Callable[[str], None]) -> None:
    """Write the rows as a Markdown table, and every faulty answer below it."""
    write("| " + " | ".join(COLUMNS) + " |")
    write("|---|" + "---:|" * (len(COLUMNS) - 1))
    for row in rows:
        figures = row.as_json()
        statuses = figures["statuses"]
        refused = ", ".join(f"{status}: {count}" for status, count in statuses.items() if status.startswith("4"))
        failed = sum(count for status, count in statuses.items() if status.startswith("5"))
        cells = (row.folder, figures["tried"], statuses.get("200", 0), refused or 0, failed, row.timeouts)
        times = (f"{figures[name]:.0f}" for name in ("p50_ms", "p95_ms", "slowest_ms"))
        write("| " + " | ".join(map(str, (*cells, figures["redirects"], figures["invalid"], *times))) + " |")
    for row in rows:
        for answer in row.faulty:
            write(f"{row.folder}: {answer.trial.name}: {answer.status}: {', '.join(answer.faults)}")
