"""Forms that patients fill in before a visit; what they answered is sealed in the vault."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, String, Table

from cds_service.ledger.tables.base import ID, NAME, UtcDateTime, metadata, required

intake = Table(
    "intake",
    metadata,
    Column("id", ID, primary_key=True),
    required("client", NAME),
    required("subject", ID),
    required("state", String(20)),
    required("started_by", ID),
    required("started_at", UtcDateTime, index=True),
    Column("code", String(64), unique=True),
    Column("code_until", UtcDateTime),
    Column("tablet", String(64), unique=True),
    Column("tablet_until", UtcDateTime),
    required("signs", JSON),
    required("warned", JSON),
    Column("warned_at", UtcDateTime),
    Column("seen_by", ID),
    Column("seen_at", UtcDateTime),
    Column("filled_by", String(20)),
    Column("response", ID),
    Column("answered_at", UtcDateTime),
    Index(None, "subject", "answered_at"),
)
