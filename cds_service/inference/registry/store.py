"""The registry: adapters in a folder, and in the database which there are and which one serves.

The database alone says what is true: an adapter is in the registry when it has a row, and the newest row of `promotion`
says which one serves. Both are written in one transaction with the audit event of the act, so an interruption at any
moment leaves the state before or the state after. A folder without a row is what an interrupted `add` left; nothing
reads it, and the same `add` takes its place.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping, insert, select

from cds_service.errors import StoreError
from cds_service.inference.registry.errors import AdapterRefused, PromotionRefused, RegistryError
from cds_service.inference.registry.manifest import CARD, Adapter, read_adapter
from cds_service.inference.registry.pack import Packing, pack, to_disk
from cds_service.ledger import audit
from cds_service.ledger.audit import AuditEvent, EventKind, Outcome, Scalar
from cds_service.ledger.database import Database, Tx
from cds_service.ledger.tables import adapter as adapter_table
from cds_service.ledger.tables import promotion as promotion_table

_CHANGED = "another promotion or rollback came between: look at `cds-service model list` and try again"
_AGAIN = (
    "add it again from where it came, with the same figures, or run `cds-service prepare` if it came with the service"
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An adapter of the registry. `digest`: of its manifest; `identity`: of what it does to its base."""

    id: str
    digest: str
    identity: str
    added_at: datetime

    @property
    def folder_name(self) -> str:
        """The name of its folder: the same id added with another evaluation has another folder."""
        return f"{self.id}-{self.digest[:12]}"


@dataclass(frozen=True, kw_only=True)
class Head:
    """What serves since the newest promotion: `entry` None is the model alone. `seq` 0: nothing was ever promoted.

    `back_to`: the promotion that a rollback restores, None for the model alone.
    """

    seq: int
    entry: Entry | None
    back_to: int | None


