"""Signed seals over the audit chain."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table

from cds_service.ledger.tables.base import ID, metadata, required

audit_seal = Table(
    "audit_seal",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    required("first", BigInteger),
    required("last", BigInteger),
    required("count", BigInteger),
    required("head", String(64)),
    required("time", String(32)),
    required("previous", String(128)),
    required("key_id", ID),
    required("signature", String(128)),
)
