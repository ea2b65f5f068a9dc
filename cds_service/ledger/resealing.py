"""What a new key has to take over, table by table: which rows, and how one row is moved.

Rows are looked for without the writer's lock, and moved under it in short transactions, each row looked at again first:
meanwhile it may have been moved, deleted or forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, RowMapping, Table, and_, func, or_, select, tuple_, update

from cds_service.ledger.blind_index import blind_index
from cds_service.ledger.database import Database, Tx
from cds_service.ledger.export_links import EXPORT
from cds_service.ledger.key_rings import KeySource
from cds_service.ledger.subject_keys import FORGOTTEN, PERSON, SubjectKeys
from cds_service.ledger.tables import vault_export, vault_item, vault_key, vault_subject
from cds_service.ledger.tables.vault import SEALED_WITH_THE_FILE

Keys = tuple[str, ...]
"""The primary key of one row."""


PAGES_A_LOOK = 50
"""Pages that one look finds: a look may have to walk through every row that is still to be moved."""


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One table's part. `move`: moves one row, raises VaultError when it does not open."""

    table: Table
    old: ColumnElement[bool]
    move: Callable[[Tx, RowMapping, datetime], None]

    def pages(self, database: Database, size: int) -> Iterator[list[Keys]]:
        """The primary keys of the rows to move, at most `size` at a time, in order: each row once."""
        columns = self._primary()
        after: Keys | None = None
        while True:
            wanted = select(*columns).where(self.old).order_by(*columns).limit(size * PAGES_A_LOOK)
            if after is not None:
                wanted = wanted.where(tuple_(*columns) > after)
            with database.transaction(write=False) as tx:
                found = [tuple(row) for row in tx.execute(wanted)]
            if not found:
                return
            yield from (found[start : start + size] for start in range(0, len(found), size))
            after = found[-1]

    def count(self, database: Database) -> int:
        """How many rows there are to move."""
        with database.transaction(write=False) as tx:
            return tx.execute(select(func.count()).select_from(self.table).where(self.old)).scalar_one()

    def rows(self, tx: Tx, page: list[Keys]) -> list[RowMapping]:
        """The rows of `page` that are still to be moved."""
        wanted = select(self.table).where(tuple_(*self._primary()).in_(page), self.old)
        return list(tx.execute(wanted).mappings())

    def _primary(self) -> list[Column[Any]]:
        return list(self.table.primary_key.columns)


def sealing_passes(source: KeySource) -> tuple[Pass, ...]:
    """Seal every data key with the sealing key in use, and every value that a file's key sealed as is right today."""
    keys = SubjectKeys(source)
    active = source.current().sealing.active

    def rewrap(tx: Tx, row: RowMapping, _: datetime) -> None:
        keys.rewrap(tx, row)

    def person(tx: Tx, row: RowMapping, now: datetime) -> None:
        subject = row["subject"]
        opened = keys.unseal(tx, PERSON, subject, subject, row)
        sealed = keys.seal(tx, PERSON, subject, subject, opened, now)
        tx.execute(update(vault_subject).where(vault_subject.c.subject == subject).values(sealed))

    def item(tx: Tx, row: RowMapping, now: datetime) -> None:
        opened = keys.unseal(tx, row["kind"], row["id"], row["subject"], row)
        sealed = keys.seal(tx, row["kind"], row["id"], row["subject"], opened, now)
        tx.execute(update(vault_item).where(vault_item.c.id == row["id"]).values(sealed))

    def link(tx: Tx, row: RowMapping, now: datetime) -> None:
        export, subject = row["export"], row["subject"]
        opened = keys.unseal(tx, EXPORT, export, subject, row)
        sealed = keys.seal(tx, EXPORT, export, subject, opened, now)
        at = (vault_export.c.export == export, vault_export.c.subject == subject)
        tx.execute(update(vault_export).where(*at).values(sealed))

    of_somebody = or_(vault_item.c.subject.is_not(None), vault_item.c.sealing_key != active)
    return (
        Pass(table=vault_key, old=vault_key.c.sealing_key != active, move=rewrap),
        Pass(table=vault_subject, old=and_(SEALED_WITH_THE_FILE), move=person),
        Pass(table=vault_item, old=and_(SEALED_WITH_THE_FILE, of_somebody), move=item),
        Pass(table=vault_export, old=and_(SEALED_WITH_THE_FILE), move=link),
    )


def index_passes(source: KeySource) -> tuple[Pass, ...]:
    """Find every person by the index key in use: who it is has to be opened for that."""
    keys = SubjectKeys(source)
    active = source.current().index.active

    def rehash(tx: Tx, row: RowMapping, _: datetime) -> None:
        subject, ring = row["subject"], source.current().index
        person = keys.unseal(tx, PERSON, subject, subject, row)
        found_by = {"index_key": ring.active, "blind_index": blind_index(ring.key, **person)}
        tx.execute(update(vault_subject).where(vault_subject.c.subject == subject).values(found_by))

    return (Pass(table=vault_subject, old=vault_subject.c.index_key.not_in((active, FORGOTTEN)), move=rehash),)
