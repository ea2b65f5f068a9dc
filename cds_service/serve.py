"""`cds-service serve`: prepare what is missing, then run web processes, model worker and notifier until stopped."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

import structlog

from cds_service.errors import ConfigurationError
from cds_service.settings import ModelKind, Settings
from cds_service.web.loopback import is_loopback

log = structlog.get_logger()

STOP_S = 15.0
RESTART_S = 2.0
EVERY: Mapping[str, float] = {
    "purge": 24 * 3600.0,
    "alerts": 3600.0,
    "audit seal": 600.0,
    "audit verify": 24 * 3600.0,
}
"""Commands of ours that are run again and again, and after how many seconds."""

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent of this process ends, however it ends (Linux prctl(2))."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def web_command(settings: Settings, host: str, port: int) -> list[str]:
    """The gunicorn command line for these settings."""
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    tls = ("--certfile", str(settings.tls_cert_file), "--keyfile", str(settings.tls_key_file))
    return [
        sys.executable,
        *("-m", "gunicorn", "cds_service.serve:web_app()", "--config", "python:cds_service.gunicorn_conf"),
        *("--bind", bind, "--workers", str(settings.web_workers), "--threads", str(settings.web_threads)),
        *(tls if settings.tls_cert_file else ()),
    ]


def worker_command() -> list[str]:
    """The command line of one model worker."""
    return [sys.executable, "-m", "cds_service", "worker"]


def notify_command() -> list[str]:
    """The command line of the process that tells physicians."""
    return [sys.executable, "-m", "cds_service", "notify"]


def export_command() -> list[str]:
    """The command line of the process that makes previews and exports. It ends after each, which frees its memory."""
    return [sys.executable, "-m", "cds_service", "export", "work"]


def web_app() -> object:
    """The WSGI application of one web process (gunicorn calls this after forking)."""
    from cds_service import logs
    from cds_service.app import build_app

    settings = Settings()
    logs.configure(settings.log_level)
    return build_app(settings, signed=settings.clients_file is not None)


def serve(settings: Settings, *, host: str, port: int) -> int:
    """Run until SIGTERM or SIGINT, or until the web processes end. Returns the exit code."""
    metrics_dir = settings.data_dir / "metrics"
    shutil.rmtree(metrics_dir, ignore_errors=True)
    metrics_dir.mkdir(parents=True)
    environment = os.environ | {
        "PROMETHEUS_MULTIPROC_DIR": str(metrics_dir.resolve()),
        "OMP_NUM_THREADS": "1",  # processes share the cores among themselves; the model's engine has its own setting
    }
    commands: dict[str, Sequence[str]] = {"web": web_command(settings, host, port)}
    if settings.model is not ModelKind.NONE:
        commands["worker"] = worker_command()
    commands["notify"] = notify_command()
    commands["export"] = export_command()
    return _Supervisor(commands, environment, settings.data_dir / "serve.pid").run()


def check_exposure(settings: Settings, host: str) -> None:
    """Raises ConfigurationError when `host` is not loopback and clients are not registered, or come without TLS."""
    if is_loopback(host):
        return
    if settings.clients_file is None:
        raise ConfigurationError(
            f"Refusing to listen on {host}: no client is registered, so only loopback is served. "
            "Set CDS_CLIENTS_FILE, or use --host 127.0.0.1."
        )
    encrypted = settings.tls_cert_file is not None or settings.behind_tls_proxy
    if not encrypted or not settings.external_url.startswith("https://"):
        raise ConfigurationError(
            f"Refusing to listen on {host}: clients must reach this service by https. Set CDS_EXTERNAL_URL to its "
            "https URL, and CDS_TLS_CERT_FILE and CDS_TLS_KEY_FILE, or CDS_BEHIND_TLS_PROXY=true."
        )


class _Supervisor:
    """Runs named children; restarts all but `web`; on a stop signal ends them and waits."""

    def __init__(self, commands: dict[str, Sequence[str]], environment: dict[str, str], pid_file: Path) -> None:
        self._commands = commands
        self._environment = environment
        self._pid_file = pid_file
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._errands: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = False
        self._next = {name: time.monotonic() + every for name, every in EVERY.items()}

    def run(self) -> int:
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, self._stop)
        self._pid_file.write_text(str(os.getpid()))
        try:
            for name in self._commands:
                self._start(name)
            return self._watch()
        finally:
            self._end_children()
            self._pid_file.unlink(missing_ok=True)

    def _start(self, name: str) -> None:
        self._children[name] = subprocess.Popen(  # noqa: S603 - our own command lines
            self._commands[name],
            env=self._environment,
            preexec_fn=die_with_parent,
        )
        log.info("child-started", child=name, pid=self._children[name].pid)

    def _watch(self) -> int:
        while not self._stopping:
            self._run_what_is_due()
            for name, child in list(self._children.items()):
                code = child.poll()
                if code is None:
                    continue
                if name == "web":
                    log.error("web-ended", code=code)
                    return code or 1
                if code != 0:
                    log.warning("child-restarts", child=name, code=code)
                time.sleep(RESTART_S)
                self._start(name)
            time.sleep(0.2)
        return 0

    def _run_what_is_due(self) -> None:
        """Start what is due, and wait for none of it: children are looked after meanwhile, however long it takes."""
        for name, errand in list(self._errands.items()):
            if (code := errand.poll()) is None:
                continue
            del self._errands[name]
            if code:
                log.error("command-failed", command=name, code=code)
        for name, every in EVERY.items():
            if time.monotonic() >= self._next[name] and name not in self._errands:
                self._next[name] = time.monotonic() + every
                command = [sys.executable, "-m", "cds_service", *name.split()]
                self._errands[name] = subprocess.Popen(  # noqa: S603 - our own command line
                    command, env=self._environment, preexec_fn=die_with_parent
                )

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _end_children(self) -> None:
        children = [*self._children.values(), *self._errands.values()]
        for child in children:
            if child.poll() is None:
                child.terminate()
        deadline = time.monotonic() + STOP_S
        for child in children:
            try:
                child.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
