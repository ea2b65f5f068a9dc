"""What an export calls its people: codes of its own, so that two exports cannot be joined, with the way back sealed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select

from anonymization.date_shift import random_offset_days
from cds_service.ledger.audit import AuditEvent, EventKind, Scalar, append
from cds_service.ledger.database import Tx
from cds_service.ledger.encoding import new_id
from cds_service.ledger.holds import not_held
from cds_service.ledger.reads import Reason, audit_read
from cds_service.ledger.subject_keys import SubjectKeys
from cds_service.ledger.tables import vault_export

EXPORT = "export"


@dataclass(frozen=True, kw_only=True)
class ExportLink:
    """What one export calls a subject, and by how many days it shifts the subject's dates (under an expert's rules)."""

    code: str
    offset_days: int


class ExportLinks:
    """The links of every export, sealed with their subjects' keys."""

    def __init__(self, keys: SubjectKeys) -> None:
        self._keys = keys

    def link(self, tx: Tx, *, export: str, subject: str, now: datetime, actor: str) -> ExportLink:
        """The link of `subject` in `export`, minted at random when there is none. Raises VaultError."""
        at = (vault_export.c.export == export, vault_export.c.subject == subject)
        row = tx.execute(select(vault_export).where(*at)).mappings().one_or_none()
        detail = {"item_kind": EXPORT, "export": export}
        if row is not None:
            why = AuditEvent(kind=EventKind.VAULT_READ, actor=actor, detail={"reason": Reason.EXPORT.value})
            audit_read(tx, why, subject, detail, now)
            return ExportLink(**self._keys.unseal(tx, EXPORT, export, subject, row))
        link = ExportLink(code=new_id("rec"), offset_days=random_offset_days())
        sealed = self._keys.seal(tx, EXPORT, export, subject, asdict(link), now)
        tx.execute(insert(vault_export), {"export": export, "subject": subject, "created_at": now} | sealed)
        append(tx, [AuditEvent(kind=EventKind.VAULT_MINT, actor=actor, subject=subject, detail=detail)], now=now)
        return link

    def forget(self, tx: Tx, *, export: str, now: datetime, actor: str) -> int:
        """Delete the links of `export`, but of nobody who is held; returns how many there were."""
        links = (vault_export.c.export == export, not_held(vault_export.c.subject))
        forgotten = tx.execute(delete(vault_export).where(*links)).rowcount
        if forgotten:
            detail: dict[str, Scalar] = {"item_kind": EXPORT, "export": export, "items": forgotten}
            append(tx, [AuditEvent(kind=EventKind.VAULT_PURGE, actor=actor, detail=detail)], now=now)
        return forgotten
