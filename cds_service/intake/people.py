"""Whose form it is, for staff who have to hand the tablet to the right person. Every look is audited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from cds_service.ledger.audit import AuditEvent
from cds_service.ledger.database import Tx
from cds_service.ledger.errors import VaultError
from cds_service.ledger.tables import answer
from cds_service.ledger.vault import Vault

RECENT = 8
"""Most patients that are offered to choose from."""

_DATE_CHARS = {"year": 4, "month": 7}


@dataclass(frozen=True, kw_only=True)
class Patient:
    """Identified. `name` and `born` are those of the newest chart that was opened; None where there is none."""

    subject: str
    client: str
    patient_id: str = field(repr=False)
    name: str | None = field(default=None, repr=False)
    born: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Recent:
    """A patient whose chart was opened lately, by the newest answer of the ledger."""

    answer: str
    at: datetime
    patient: Patient


def patient_of(tx: Tx, vault: Vault, subject: str, *, now: datetime, audit: AuditEvent) -> Patient:
    """Who `subject` is. Raises VaultError."""
    person = vault.read_person(tx, subject, now=now, audit=audit)
    newest = (
        select(answer.c.snapshot)
        .where(answer.c.subject == subject, answer.c.snapshot.is_not(None))
        .order_by(answer.c.created_at.desc())
        .limit(1)
    )
    chart = _chart(tx, vault, tx.execute(newest).scalar(), now, audit)
    return Patient(
        subject=subject, client=person.tenant, patient_id=person.patient_key, name=_name(chart), born=_born(chart)
    )


def recent_answers(tx: Tx, since: datetime) -> list[tuple[str, str, datetime]]:
    """Answer, subject and time of the patients whose charts were opened last."""
    wanted = (
        select(answer.c.id, answer.c.subject, answer.c.created_at)
        .where(answer.c.created_at > since, answer.c.subject.is_not(None))
        .order_by(answer.c.created_at.desc())
        .limit(20 * RECENT)
    )
    first: dict[str, tuple[str, str, datetime]] = {}
    for row in tx.execute(wanted):
        first.setdefault(row.subject, (row.id, row.subject, row.created_at))
    return list(first.values())[:RECENT]


def subject_of_answer(tx: Tx, answer_id: str) -> tuple[str, str] | None:
    """Client and subject of an answer of the ledger."""
    row = tx.execute(select(answer.c.client, answer.c.subject).where(answer.c.id == answer_id)).one_or_none()
    return None if row is None or row.subject is None else (row.client, row.subject)


def known_clients(tx: Tx) -> tuple[str, ...]:
    """The EHRs that have asked before."""
    return tuple(sorted(tx.execute(select(answer.c.client).distinct()).scalars()))


def _chart(tx: Tx, vault: Vault, snapshot: str | None, now: datetime, audit: AuditEvent) -> Mapping[str, Any]:
    if snapshot is None:
        return {}
    try:
        return vault.read_snapshot(tx, snapshot, now=now, audit=audit)
    except VaultError:  # past its retention: the id alone still tells who it is
        return {}


def _name(chart: Mapping[str, Any]) -> str | None:
    known = chart.get("identifiers", ())
    return next((str(i["value"]) for i in known if i["kind"] == "name" and i["role"] == "patient"), None)


def _born(chart: Mapping[str, Any]) -> str | None:
    birth = (chart.get("demographics") or {}).get("birth")
    return None if birth is None else str(birth["start"])[: _DATE_CHARS.get(birth["precision"], 10)]
