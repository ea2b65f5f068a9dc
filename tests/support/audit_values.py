"""A trail of one fictional day: hook calls, look-ups, a refusal, a seal, and two patients."""

from datetime import UTC, datetime, timedelta

from cds_service.accounts.roles import Role
from cds_service.ledger.audit import AuditEvent, EventKind, Outcome, append
from cds_service.ledger.encoding import new_id
from cds_service.ledger.seals import Seals
from tests.support.site import a_clinic, a_member

NOW = datetime(2031, 5, 6, 12, 0, tzinfo=UTC)
EHR = "https://ehr.example"


def seals_of(clinic):
    """As the page and the command make them."""
    return Seals(clinic.recorder.vault.keys, clinic.settings.seals_file)


def a_trail(folder, *, calls=30):
    """A clinic with `calls` hook calls of one patient, then a look-up of another, sealed before the look-up."""
    clinic = a_clinic(folder, now=lambda: NOW)
    nurse = a_member(clinic, Role.NURSE, shown="Nora Quill")
    vault, database = clinic.recorder.vault, clinic.recorder.database
    with database.transaction() as tx:
        first, second = (
            vault.subject_for(tx, tenant=EHR, patient_key=key, now=NOW - timedelta(hours=3), actor=EHR)
            for key in ("canary-1", "canary-2")
        )
        for number in range(calls):
            detail = {"answer": new_id("ans"), "service": "patient-triage", "floor": "High", "stage": "full"}
            events = [
                AuditEvent(kind=EventKind.HOOK_CALL, actor=EHR, subject=first, detail=detail),
                AuditEvent(
                    kind=EventKind.GATE_DECISION, actor="gate", subject=first,
                    outcome=Outcome.REFUSED if number % 7 == 3 else Outcome.SUCCESS,
                    detail={"answer": detail["answer"], "decision": "leak" if number % 7 == 3 else "passed"},
                ),
            ]  # fmt: skip
            append(tx, events, now=NOW - timedelta(minutes=150 - number))
    with database.transaction() as tx:
        seals_of(clinic).seal(tx, now=NOW - timedelta(hours=1), actor="operator")
    with database.transaction() as tx:
        detail = {"reason": "review", "item": new_id("snapshot"), "item_kind": "snapshot"}
        looked = AuditEvent(kind=EventKind.VAULT_READ, actor=nurse.actor, subject=second, detail=detail)
        failed = AuditEvent(
            kind=EventKind.MODEL_CALL, actor="worker-12-ab", outcome=Outcome.FAILED, detail={"job": new_id("job")}
        )
        append(tx, [looked, failed], now=NOW - timedelta(minutes=20))
    clinic.subjects = (first, second)
    return clinic
