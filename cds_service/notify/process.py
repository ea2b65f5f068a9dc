"""The process that tells physicians: a lane for each channel, and a look for what is due every second.

A lane is a thread of its own, so that a channel that hangs holds up no other. One that fails several times in a row is
left alone for a while, and then asked with one message before the rest follows.
"""

from __future__ import annotations

import os
import secrets
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import FrameType

import structlog

from cds_service.errors import ConfigurationError, StoreError
from cds_service.ledger.database import Database, open_database
from cds_service.notify.channels import Channel, EmailChannel, WebhookChannel
from cds_service.notify.deliveries import Deliveries, Held
from cds_service.notify.escalation import Escalation
from cds_service.notify.fhir import FhirWriter
from cds_service.notify.mail import Mail
from cds_service.notify.outbox import Outbox
from cds_service.notify.sender import Sender
from cds_service.notify.values import NotSent
from cds_service.notify.webhook import Webhook
from cds_service.outbound import Outbound
from cds_service.review.stranded import settle
from cds_service.settings import Settings

log = structlog.get_logger()

LOOK_S = 1.0
IDLE_S = 0.2
STORE_RETRY_S = 0.5
FAILURES = 3
PAUSE_S = 20.0
"""After so many failures in a row a channel is left alone for so many seconds."""

CRASHED = "crashed"


def run(settings: Settings) -> None:
    """Tell what is due until SIGTERM or SIGINT. Raises ConfigurationError when a channel cannot be used."""
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, ask_to_stop)
    Notifier(open_database(settings.database), settings, now=lambda: datetime.now(UTC)).run(stop)


def open_senders(channels: tuple[Channel, ...], settings: Settings) -> dict[str, Sender]:
    """A sender for each channel, by name. Raises ConfigurationError when a secret cannot be used."""
    try:
        outbound = Outbound(ca_file=settings.ca_file)
    except OSError:
        raise ConfigurationError(f"CDS_CA_FILE: {settings.ca_file} holds no certificates that can be read") from None
    return {channel.name: _sender(channel, outbound) for channel in channels}


def _sender(channel: Channel, outbound: Outbound) -> Sender:
    if isinstance(channel, EmailChannel):
        return Mail(channel, outbound)
    if isinstance(channel, WebhookChannel):
        return Webhook(channel, outbound)
    return FhirWriter(channel, outbound)


class Notifier:
    """One notifying process. Several may run: a delivery is leased to one, a level is told once."""

    def __init__(self, database: Database, settings: Settings, *, now: Callable[[], datetime]) -> None:
        self.id = f"notify:{os.getpid()}-{secrets.token_hex(4)}"
        outbox = Outbox(database, settings=settings)
        self._senders = open_senders(outbox.channels, settings)
        self._database = database
        self._now = now
        self._timeout_s = settings.notify_timeout_s
        self._escalation = Escalation(database, outbox)
        self._deliveries = Deliveries(
            actor=self.id,
            lease_s=2 * settings.notify_timeout_s,
            attempts=settings.notify_attempts,
            give_up=timedelta(minutes=settings.notify_give_up_minutes),
            link=lambda case_id: f"{settings.external_url}/review/cases/{case_id}",
        )

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set. A message in hand is finished first."""
        log.info("notify-ready", process=self.id, channels=sorted(self._senders))
        lanes = [
            threading.Thread(target=self._lane, args=(name, sender, stop), name=f"lane-{name}", daemon=True)
            for name, sender in self._senders.items()
        ]
        for lane in lanes:
            lane.start()
        while not stop.is_set():
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - a lost database must not end the process
                log.error("notify-look-failed", error=type(error).__name__)
            stop.wait(LOOK_S)
        for lane in lanes:
            lane.join(timeout=2 * self._timeout_s)

    def look(self) -> None:
        """Tell the cases that are due, and give up what waits on a channel that is gone. Raises StoreError.

        Cases whose draft will not come are told so on the way: nobody else looks at the clock.
        """
        now, listed = self._now(), frozenset(self._senders)
        settle(self._database, now)
        self._escalation.look(now)
        with self._database.transaction(write=False) as tx:
            strays = self._deliveries.has_strays(tx, listed)
        if strays:
            with self._database.transaction() as tx:
                self._deliveries.give_up_strays(tx, listed, now)

    def _lane(self, name: str, sender: Sender, stop: threading.Event) -> None:
        failures = 0
        while not stop.is_set():
            try:
                held = self._take(name)
                if held is None:
                    stop.wait(IDLE_S)
                    continue
                failures = 0 if self._deliver(name, sender, held, stop) else failures + 1
            except Exception as error:  # noqa: BLE001 - one bad message or a lost database must not end the lane
                log.error("notify-store-failed", channel=name, error=type(error).__name__)
                stop.wait(STORE_RETRY_S)
            if failures >= FAILURES:
                log.warning("channel-paused", channel=name, failures=failures)
                stop.wait(PAUSE_S)

    def _take(self, name: str) -> Held | None:
        now = self._now()
        with self._database.transaction(write=False) as tx:
            if not self._deliveries.claimable(tx, name, now):
                return None
        with self._database.transaction() as tx:
            return self._deliveries.claim(tx, name, now)

    def _deliver(self, name: str, sender: Sender, held: Held, stop: threading.Event) -> bool:
        """Send and mark. Returns whether the channel answered as it should."""
        error, problem = None, None
        try:
            problem = sender.send(held.message, now=self._now(), deadline=time.monotonic() + self._timeout_s)
        except NotSent as failed:
            error = failed
        except Exception as failed:  # noqa: BLE001 - what a server answers may break a library in any way
            log.error("notification-crashed", channel=name, message=held.id, error=type(failed).__name__)
            error = NotSent(CRASHED)
        code = error.code if error else problem
        log.info("notification-tried", channel=name, message=held.id, sent=error is None, problem=code)
        while not self._mark(name, held, error, problem) and not stop.is_set():
            stop.wait(STORE_RETRY_S)
        return error is None or error.final

    def _mark(self, name: str, held: Held, error: NotSent | None, problem: str | None) -> bool:
        """Write what became of it. False when the database refused; a lease that was lost is another's to mark."""
        now = self._now()
        try:
            with self._database.transaction() as tx:
                if error is None:
                    kept = self._deliveries.sent(tx, held, now, problem=problem)
                else:
                    kept = self._deliveries.failed(tx, held, now, error)
                    if not error.final:
                        self._deliveries.give_up_old(tx, name, now)
        except StoreError:
            log.warning("notification-not-marked", channel=name, message=held.id)
            return False
        if not kept:
            log.warning("lease-lost", message=held.id)
        return True
