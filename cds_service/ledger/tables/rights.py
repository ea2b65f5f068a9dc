"""What patients and courts asked for: opt-outs, legal holds, erasures. Ids, codes and times; words are in the vault."""

from __future__ import annotations

from sqlalchemy import JSON, Column, String, Table

from cds_service.ledger.tables.base import ID, NAME, UtcDateTime, metadata, required

opt_out = Table(
    "opt_out",
    metadata,
    Column("id", ID, primary_key=True),
    required("subject", ID, index=True),
    required("source", String(20)),
    required("verdict", String(20)),
    required("reason", String(40)),
    required("said_at", UtcDateTime),
    Column("ends_at", UtcDateTime),
    Column("document", String(64), index=True),
    Column("version_at", UtcDateTime),
    Column("words", ID),
    required("recorded_by", NAME),
    required("recorded_at", UtcDateTime),
    Column("closed_by", NAME),
    Column("closed_at", UtcDateTime),
)

legal_hold = Table(
    "legal_hold",
    metadata,
    Column("id", ID, primary_key=True),
    required("subject", ID, index=True),
    required("reason", String(40)),
    Column("words", ID),
    required("placed_by", NAME),
    required("placed_at", UtcDateTime),
    Column("released_by", NAME),
    Column("released_at", UtcDateTime),
)

erasure = Table(
    "erasure",
    metadata,
    Column("id", ID, primary_key=True),
    required("subject", ID, index=True),
    required("state", String(20)),
    required("reason", String(40)),
    required("asked_by", NAME),
    required("asked_at", UtcDateTime),
    Column("ended_by", NAME),
    Column("ended_at", UtcDateTime),
    Column("report", JSON(none_as_null=True)),
)
