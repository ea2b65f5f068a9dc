"""Does what orders ask for: one at a time, with signs of life, stopped and taken up again at any moment.

The writer comes from a function, because what it needs (gate, embedder) is loaded only when there is work.
"""

from __future__ import annotations

import errno
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Protocol

import structlog

from cds_service.errors import ConfigurationError, StoreError
from cds_service.export.errors import ExportRefused, ExportStopped
from cds_service.export.orders import Orders
from cds_service.export.states import State
from cds_service.export.values import Approval, Order, Preview, Written
from cds_service.export.work import CRASHED, Held, LeaseLost

log = structlog.get_logger()

BEAT_S = 2.0
"""Seconds between signs of life, and until somebody's stop is noticed."""

DISK_FULL = "disk-full"
FOLDER = "folder-not-writable"
STORE = "database-refused"
CONFIGURATION = "configuration"
OTHER = "not-as-approved"

Show = Callable[[str, float], None]
"""Called with the name of a stage and how much of it is done, 0 to 1."""


class Writer(Protocol):
    """What makes previews and exports. All three read the stores; only `run` writes files."""

    def covers(self, seen: Preview, order: Order, now: datetime) -> bool:
        """Whether it would take no case that `seen` did not, by the same versions. Raises ExportRefused."""
        ...

    def preview(self, order: Order, *, now: datetime, actor: str) -> Preview:
        """Counts, sample rows, risk. Raises ExportRefused."""
        ...

    def run(
        self,
        order: Order,
        folder: Path,
        *,
        approvals: tuple[Approval, ...],
        now: datetime,
        actor: str,
        show: Show,
        stopped: Callable[[], bool],
    ) -> Written:
        """Write the export to `folder`, or go on with it. Raises ExportRefused, ExportStopped, OSError."""
        ...


class Runner:
    """One export process. Several may run: only one has work."""

    def __init__(
        self, orders: Orders, writer: Callable[[], Writer], *, now: Callable[[], datetime], beat_s: float = BEAT_S
    ) -> None:
        self.id = f"export:{os.getpid()}-{secrets.token_hex(4)}"
        self._orders = orders
        self._writer = writer
        self._now = now
        self._beat_s = beat_s

    def once(self, stop: threading.Event, *, show: Show | None = None) -> bool:
        """Take up one order and work on it; False when none waits. Raises StoreError."""
        if not self._orders.waiting(self._now()):
            return False
        held = self._orders.take(worker=self.id, now=self._now())
        if held is not None:
            self.work(held, stop, show=show)
        return held is not None

    def work(self, held: Held, stop: threading.Event, *, show: Show | None = None) -> None:
        """Preview or write what is in hand, and say what became of it. Raises StoreError."""
        log.info("export-begun", export=held.ordered.id, state=held.ordered.state.value)
        try:
            with suppress(LeaseLost):
                self._try(held, stop, show or _quiet)
        finally:
            log.info("export-left", export=held.ordered.id, state=self._orders.get(held.ordered.id).state.value)

    def _try(self, held: Held, stop: threading.Event, show: Show) -> None:
        try:
            with self._signs_of_life(held, stop, show) as signs:
                self._make(held, signs)
        except ExportStopped:
            self._orders.leave(held, now=self._now())
        except ExportRefused as refused:
            self._orders.end(held, State.FAILED, why=refused.reason, now=self._now())
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - one bad order must not end the process; a person lets it go on
            log.error("export-stopped", export=held.ordered.id, error=type(error).__name__)
            self._orders.end(held, State.STOPPED, why=_reason(error), now=self._now())

    def _make(self, held: Held, signs: _Signs) -> None:
        order = self._orders.order_of(held, now=self._now())
        signs.show("Loading the gate", 0.0)
        writer = self._writer()
        if held.ordered.state is State.PREVIEWING:
            signs.show("Making the preview", 0.0)
            preview = writer.preview(order, now=self._now(), actor=self.id)
            if signs.stopped():
                raise ExportStopped
            self._orders.previewed(held, order, preview, now=self._now())
            return
        seen = self._orders.seen(held, now=self._now())
        if seen is None or not writer.covers(seen, order, self._now()):
            self._orders.end(held, State.PREVIEWING, why=OTHER, now=self._now())
            return
        folder = self._orders.folder_of(held.ordered)
        written = writer.run(
            order,
            folder,
            approvals=held.ordered.approvals(),
            now=self._now(),
            actor=self.id,
            show=signs.show,
            stopped=signs.stopped,
        )
        self._orders.written(held, written, folder, now=self._now())

    @contextmanager
    def _signs_of_life(self, held: Held, stop: threading.Event, show: Show) -> Iterator[_Signs]:
        """Renew the lease in a thread while the block runs."""
        signs = _Signs(stop, show)

        def loop() -> None:
            while not signs.over.wait(self._beat_s):
                try:
                    going = self._orders.renew(held, stage=signs.stage, share=signs.share, now=self._now())
                except LeaseLost:
                    going = False
                except Exception as error:  # noqa: BLE001 - a sign of life that fails once must not be the last
                    log.warning("heartbeat-failed", error=type(error).__name__)
                    continue
                if not going:
                    signs.told.set()

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        try:
            yield signs
        finally:
            signs.over.set()
            thread.join()


class _Signs:
    """How far the work is, and whether it shall stop."""

    def __init__(self, stop: threading.Event, show: Show) -> None:
        self.stage, self.share = "", 0.0
        self.over = threading.Event()
        self.told = threading.Event()
        self._stop = stop
        self._show = show

    def show(self, stage: str, share: float) -> None:
        """Note it for the next sign of life, and show it."""
        self.stage, self.share = stage, share
        self._show(stage, share)

    def stopped(self) -> bool:
        """Whether the process or the order is to stop."""
        return self._stop.is_set() or self.told.is_set()


def _reason(error: Exception) -> str:
    """Why the work stopped, as a code."""
    if isinstance(error, OSError):
        return DISK_FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else FOLDER
    if isinstance(error, ConfigurationError):
        return CONFIGURATION
    return STORE if isinstance(error, StoreError) else CRASHED


def _quiet(_stage: str, _share: float) -> None:
    """Nobody looks."""
