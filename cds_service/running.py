"""A service of one's own on loopback, for as long as a block runs: for the demo and for benchmarks."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from cds_service.errors import CdsError

NOT_INHERITED = frozenset({
    # A service of one's own is reached on loopback, without tokens, and keeps its state to itself.
    "CDS_DATABASE_URL", "CDS_SHARED_URL", "CDS_CLIENTS_FILE", "CDS_EXTERNAL_URL", "CDS_TLS_CERT_FILE",
    "CDS_TLS_KEY_FILE", "CDS_METRICS_TOKEN_FILE",
})  # fmt: skip
READY_S = 180.0
STOP_S = 30.0


class NotRunning(CdsError):
    """The service did not start; the message says where its log is."""


@dataclass(frozen=True, kw_only=True)
class RunningService:
    """Where the service answers, and the process that stops it."""

    url: str
    pid: int


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(changed: Mapping[str, str], *, log: Path, port: int = 0) -> Iterator[RunningService]:
    """`cds-service serve` as a child with `changed` settings, ready; its log goes to `log`. Raises NotRunning."""
    port = port or free_port()
    environment = {key: value for key, value in os.environ.items() if key not in NOT_INHERITED} | dict(changed)
    command = [sys.executable, "-m", "cds_service", "serve", "--port", str(port)]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as log_file:
        child = subprocess.Popen(command, env=environment, stdout=log_file, stderr=log_file)  # noqa: S603 - our own
        try:
            service = RunningService(url=f"http://127.0.0.1:{port}", pid=child.pid)
            _await_ready(service, child, log)
            yield service
        finally:
            child.terminate()
            child.wait(timeout=STOP_S)


def _await_ready(service: RunningService, child: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise NotRunning(f"The service ended while starting (code {child.returncode}); its log is {log}.")
        try:
            if requests.get(f"{service.url}/readyz", timeout=5).status_code == requests.codes.ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.3)
    raise NotRunning(f"The service was not ready within {READY_S:.0f} s; its log is {log}.")
