"""A test message through one channel: what an operator sends before the clinic relies on it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from cds_service.domain import Priority
from cds_service.errors import ConfigurationError
from cds_service.ledger.audit import AuditEvent, EventKind, Outcome, append
from cds_service.ledger.database import Database
from cds_service.ledger.encoding import new_id
from cds_service.notify.channels import read_channels
from cds_service.notify.process import CRASHED, open_senders
from cds_service.notify.values import Message, NotSent
from cds_service.settings import Settings

CASE = "test"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How a test went. `problem`: a code, when it was not sent, or not to all."""

    sent: bool
    problem: str | None


class TrialMessage(Message):
    """Says that it is a test."""

    @property
    def title(self) -> str:
        """Fixed words."""
        return "Test: no patient waits"


def try_channel(database: Database, settings: Settings, name: str, now: datetime) -> Trial:
    """Send one test message, audited. Raises ConfigurationError when there is no such channel."""
    channels = tuple(channel for channel in read_channels(settings.notify_file) if channel.name == name)
    if not channels:
        raise ConfigurationError("CDS_NOTIFY_FILE has no channel of that name")
    sender = open_senders(channels, settings)[name]
    message = TrialMessage(
        key=new_id("msg"),
        case=CASE,
        priority=Priority.HIGH,
        level=channels[0].level,
        at=now,
        link=f"{settings.external_url}/review",
    )
    try:
        problem = sender.send(message, now=now, deadline=time.monotonic() + settings.notify_timeout_s)
        trial = Trial(sent=True, problem=problem)
    except NotSent as error:
        trial = Trial(sent=False, problem=error.code)
    except Exception:  # noqa: BLE001 - what a server answers may break a library in any way; its words are dropped
        trial = Trial(sent=False, problem=CRASHED)
    event = AuditEvent(
        kind=EventKind.NOTIFICATION,
        actor="operator",
        outcome=Outcome.SUCCESS if trial.sent else Outcome.FAILED,
        detail={"case": CASE, "message": message.key, "channel": name, "problem": trial.problem},
    )
    with database.transaction() as tx:
        append(tx, [event], now=now)
    return trial