class Registry:
    """Adapters under `folder`, known to `database`. Raises StoreError where the database refuses."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder

    # -- reading ---------------------------------------------------------------------------------------------------

    def all(self) -> tuple[Entry, ...]:
        """Every adapter, newest first."""
        with self._database.transaction(write=False) as tx:
            rows = tx.execute(select(adapter_table).order_by(adapter_table.c.added_at.desc())).mappings()
            return tuple(_entry(row) for row in rows)

    def find(self, adapter_id: str) -> Entry:
        """The newest adapter of that id. Raises RegistryError."""
        found = next((entry for entry in self.all() if entry.id == adapter_id), None)
        if found is None:
            raise RegistryError("the registry has no adapter of that id: see `cds-service model list`")
        return found

    def folder_of(self, entry: Entry) -> Path:
        """Where the files of `entry` lie."""
        return self._folder / entry.folder_name

    def read(self, entry: Entry) -> Adapter:
        """The adapter of `entry`, every hash checked against the database. Raises AdapterRefused."""
        try:
            adapter = read_adapter(self.folder_of(entry))
        except AdapterRefused as refused:
            raise AdapterRefused(f"adapter {entry.id}: {refused}; {_AGAIN}") from None
        if adapter.digest != entry.digest:
            raise AdapterRefused(f"adapter {entry.id} is not the one that was added: {_AGAIN}")
        return adapter

    def is_whole(self, entry: Entry) -> bool:
        """Whether the files of `entry` are there as they were added."""
        try:
            self.read(entry)
        except AdapterRefused:
            return False
        return True

    def head(self) -> Head:
        """What serves."""
        with self._database.transaction(write=False) as tx:
            return _head(tx)

    def was_judged(self, identity: str) -> bool:
        """Whether the newest promotion, made or refused, was about the adapter of that identity."""
        with self._database.transaction(write=False) as tx:
            newest = audit.newest(tx, EventKind.MODEL_PROMOTE)
        return newest is not None and newest.get("identity") == identity

    # -- acts ------------------------------------------------------------------------------------------------------

    def add(self, source: Path, packing: Packing, *, actor: str) -> Adapter:
        """Take a run's or an adapter's folder into the registry. Nothing is changed when it fails.

        One that is in the registry already, and whose files are damaged or missing, gets them back. Raises
        AdapterRefused, RegistryError.
        """
        aside = self._folder / f".adding-{secrets.token_hex(4)}"
        try:
            made = pack(source, aside, packing)
            manifest = made.manifest
            entry = Entry(id=manifest.id, digest=made.digest, identity=manifest.identity, added_at=packing.now)
            restored = self._is_known(made, entry)
            target = self.folder_of(entry)
            detail = _named(entry, data=manifest.data) | ({"restored": True} if restored else {})
            event = AuditEvent(kind=EventKind.MODEL_ADD, actor=actor, detail=detail)
            with self._database.transaction() as tx:
                if not restored:
                    tx.execute(insert(adapter_table), [_row(entry)])
                audit.append(tx, [event], now=packing.now)
                shutil.rmtree(target, ignore_errors=True)  # damaged, or without a row: left by an interrupted `add`
                aside.replace(target)
                to_disk(self._folder)
            return Adapter(folder=target, manifest=manifest, digest=made.digest)
        except OSError:
            raise RegistryError("the registry's folder cannot be written: check CDS_DATA_DIR") from None
        finally:
            shutil.rmtree(aside, ignore_errors=True)

    def promote(self, entry: Entry, *, since: Head, reason: str, details: Mapping[str, Scalar], now: datetime,
                actor: str) -> None:  # fmt: skip
        """Let `entry` serve. `since`: what served when it was judged. Raises PromotionRefused when that changed."""
        event = AuditEvent(
            kind=EventKind.MODEL_PROMOTE, actor=actor, detail={**_named(entry), "reason": reason, **details}
        )
        with self._database.transaction() as tx:
            self._move(tx, since=since, entry=entry, back_to=since.seq or None, now=now)
            audit.append(tx, [event], now=now)

    def refuse(self, entry: Entry, *, reason: str, details: Mapping[str, Scalar], now: datetime, actor: str) -> None:
        """Write down that `entry` was not let serve, and why."""
        event = AuditEvent(
            kind=EventKind.MODEL_PROMOTE,
            actor=actor,
            outcome=Outcome.REFUSED,
            detail={**_named(entry), "reason": reason, **details},
        )
        with self._database.transaction() as tx:
            audit.append(tx, [event], now=now)

    def rollback(self, *, reason: str, now: datetime, actor: str) -> Entry | None:
        """Let serve again what served before the newest promotion; returns it, None for the model alone.

        Raises PromotionRefused when nothing was promoted, AdapterRefused when the files of what served before are not
        whole: what serves stays then.
        """
        since = self.head()
        if since.entry is None:
            raise PromotionRefused("no adapter serves, so there is nothing to go back from")
        before = Head(seq=0, entry=None, back_to=None) if since.back_to is None else self._at(since.back_to)
        if before.entry is not None:
            self.read(before.entry)
        detail = {"from": since.entry.id, "to": before.entry.id if before.entry else "none", "reason": reason}
        with self._database.transaction() as tx:
            self._move(tx, since=since, entry=before.entry, back_to=before.back_to, now=now)
            audit.append(tx, [AuditEvent(kind=EventKind.MODEL_ROLLBACK, actor=actor, detail=detail)], now=now)
        return before.entry

    # -- parts -----------------------------------------------------------------------------------------------------

    def _is_known(self, made: Adapter, entry: Entry) -> bool:
        """Whether the registry has `made` without its files. Raises RegistryError when it may not be added."""
        for known in self.all():
            if known.id != entry.id:
                continue
            if known.identity != entry.identity:
                raise RegistryError("another adapter has that id: give this one a name of its own with --id")
            try:
                same = _content(self.read(known)) == _content(made)
            except AdapterRefused:
                if known.digest == entry.digest:
                    return True
                continue
            if same:
                raise RegistryError("this very adapter is in the registry already")
        return False

    def _at(self, seq: int) -> Head:
        with self._database.transaction(write=False) as tx:
            return _head(tx, seq)

    def _move(self, tx: Tx, *, since: Head, entry: Entry | None, back_to: int | None, now: datetime) -> None:
        if _head(tx) != since:
            raise PromotionRefused(_CHANGED)
        row = {
            "seq": since.seq + 1,
            "adapter": entry.digest if entry else None,
            "back_to": back_to,
            "made_at": now,
        }
        tx.execute(insert(promotion_table), [row])


def _head(tx: Tx, seq: int | None = None) -> Head:
    """The newest promotion, or that of number `seq`."""
    statement = (
        select(promotion_table.c.seq, promotion_table.c.back_to, adapter_table)
        .outerjoin(adapter_table, adapter_table.c.digest == promotion_table.c.adapter)
        .order_by(promotion_table.c.seq.desc())
        .limit(1)
    )
    row = tx.execute(statement if seq is None else statement.where(promotion_table.c.seq == seq)).mappings().first()
    if row is None:
        if seq is not None:
            raise StoreError("the database lost a promotion that it names")
        return Head(seq=0, entry=None, back_to=None)
    return Head(seq=row["seq"], entry=_entry(row) if row["digest"] else None, back_to=row["back_to"])


def _content(adapter: Adapter) -> tuple[object, ...]:
    """What makes an adapter another one than it was: not when it was made, nor the card, which tells the time."""
    manifest = adapter.manifest
    return {**manifest.files, CARD: ""}, manifest.may_raise


def _entry(row: RowMapping) -> Entry:
    return Entry(id=row["id"], digest=row["digest"], identity=row["identity"], added_at=row["added_at"])


def _row(entry: Entry) -> dict[str, Any]:
    return {"digest": entry.digest, "id": entry.id, "identity": entry.identity, "added_at": entry.added_at}


def _named(entry: Entry, **more: Scalar) -> dict[str, Scalar]:
    return {"adapter": entry.id, "digest": entry.digest, "identity": entry.identity, **more}
