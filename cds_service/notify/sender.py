"""What a channel must do, and what a reply over HTTP says about a try."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cds_service.errors import ConfigurationError
from cds_service.notify.values import Message, NotSent
from cds_service.outbound import OutboundFailed, OutboundRefused, Reply

MAX_REPLY_BYTES = 1_000_000
_PASSING = frozenset({401, 408, 409, 425, 429})
"""Refusals that another try may not meet (RFC 9110, 8470, 6585): a token that ran out, a message still being taken."""


class Sender(Protocol):
    """One channel. Safe to call from one thread at a time."""

    def send(self, message: Message, *, now: datetime, deadline: float) -> str | None:
        """Send by `deadline` (`time.monotonic()`). A code, when not all recipients were reached. Raises NotSent."""
        ...


def asked(ask: Callable[[], Reply]) -> Reply:
    """The reply of a successful request. Raises NotSent, final for what the other side will refuse again."""
    try:
        reply = ask()
    except OutboundRefused:
        raise NotSent("address-refused", final=True) from None
    except OutboundFailed as error:
        raise NotSent(error.code) from None
    if not 200 <= reply.status < 300:
        final = 400 <= reply.status < 500 and reply.status not in _PASSING
        raise NotSent(f"http-{reply.status}", final=final)
    return reply


def read_secret(path: Path) -> str:
    """The text of a file that the operator keeps. Raises ConfigurationError that names it and quotes nothing."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"CDS_NOTIFY_FILE: {path} cannot be read") from None
    if not text:
        raise ConfigurationError(f"CDS_NOTIFY_FILE: {path} is empty")
    return text
