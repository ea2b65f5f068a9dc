"""Which settings changed since the service last started: by name and keyed digest, never by value."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime

from sqlalchemy import select

from cds_service.ledger.audit import MAX_DETAIL_CHARS, AuditEvent, EventKind, Scalar, append
from cds_service.ledger.database import Tx, any_text
from cds_service.ledger.encoding import canonical_json
from cds_service.ledger.tables import audit_event
from cds_service.ledger.vault import Vault
from cds_service.settings import Settings

OPEN_LISTS = frozenset({"rules_off"})
"""Settings that hold ids of our own, which an auditor must see."""

DIGEST_CHARS = 16

_OPERATOR = "operator"


def noted_settings(tx: Tx) -> dict[str, str | None]:
    """By name of a setting, the digest that stood in its newest event; None: it has its default again."""
    events = (
        select(audit_event.c.detail)
        .where(audit_event.c.kind == EventKind.SETTING.value)
        .order_by(audit_event.c.kind, audit_event.c.seq)
    )
    noted: dict[str, str | None] = {}
    with any_text(tx):
        for written in tx.execute(events).scalars():
            with suppress(ValueError):  # a record that somebody changed keeps no service from starting
                detail = json.loads(written)
                noted[str(detail.get("setting"))] = detail.get("digest")
    return noted


def note_settings(tx: Tx, vault: Vault, settings: Settings, *, now: datetime) -> int:
    """Audit, in a write transaction, what is not as it was when it was noted last; returns how many settings.

    A list of `OPEN_LISTS` is shown as it is; of all others there is a digest under a key that is not in the database.
    """
    noted = noted_settings(tx)
    values = settings.model_dump(mode="json", exclude_defaults=True)
    digests = {
        name: vault.keyed("setting", name, canonical_json(value))[:DIGEST_CHARS] for name, value in values.items()
    }
    changed = [name for name in sorted({*noted, *digests}) if noted.get(name) != digests.get(name)]
    events = [_event(name, digests.get(name), getattr(settings, name, ())) for name in changed]
    append(tx, events, now=now)
    return len(events)


def _event(name: str, digest: str | None, value: object) -> AuditEvent:
    detail: dict[str, Scalar] = {"setting": name, "digest": digest, "act": "set" if digest else "default"}
    if name in OPEN_LISTS and isinstance(value, tuple):
        detail |= {"count": len(value), "value": " ".join(sorted(value))[:MAX_DETAIL_CHARS]}
    return AuditEvent(kind=EventKind.SETTING, actor=_OPERATOR, detail=detail)
