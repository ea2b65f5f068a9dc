"""What a physician is told, and by which ways."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from cds_service.ledger.tables.base import ID, UtcDateTime, metadata, required

notification = Table(
    "notification",
    metadata,
    Column("id", ID, primary_key=True),
    required("case", ID, index=True),
    required("version", Integer),
    required("level", Integer),
    required("priority", Integer),
    required("topics", JSON),
    required("created_at", UtcDateTime),
    Column("escalate_at", UtcDateTime, index=True),
    Column("ended", String(20)),
    UniqueConstraint("case", "version", "level"),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", ID, primary_key=True),
    required("notification", ID, ForeignKey("notification.id")),
    required("channel", ID),
    required("kind", String(20)),
    required("state", String(20)),
    required("attempts", Integer),
    Column("due_at", UtcDateTime),
    Column("lease", ID),
    Column("lease_until", UtcDateTime),
    Column("last_at", UtcDateTime),
    Column("problem", String(40)),
    UniqueConstraint("notification", "channel"),
    Index(None, "state", "channel"),
)
