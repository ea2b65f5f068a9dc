"""Destroying keys that nothing needs.

As long as a retired sealing key is in the key file, an old copy of the database opens with it, and so does what was
forgotten since. Destroying it ends that, for every copy at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from cds_service.ledger import envelope
from cds_service.ledger.audit import AuditEvent, EventKind, append
from cds_service.ledger.database import Database
from cds_service.ledger.envelope import named_file_key
from cds_service.ledger.errors import VaultError
from cds_service.ledger.key_rings import VaultKeys, public_key
from cds_service.ledger.key_states import RINGS, KeyState, Purpose, is_named, states
from cds_service.ledger.keys import KeyFile
from cds_service.ledger.tables import vault_key

_PAGE = 1000


@dataclass(frozen=True, kw_only=True)
class Retired:
    """The keys that were destroyed, and the retired ones that rows still need."""

    destroyed: tuple[KeyState, ...]
    needed: tuple[KeyState, ...]


def retire(database: Database, file: KeyFile, *, clock: Callable[[], datetime], actor: str) -> Retired:
    """Destroy every retired key that no row names. The public key of a seed stays, so that old signatures verify.

    Each key is named in the audit trail before it goes. Raises ConfigurationError when the file cannot be written: then
    it is as it was.
    """
    old = [state for state in states(database, file.read()) if state.secret and not state.active]
    free = [state for state in old if not state.rows]
    if not free:
        return Retired(destroyed=(), needed=tuple(old))
    with database.transaction() as tx:
        append(tx, [_event("retire", state, actor) for state in free], now=clock())
    with database.transaction() as tx:  # under the writer's lock nobody can come to need one of them
        gone = tuple(state for state in free if not is_named(tx, state))
        append(tx, [_event("retired", state, actor) for state in gone], now=clock())
        file.change(lambda keys: _without(keys, gone))
    return Retired(destroyed=gone, needed=tuple(state for state in old if state not in gone))


def broken_data_keys(database: Database, file: KeyFile) -> int:
    """How many data keys do not open with the key file: what they sealed is lost unless the right file comes back."""
    broken, after = 0, ""
    while True:
        wanted = select(vault_key).where(vault_key.c.subject > after).order_by(vault_key.c.subject).limit(_PAGE)
        with database.transaction(write=False) as tx:
            rows = tx.execute(wanted).mappings().all()
        for row in rows:
            try:
                envelope.unwrap(named_file_key(file, row["sealing_key"]), row["id"], row["subject"], row)
            except VaultError:
                broken += 1
        if not rows:
            return broken
        after = rows[-1]["subject"]


def _without(keys: VaultKeys, gone: Iterable[KeyState]) -> VaultKeys:
    names = {purpose: frozenset(s.id for s in gone if s.purpose is purpose) for purpose in RINGS}
    seeds = {name: public_key(keys.signing.keys[name]) for name in names[Purpose.SIGNING]}
    for purpose in RINGS:
        keys = keys.with_ring(purpose.value, keys.ring(purpose.value).without(names[purpose]))
    return replace(keys, verifying={**keys.verifying, **seeds})


def _event(act: str, state: KeyState, actor: str) -> AuditEvent:
    detail = {"act": act, "purpose": state.purpose.value, "key": state.id}
    return AuditEvent(kind=EventKind.KEY, actor=actor, detail=detail)
