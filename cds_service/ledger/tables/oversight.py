"""Alerts, and reviews that people sign."""

from __future__ import annotations

from sqlalchemy import Column, Float, String, Table, UniqueConstraint

from cds_service.ledger.tables.base import ID, UtcDateTime, metadata, required

alert = Table(
    "alert",
    metadata,
    Column("id", ID, primary_key=True),
    required("limit_id", ID, index=True),
    required("value", Float),
    required("bound", Float),
    required("raised_at", UtcDateTime),
    Column("cleared_at", UtcDateTime),
)

sign_off = Table(
    "sign_off",
    metadata,
    Column("id", ID, primary_key=True),
    required("kind", String(40)),
    required("due_at", UtcDateTime),
    required("signed_at", UtcDateTime),
    required("account", ID),
    required("role", String(20)),
    required("note", ID),
    required("report", String(64)),
    UniqueConstraint("kind", "due_at"),
)
