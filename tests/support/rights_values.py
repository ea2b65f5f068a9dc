"""A compliance office over a real database: patients by name, entries, holds, and the audit trail to look at."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from cds_service.ledger.audit import EventKind
from cds_service.ledger.database import Database
from cds_service.ledger.tables import audit_event
from cds_service.ledger.vault import Vault
from cds_service.rights.files import Placed
from cds_service.rights.rights import Rights
from cds_service.settings import Settings
from tests.support.ledger_values import CLIENT, NOW

ACTOR = "user:acct-officer"
OTHER = "user:acct-second"


@dataclass(kw_only=True)
class Office:
    """Everything behind the claims."""

    database: Database
    settings: Settings
    vault: Vault

    def __post_init__(self) -> None:
        self.rights = Rights(self.database, self.vault, self.settings)

    def subject(self, patient: str) -> str:
        """The random id of a patient, minted at need."""
        with self.database.transaction() as tx:
            return self.vault.subject_for(tx, tenant=CLIENT, patient_key=patient, now=NOW, actor="hook")

    def opt_out(self, patient: str, **changes: Any) -> Any:
        values = {"reason": "patient-request", "actor": ACTOR, "now": NOW}
        return self.rights.opt_out(CLIENT, patient, **values | changes)

    def hold(self, patient: str, **changes: Any) -> Any:
        values = {"reason": "litigation", "actor": ACTOR, "now": NOW}
        return self.rights.hold(CLIENT, patient, **values | changes)

    def take(self, *resources: Any, now: datetime = NOW) -> Any:
        """Take Consents in, as if each stood on a line of its own."""
        placed = [Placed(file="f.ndjson", line=n, resource=r) for n, r in enumerate(resources, start=1)]
        return self.rights.consents(placed, CLIENT, actor=ACTOR, now=now)

    def opted_out(self, patient: str, now: datetime = NOW) -> bool:
        with self.database.transaction(write=False) as tx:
            subject = self.vault.find_subject(tx, tenant=CLIENT, patient_key=patient)
            return subject is not None and subject in self.rights.opted_out_in(tx, now)

    def held(self, patient: str) -> bool:
        with self.database.transaction(write=False) as tx:
            subject = self.vault.find_subject(tx, tenant=CLIENT, patient_key=patient)
            return subject in self.rights.held_in(tx, NOW)

    def audited(self, kind: EventKind) -> list[dict[str, Any]]:
        """The events of a kind, in order, with their details."""
        wanted = select(audit_event).where(audit_event.c.kind == kind.value).order_by(audit_event.c.seq)
        with self.database.transaction(write=False) as tx:
            return [dict(row) | json.loads(row["detail"]) for row in tx.execute(wanted).mappings()]


def consent(patient: str, kind: str, said: str | None = "2031-01-02", **changed: Any) -> dict[str, Any]:
    """A Consent of a patient that denies or permits everything."""
    made = {
        "resourceType": "Consent",
        "id": "c-1",
        "status": "active",
        "scope": {"coding": [{"code": "patient-privacy"}]},
        "patient": {"reference": f"Patient/{patient}"},
        "dateTime": said,
        "provision": {"type": kind},
    }
    return {name: value for name, value in (made | changed).items() if value is not None}
