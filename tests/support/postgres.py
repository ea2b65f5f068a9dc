"""A throw-away PostgreSQL cluster in a temporary folder, on a Unix socket, gone afterwards.

`server_programs` finds the server; without it tests skip and say so. PostgreSQL refuses to run as root, so root starts
it as an ordinary user of the machine.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

MISSING = "no PostgreSQL server programs (initdb, postgres) in PATH or /usr/lib/postgresql/*/bin"
_START_S = 30.0


def server_programs() -> Path | None:
    """The folder that holds ``initdb`` and ``postgres``, the newest version first; None when there is none."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: p.parent.name.zfill(4), reverse=True)
    on_path = shutil.which("initdb")
    folders = [*installed, *([Path(on_path).parent] if on_path else [])]
    return next((f for f in folders if (f / "initdb").exists() and (f / "postgres").exists()), None)


class Cluster:
    """A running cluster. Databases are made from a template, so that a test gets a migrated one at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = 0

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://tester@/{name}?host={self._folder}"

    def new_database(self, *, template: str = "template0") -> str:
        """The name of a new database, made from `template`."""
        self._made += 1
        name = f"test_{self._made}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def execute(self, statement: str) -> None:
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.execute(text(statement))
        finally:
            engine.dispose()


@contextmanager
def throwaway_cluster(programs: Path) -> Iterator[Cluster]:
    """Start a cluster, and stop and delete it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="cds-pg-"))
    options = _unprivileged(folder)
    try:
        subprocess.run(
            [
                programs / "initdb",
                "-D",
                folder / "data",
                "-A",
                "trust",
                "-U",
                "tester",
                "-E",
                "UTF8",
                "-N",
                "--locale=C",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            **options,
        )
        with (folder / "server.log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses=", "-F"],
                stdout=log,
                stderr=log,
                cwd=folder,
                **options,
            )
        try:
            cluster = Cluster(folder)
            _wait(cluster, server, folder / "server.log")
            yield cluster
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: nothing in it is worth keeping
            server.wait(timeout=_START_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """Options of `subprocess` that run a program as an ordinary user who owns `folder`."""
    if os.geteuid() != 0:
        return {}
    user = next(pwd.getpwnam(name) for name in ("postgres", "nobody") if _exists(name))
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _wait(cluster: Cluster, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            cluster.execute("SELECT 1")
        except OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}") from None
            time.sleep(0.1)
        else:
            return
