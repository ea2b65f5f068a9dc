"""What the kinds of audit events are called on pages."""

from __future__ import annotations

from collections.abc import Mapping

from cds_service.ledger.audit import EventKind

KINDS: Mapping[EventKind, str] = {
    EventKind.HOOK_CALL: "Hook call answered",
    EventKind.GATE_DECISION: "De-identification decided",
    EventKind.MODEL_CALL: "Model asked",
    EventKind.CARD_SHOWN: "Card shown",
    EventKind.FEEDBACK: "Feedback on a card",
    EventKind.VAULT_MINT: "Pseudonym made",
    EventKind.VAULT_WRITE: "Vault written",
    EventKind.VAULT_READ: "Vault opened",
    EventKind.VAULT_PURGE: "Vault emptied",
    EventKind.JOB: "Model job",
    EventKind.SHED: "Model job dropped",
    EventKind.SETTING: "Setting changed",
    EventKind.MODEL_ADD: "Model added",
    EventKind.MODEL_PROMOTE: "Model promoted",
    EventKind.MODEL_ROLLBACK: "Model taken back",
    EventKind.ACCOUNT: "Account changed",
    EventKind.SIGN_IN: "Sign-in or sign-out",
    EventKind.REVIEW: "Case reviewed",
    EventKind.NOTIFICATION: "Physician notified",
    EventKind.INTAKE: "Intake form",
    EventKind.ROLL_OUT: "Roll-out changed",
    EventKind.SIGN_OFF: "Scheduled review signed",
    EventKind.REPORT: "Alert or report",
    EventKind.EXPORT: "Export",
    EventKind.APPROVAL: "Export judged",
    EventKind.OPT_OUT: "Opt-out",
    EventKind.LEGAL_HOLD: "Legal hold",
    EventKind.SHRED: "Erasure",
    EventKind.KEY: "Keys",
    EventKind.SEAL: "Trail sealed",
    EventKind.IMPORT: "Records imported",
    EventKind.AUDIT_READ: "Audit trail read",
}

OUTCOMES: Mapping[str, str] = {"success": "done", "refused": "refused", "failed": "failed"}

FORMS: Mapping[str, str] = {"fhir": "FHIR AuditEvents", "csv": "CSV", "json": "JSON"}


def kind(value: str) -> str:
    """For people; a kind of another version as it is written."""
    return KINDS[EventKind(value)] if value in set(EventKind) else value
