"""The data key of each subject: made once, found for every value, deleted to forget the subject.

A value without a subject (the comment on an answer of nobody we know) is sealed with a key of the key file directly: a
data key of its own would lie in a row beside it and be deleted by the same statement, so it would protect nothing more.
Rotation seals such values anew, as it does with values from before there were data keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, and_, bindparam, delete, exists, insert, or_, select, update

from cds_service.ledger import envelope
from cds_service.ledger.database import Tx
from cds_service.ledger.envelope import DATA_KEY, SealingKey, file_key, named_file_key
from cds_service.ledger.errors import VaultError
from cds_service.ledger.key_rings import KeySource, VaultKeys
from cds_service.ledger.tables import vault_export, vault_item, vault_key, vault_subject

FORGOTTEN = "forgotten"
"""Stands for the index key and the sealing key of a subject that was forgotten."""

PERSON = "person"


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What was deleted of one subject: its data key and person (0 or 1 each), its sealed items and export links."""

    keys: int
    person: int
    items: int
    links: int


class SubjectKeys:
    """Seals and opens values with the data keys of their subjects. Every method takes the caller's transaction."""

    def __init__(self, source: KeySource) -> None:
        self.source = source

    def seal(
        self, tx: Tx, kind: str, row_id: str, subject: str | None, payload: Mapping[str, Any], now: datetime
    ) -> dict[str, Any]:
        """`payload` sealed for `subject`, as the columns `sealing_key`, `nonce`, `sealed`. Raises VaultError.

        Called in the write transaction that stores the value: so nothing is sealed with the key of a subject who is
        being forgotten, or with a sealing key that was replaced.
        """
        return envelope.seal(self._to_seal(tx, subject, now), kind, row_id, subject, payload)

    def unseal(self, tx: Tx, kind: str, row_id: str, subject: str | None, row: RowMapping) -> dict[str, Any]:
        """The payload in `row`. Raises VaultError when it was altered, or its key is gone."""
        return envelope.unseal(self._to_open(tx, subject, row["sealing_key"]), kind, row_id, subject, row)

    def mint(self, tx: Tx, subject: str, person: Mapping[str, Any], row: Mapping[str, Any], now: datetime) -> None:
        """Add `subject` as `row` of `vault_subject`, with a data key of its own that seals who it is."""
        key = envelope.new_data_key()
        tx.execute(insert(vault_subject), {**row, **envelope.seal(key, PERSON, subject, subject, person)})
        self._keep(tx, subject, key, now)

    def rewrap(self, tx: Tx, row: RowMapping) -> None:
        """Seal the data key in `row` (of `vault_key`) with the sealing key in use. Raises VaultError."""
        subject = row["subject"]
        wrapped = envelope.wrap(file_key(self.source.current()), self._unwrapped(subject, row), subject)
        tx.execute(update(vault_key).where(vault_key.c.subject == subject).values(wrapped))

    def _to_seal(self, tx: Tx, subject: str | None, now: datetime) -> SealingKey:
        if subject is None:
            return file_key(self.source.current())
        row = _row(tx, subject)
        if row is not None:
            return self._unwrapped(subject, row)
        index_key = select(vault_subject.c.index_key).where(vault_subject.c.subject == subject)
        if tx.execute(index_key).scalar() in (None, FORGOTTEN):
            raise VaultError("the vault has no such subject")
        made = envelope.new_data_key()
        self._keep(tx, subject, made, now)
        return made

    def _to_open(self, tx: Tx, subject: str | None, name: str) -> SealingKey:
        if not name.startswith(DATA_KEY):
            return named_file_key(self.source, name)
        row = None if subject is None else _row(tx, subject)
        if subject is None or row is None or row["id"] != name:
            raise VaultError("a sealed value was altered, or its data key is gone")
        return self._unwrapped(subject, row)

    def _unwrapped(self, subject: str, row: RowMapping) -> SealingKey:
        return envelope.unwrap(named_file_key(self.source, row["sealing_key"]), row["id"], subject, row)

    def _keep(self, tx: Tx, subject: str, key: SealingKey, now: datetime) -> None:
        wrapped = envelope.wrap(file_key(self.source.current()), key, subject)
        tx.execute(insert(vault_key), {"subject": subject, "id": key.id, "created_at": now} | wrapped)


def forget(tx: Tx, subject: str, now: datetime) -> Forgotten:
    """Delete data key, items and export links of `subject`, and empty its row in `vault_subject`."""
    keys, items, links = (
        tx.execute(delete(table).where(table.c.subject == subject)).rowcount
        for table in (vault_key, vault_item, vault_export)
    )
    known = (vault_subject.c.subject == subject, vault_subject.c.index_key != FORGOTTEN)
    person = tx.execute(update(vault_subject).where(*known).values(_emptied(subject, now))).rowcount
    return Forgotten(keys=keys, person=person, items=items, links=links)


def names_others(tx: Tx, keys: VaultKeys) -> bool:
    """Whether a row of `vault_subject` or `vault_key` names a key that is not one of `keys`."""
    ranges = (
        *_beside(vault_subject.c.index_key, (*keys.index.keys, FORGOTTEN)),
        *_beside(vault_key.c.sealing_key, keys.sealing.keys),
    )
    return bool(tx.execute(select(or_(*(exists().where(between) for between in ranges)))).scalar())


def _beside(column: ColumnElement[str], names: Iterable[str]) -> list[ColumnElement[bool]]:
    """The ranges between `names`: each one step into the index; "not one of them" would walk through all of it."""
    ordered = sorted(names)
    inner = [and_(column > low, column < high) for low, high in pairwise(ordered)]
    return [column < ordered[0], *inner, column > ordered[-1]]


def _emptied(subject: str, now: datetime) -> dict[str, Any]:
    """A row that others may point at, and that says nothing: not even when the person was first seen."""
    return {
        "index_key": FORGOTTEN,
        "blind_index": subject,
        "sealing_key": FORGOTTEN,
        "nonce": b"",
        "sealed": b"",
        "created_at": now,
    }


def _row(tx: Tx, subject: str) -> RowMapping | None:
    return tx.execute(_OF_SUBJECT, {"subject": subject}).mappings().one_or_none()


_OF_SUBJECT = select(vault_key.c.id, vault_key.c.sealing_key, vault_key.c.nonce, vault_key.c.sealed).where(
    vault_key.c.subject == bindparam("subject")
)
"""Made once: every hook call asks it."""
