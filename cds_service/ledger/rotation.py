"""New keys for old, while the service runs.

A rotation is: an event that names the key to come, the key in the key file, the rows in short transactions, and an
event that it is done. Killed at any point, nothing is lost: every row names the key that it needs, that key is in the
file until `retirement.retire` has seen that no row names it, and another call goes on from the event that has no end.

Running processes look at the key file in the transaction in which they write (`KeyFile.current`), and writers queue. So
once the new key is in the file and one write transaction has passed, nothing more is made with the old one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from cds_service.errors import ConfigurationError
from cds_service.ledger.audit import AuditEvent, EventKind, Scalar, append
from cds_service.ledger.database import Database
from cds_service.ledger.errors import VaultError
from cds_service.ledger.key_rings import KeySource, new_key_id
from cds_service.ledger.key_states import Purpose, states
from cds_service.ledger.keys import KeyFile
from cds_service.ledger.resealing import Keys, Pass, index_passes, sealing_passes
from cds_service.ledger.tables import audit_event

BATCH = 200
"""Rows moved in one transaction: a few hundredths of a second under the writer's lock."""

MIN_PAUSE_S = 0.01


PASSES: Mapping[Purpose, Callable[[KeySource], tuple[Pass, ...]]] = {
    Purpose.SEALING: sealing_passes,
    Purpose.INDEX: index_passes,
}
"""The rows of the purposes that have rows."""


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """What came of a rotation: its key, whether it was begun before, rows moved, and rows that did not open."""

    purpose: Purpose
    key: str
    resumed: bool
    moved: int
    failed: int


Show = Callable[[str, float], None]
"""Told what is rotated and how much of it is done, 0 to 1."""


def nobody(step: str, share: float) -> None:
    """Tells no one."""


class Rotation:
    """Rotates the keys of one key file over one database. `clock`: the time; `pause`: waits for seconds."""

    def __init__(
        self,
        database: Database,
        key_file: KeyFile,
        *,
        clock: Callable[[], datetime],
        actor: str,
        pause: Callable[[float], None] = time.sleep,
        batch: int = BATCH,
    ) -> None:
        self._database = database
        self._file = key_file
        self._clock = clock
        self._actor = actor
        self._pause = pause
        self._batch = batch

    def rotate(self, purpose: Purpose, show: Show = nobody) -> Rotated:
        """Bring in a new key for `purpose`, or end the rotation that was interrupted.

        Raises ConfigurationError (wrong key file, file not to be written) and StoreError; call again to go on.
        """
        begun, in_use = self._unfinished(purpose)
        self._check_file(purpose, begun if in_use else None)
        key = begun or new_key_id()
        if begun is None:
            self._note("rotate", purpose, key)
        self._bring_in(purpose, key)
        self._note("in-use", purpose, key)  # also the write transaction after which nothing is made with the old key
        passes = PASSES[purpose](self._file) if purpose in PASSES else ()
        total = sum(part.count(self._database) for part in passes)
        moved = failed = 0
        for part in passes:
            for page in part.pages(self._database, self._batch):
                did, did_not = self._move(part, page, purpose, key)
                moved, failed = moved + did, failed + did_not
                show(purpose.value, min(1.0, (moved + failed) / max(1, total)))
        show(purpose.value, 1.0)
        self._note("rotated", purpose, key, rows=moved, failed=failed)
        return Rotated(purpose=purpose, key=key, resumed=begun is not None, moved=moved, failed=failed)

    def unfinished(self, purpose: Purpose) -> str | None:
        """The key of a rotation of `purpose` that was begun and not ended, None when there is none."""
        return self._unfinished(purpose)[0]

    def _unfinished(self, purpose: Purpose) -> tuple[str | None, bool]:
        """The key of the unfinished rotation, and whether it is known to have been in use."""
        events = select(audit_event.c.detail).where(audit_event.c.kind == EventKind.KEY.value)
        in_use = False
        with self._database.transaction(write=False) as tx:
            for written in tx.execute(events.order_by(audit_event.c.seq.desc())).scalars():
                detail = json.loads(written)
                if detail["purpose"] != purpose.value:
                    continue
                if detail["act"] == "rotate":
                    return str(detail["key"]), in_use
                if detail["act"] in ("rotated", "unwrap"):
                    break
                in_use = in_use or detail["act"] == "in-use"
        return None, False

    def _check_file(self, purpose: Purpose, in_use: str | None) -> None:
        """Refuse a key file that is not the newest: a key made anew under a name in use would open nothing."""
        keys = self._file.read()
        if purpose is Purpose.MASTER and not self._file.has_master:
            raise ConfigurationError("there is no master key to rotate: CDS_MASTER_KEY_FILE is not set")
        if any(state.rows and not state.secret for state in states(self._database, keys)) or (
            purpose is not Purpose.MASTER and in_use not in (None, *keys.ring(purpose.value).keys)
        ):
            raise ConfigurationError("CDS_KEYS_FILE is not the newest key file of this database: restore it")

    def _bring_in(self, purpose: Purpose, key: str) -> None:
        if purpose is Purpose.MASTER:
            self._file.rotate_master(key)
        elif key not in self._file.read().ring(purpose.value).keys:
            self._file.change(lambda keys: keys.with_ring(purpose.value, keys.ring(purpose.value).rotated(key)))

    def _move(self, part: Pass, page: list[Keys], purpose: Purpose, key: str) -> tuple[int, int]:
        started, moved, failed = time.monotonic(), 0, 0
        with self._database.transaction() as tx:
            now = self._clock()
            for row in part.rows(tx, page):
                try:
                    part.move(tx, row, now)
                    moved += 1
                except VaultError:
                    failed += 1
            detail = _detail("moved", purpose, key, rows=moved, failed=failed, table=part.table.name)
            append(tx, [AuditEvent(kind=EventKind.KEY, actor=self._actor, detail=detail)], now=now)
        self._pause(max(MIN_PAUSE_S, time.monotonic() - started))  # the lock is not fair: let the service have it
        return moved, failed

    def _note(self, act: str, purpose: Purpose, key: str, **counts: int) -> None:
        event = AuditEvent(kind=EventKind.KEY, actor=self._actor, detail=_detail(act, purpose, key, **counts))
        with self._database.transaction() as tx:
            append(tx, [event], now=self._clock())


def _detail(act: str, purpose: Purpose, key: str, **more: Scalar) -> dict[str, Scalar]:
    return {"act": act, "purpose": purpose.value, "key": key, **more}
