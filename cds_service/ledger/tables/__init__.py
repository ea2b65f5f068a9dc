"""The tables.

Outside `vault_subject`, `vault_item` and `vault_export` (sealed) stand only opaque ids, codes, counts and de-identified
values, and in `account` the names of the clinic's own people. A change here needs a migration: a test compares the two.
"""

from __future__ import annotations

from cds_service.ledger.tables.accounts import account, session, sign_in
from cds_service.ledger.tables.answers import answer, card, feedback
from cds_service.ledger.tables.audit import audit_event
from cds_service.ledger.tables.base import UtcDateTime, metadata
from cds_service.ledger.tables.exports import export_event, export_order
from cds_service.ledger.tables.intake import intake
from cds_service.ledger.tables.model import adapter, job, promotion, worker
from cds_service.ledger.tables.notify import delivery, notification
from cds_service.ledger.tables.oversight import alert, sign_off
from cds_service.ledger.tables.review import review_case, review_event, review_look, review_record
from cds_service.ledger.tables.rights import erasure, legal_hold, opt_out
from cds_service.ledger.tables.rollout import roll_out
from cds_service.ledger.tables.seals import audit_seal
from cds_service.ledger.tables.vault import vault_export, vault_item, vault_key, vault_subject

__all__ = [
    "UtcDateTime",
    "account",
    "adapter",
    "alert",
    "answer",
    "audit_event",
    "audit_seal",
    "card",
    "delivery",
    "erasure",
    "export_event",
    "export_order",
    "feedback",
    "intake",
    "job",
    "legal_hold",
    "metadata",
    "notification",
    "opt_out",
    "promotion",
    "review_case",
    "review_event",
    "review_look",
    "review_record",
    "roll_out",
    "session",
    "sign_in",
    "sign_off",
    "vault_export",
    "vault_item",
    "vault_key",
    "vault_subject",
    "worker",
]
