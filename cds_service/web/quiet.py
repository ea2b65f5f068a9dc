"""gunicorn that never repeats what a client sent, and that no slow client can hold up.

By default gunicorn logs and echoes broken request lines and headers, and a client that sends its request byte by byte
keeps a thread for as long as it likes.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import threading
import time
from contextlib import suppress
from typing import Any

import structlog
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import _DEFER, ThreadWorker

from cds_service.settings import Settings

log = structlog.get_logger()

ENOUGH_CALLS = 4
"""Calls in one process beyond which the next connection is left to another process (docs/decisions/0006)."""

SLOW_S = 1.0
"""Seconds of reading after which a connection no longer counts as a call that is about to be worked on."""

FIRST_BYTE_S = 0.05
"""Seconds a thread waits for the first byte of a new connection."""

SPARE_DESCRIPTORS = 200
"""Open files of a web process that are no client's: libraries, index, database, FHIR servers."""

LOOK_S = 0.5
"""Seconds between two looks for connections past their time."""


def _answer(status: str, code: str, diagnostics: str) -> bytes:
    issue = {"severity": "error", "code": code, "diagnostics": diagnostics}
    body = json.dumps({"resourceType": "OperationOutcome", "issue": [issue]})
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
        f"X-Content-Type-Options: nosniff\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode("ascii")


_REFUSED = _answer("400 Bad Request", "invalid", "The request is not HTTP as it should be.")
_FAILED = _answer("500 Internal Server Error", "exception", "The service failed to answer; no cards were made.")


class Patience:
    """Ends connections that take too long: no more is read after `read_s`, nothing goes on after `send_s` seconds."""

    def __init__(self, *, read_s: float, send_s: float) -> None:
        self._read_s = read_s
        self._send_s = send_s
        self._watched: dict[int, tuple[socket.socket, float]] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Look from time to time, in a thread that ends with the process."""
        threading.Thread(target=self._watch, name="patience", daemon=True).start()

    def begin(self, connection: socket.socket) -> None:
        """Begin to count for the connection that the current thread works on."""
        handle = socket.socket(
            fileno=os.dup(connection.fileno())
        )  # gunicorn may put TLS around its own, which has no dup
        with self._lock:
            self._watched[threading.get_ident()] = (handle, time.monotonic())

    def end(self) -> None:
        """The current thread has done with its connection."""
        with self._lock:
            ended = self._watched.pop(threading.get_ident(), None)
        if ended is not None:
            ended[0].close()

    def ages(self) -> dict[int, float]:
        """Seconds since each thread began to work on its connection."""
        now = time.monotonic()
        with self._lock:
            return {thread: now - since for thread, (_, since) in self._watched.items()}

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_S)
            now = time.monotonic()
            with self._lock:
                for connection, since in self._watched.values():
                    with suppress(OSError):
                        if now - since > self._send_s:
                            connection.shutdown(socket.SHUT_RDWR)
                        elif now - since > self._read_s:
                            connection.shutdown(socket.SHUT_RD)


class QuietWorker(ThreadWorker):
    """A threaded worker that answers broken HTTP with fixed words and has patience for so long."""

    def init_process(self) -> None:
        """Start the watch before the first connection is taken, and see that there are descriptors for them all."""
        settings = Settings()
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        if most != resource.RLIM_INFINITY:  # each connection takes two: its own, and the one it is ended by
            self.worker_connections = min(self._most_connections, max(1, (most - SPARE_DESCRIPTORS) // 2))
        self.patience = Patience(read_s=settings.read_timeout_s, send_s=settings.send_timeout_s)
        self.patience.start()
        super().init_process()

    @property
    def worker_connections(self) -> int:
        """Most connections to hold: none more while enough calls are being worked on."""
        return 0 if self._calls() >= ENOUGH_CALLS else self._most_connections

    @worker_connections.setter
    def worker_connections(self, most: int) -> None:
        self._most_connections = most

    def _calls(self) -> int:
        """Calls that have or await their turn, or are about to; who sends slowly or waits for a FHIR server has not."""
        working: frozenset[int] = self.wsgi.extensions["working"]()
        return sum(1 for thread, age in self.patience.ages().items() if thread in working or age < SLOW_S)

    def handle(self, conn: Any) -> Any:
        """Work on one connection, for so long. One that says nothing goes back to the poller and holds no thread."""
        if not conn.initialized and not conn.data_ready and not conn.wait_for_data(FIRST_BYTE_S):
            return _DEFER
        self.patience.begin(conn.sock)
        try:
            return super().handle(conn)
        finally:
            self.patience.end()

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:  # noqa: ARG002
        """Answer 400, or 500 where the request itself was whole, and name only the kind of error."""
        log.warning("http-refused" if req is None else "http-failed", error=type(exc).__name__)
        with suppress(OSError):
            client.sendall(_REFUSED if req is None else _FAILED)


class QuietLogger(Logger):
    """gunicorn's own messages as static events: the template of a message, never what was put into it."""

    def error(self, msg: object, *_args: Any, **_kwargs: Any) -> None:
        """An error of gunicorn."""
        log.error("gunicorn", message=str(msg))

    def exception(self, msg: object, *_args: Any, **_kwargs: Any) -> None:
        """An exception in gunicorn, without its text."""
        log.error("gunicorn", message=str(msg))

    def critical(self, msg: object, *_args: Any, **_kwargs: Any) -> None:
        """A grave error of gunicorn."""
        log.critical("gunicorn", message=str(msg))

    def warning(self, msg: object, *_args: Any, **_kwargs: Any) -> None:
        """A warning of gunicorn."""
        log.warning("gunicorn", message=str(msg))
