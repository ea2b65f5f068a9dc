"""The audit chain."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from cds_service.ledger.tables.base import ID, NAME, metadata, required

audit_event = Table(
    "audit_event",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    required("time", String(32)),
    required("kind", String(40)),
    required("actor", NAME),
    required("outcome", String(20)),
    Column("subject", ID, index=True),
    required("detail", Text),
    required("previous", String(64)),
    required("hash", String(64)),
    Index(None, "kind", "seq"),
    Index(None, "actor", "seq"),
    Index(None, "time", "seq"),
)
