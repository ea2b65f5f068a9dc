"""What every key is for, whether it is in use, and which rows name it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Table, TextClause, func, select, true

from cds_service.ledger.database import Database, Tx
from cds_service.ledger.key_rings import VaultKeys
from cds_service.ledger.subject_keys import FORGOTTEN
from cds_service.ledger.tables import vault_export, vault_item, vault_key, vault_subject
from cds_service.ledger.tables.vault import SEALED_WITH_THE_FILE


class Purpose(StrEnum):
    """What the keys of a ring are for; ``master`` is the one of the second file."""

    SEALING = "sealing"
    INDEX = "index"
    SIGNING = "signing"
    HASHING = "hashing"
    MASTER = "master"


RINGS = (Purpose.SEALING, Purpose.INDEX, Purpose.SIGNING, Purpose.HASHING)
"""The purposes whose keys are in the key file."""


@dataclass(frozen=True, kw_only=True)
class KeyState:
    """One key. `secret`: whether the key itself is in the key file. `rows`: how many name it."""

    purpose: Purpose
    id: str
    active: bool
    secret: bool
    rows: int


def states(database: Database, keys: VaultKeys) -> tuple[KeyState, ...]:
    """Every key of the file, and every key that rows name and the file does not have."""
    with database.transaction(write=False) as tx:
        named: Mapping[Purpose, Mapping[str, int]] = {Purpose.SEALING: _sealing(tx), Purpose.INDEX: _index(tx)}
    found: list[KeyState] = []
    for purpose in RINGS:
        ring, rows = keys.ring(purpose.value), named.get(purpose, {})
        found += [
            KeyState(
                purpose=purpose, id=name, active=name == ring.active, secret=name in ring.keys, rows=rows.get(name, 0)
            )
            for name in dict.fromkeys((*ring.keys, *rows))
        ]
    found += [KeyState(purpose=Purpose.SIGNING, id=name, active=False, secret=False, rows=0) for name in keys.verifying]
    return tuple(found)


def is_named(tx: Tx, state: KeyState) -> bool:
    """Whether a row names the key now."""
    if state.purpose is Purpose.INDEX:
        found = select(vault_subject.c.subject).where(vault_subject.c.index_key == state.id).limit(1)
        return tx.execute(found).first() is not None
    if state.purpose is not Purpose.SEALING:
        return False
    return any(
        tx.execute(select(table.c.sealing_key).where(where, table.c.sealing_key == state.id).limit(1)).first()
        for table, where in _SEALED
    )


def _sealing(tx: Tx) -> dict[str, int]:
    total: dict[str, int] = {}
    for table, where in _SEALED:
        counted = select(table.c.sealing_key, func.count()).where(where).group_by(table.c.sealing_key)
        for name, rows in tx.execute(counted):
            total[name] = total.get(name, 0) + rows
    return total


def _index(tx: Tx) -> dict[str, int]:
    counted = select(vault_subject.c.index_key, func.count()).where(vault_subject.c.index_key != FORGOTTEN)
    return dict(tuple(row) for row in tx.execute(counted.group_by(vault_subject.c.index_key)))


_SEALED: tuple[tuple[Table, ColumnElement[bool] | TextClause], ...] = (
    (vault_key, true()),
    (vault_subject, SEALED_WITH_THE_FILE),
    (vault_item, SEALED_WITH_THE_FILE),
    (vault_export, SEALED_WITH_THE_FILE),
)
"""The tables whose rows name sealing keys, each with the condition under which its index serves."""
