"""The charts of a page of the queue, opened in one transaction, for who may see who the patients are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cds_service.accounts.roles import Member
from cds_service.ledger.audit import AuditEvent, EventKind
from cds_service.ledger.database import Tx
from cds_service.ledger.errors import VaultError
from cds_service.ledger.vault import Vault
from cds_service.review.values import ReviewCase


def charts(
    tx: Tx, vault: Vault, cases: Iterable[ReviewCase], member: Member, now: datetime
) -> dict[str, dict[str, Any]]:
    """The identified chart of each case, by its id; one that is past its retention is left out.

    Each is an audit event of its own subject: whoever asks later who saw a patient's name in a list is answered.
    """
    opened = {}
    for case in cases:
        detail = {"reason": "queue", "case": case.id}
        audit = AuditEvent(kind=EventKind.VAULT_READ, actor=member.actor, detail=detail)
        try:
            opened[case.id] = vault.read_snapshot(tx, case.snapshot, now=now, audit=audit)
        except VaultError:
            continue
    return opened
