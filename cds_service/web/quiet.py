"""gunicorn that never repeats what a client sent: by default it logs and echoes broken request lines and headers."""

from __future__ import annotations

import json
import socket
from contextlib import suppress
from typing import Any

import structlog
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

log = structlog.get_logger()

_BODY = json.dumps(
    {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "invalid", "diagnostics": "The request is not HTTP as it should be."}],
    }
).encode()
_ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n"
    b"X-Content-Type-Options: nosniff\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(_BODY)
) + _BODY


class QuietWorker(ThreadWorker):
    """A threaded worker that answers broken HTTP with fixed words."""

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:  # noqa: ARG002
        """Answer 400 and name only the kind of error."""
        log.warning("http-refused", error=type(exc).__name__)
        with suppress(OSError):
            client.sendall(_ANSWER)


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
