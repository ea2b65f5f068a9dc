"""Why the vault is read: every look inside names one of these reasons in its audit event, or does not happen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from cds_service.ledger.audit import AuditEvent, EventKind, append
from cds_service.ledger.database import Tx


class Reason(StrEnum):
    """What a value of the vault is opened for."""

    REVIEW = "review"
    """A clinician reviews a case, or looks at what was signed on it."""
    QUEUE = "queue"
    """The name of a patient in the list of cases."""
    INTAKE = "intake"
    """A patient's form before a visit: whose it is, what was answered."""
    INTAKE_CHOICE = "intake-choice"
    """Choosing the patient whom a form is for."""
    INTAKE_WRITE = "intake-write"
    """Writing what a patient answered to the EHR."""
    HOOK_CALL = "hook-call"
    """A hook call takes in what the patient answered."""
    LOCAL_VALIDATION = "local-validation"
    """Groups of the clinic's own patients, for figures by group."""
    EXPORT = "export"
    """A training set: its order, or the cases that go into it."""
    ERASURE = "erasure"
    """Somebody who is to be forgotten: who it is, and the proof that nothing is left."""
    PATIENT_REQUEST = "patient-request"
    """The patient asks what is kept, or who saw it."""
    REPRESENTATIVE_REQUEST = "representative-request"
    """The same, by a representative of the patient."""
    LEGAL_REQUEST = "legal-request"
    """A court or an authority asks."""
    COMPLAINT = "complaint"
    """A complaint is looked into."""
    COMPLIANCE_REVIEW = "compliance-review"
    """A review by the compliance office."""


_REASONS = frozenset(reason.value for reason in Reason)


def check_read(audit: AuditEvent) -> None:
    """Raises ValueError for an event that is not a vault-read with a `Reason` as its detail ``reason``."""
    if audit.kind is not EventKind.VAULT_READ:
        raise ValueError("reading the vault is audited as a vault-read")
    if audit.detail.get("reason") not in _REASONS:
        raise ValueError("reading the vault needs a reason, one of ledger.reads.Reason")


def audit_read(tx: Tx, audit: AuditEvent, subject: str | None, detail: Mapping[str, str], now: datetime) -> None:
    """Write the event of one reading."""
    append(tx, [replace(audit, subject=subject, detail={**audit.detail, **detail})], now=now)
