"""Orders of training sets and every step they took; what officers wrote and what a preview showed is in the vault."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, ForeignKey, Integer, String, Table

from cds_service.ledger.tables.base import ID, NAME, UtcDateTime, metadata, required

export_order = Table(
    "export_order",
    metadata,
    Column("id", ID, primary_key=True),
    required("state", String(20), index=True),
    required("version", Integer),
    required("since", UtcDateTime),
    required("until", UtcDateTime),
    required("cards", JSON),
    required("outcomes", JSON),
    required("verdicts", JSON),
    required("priorities", JSON),
    required("profile", String(30)),
    required("purpose", String(40)),
    required("words", ID),
    required("ordered_by", ID),
    required("ordered_at", UtcDateTime, index=True),
    required("changed_at", UtcDateTime),
    Column("reason", String(60)),
    Column("preview", ID),
    Column("digest", String(64)),
    Column("cases", Integer),
    Column("approved_by", ID),
    Column("approved_at", UtcDateTime),
    Column("declared", String(80)),
    required("stage", String(40)),
    required("share", Float),
    required("attempts", Integer),
    Column("worker", NAME),
    Column("lease", ID),
    Column("lease_until", UtcDateTime),
    Column("folder", String(1000)),
    Column("rows", Integer),
    Column("subjects", Integer),
    Column("manifest", String(64)),
    required("left_out", JSON),
)

export_event = Table(
    "export_event",
    metadata,
    Column("order", ID, ForeignKey("export_order.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    required("at", UtcDateTime),
    required("actor", NAME),
    required("before", String(20)),
    required("after", String(20)),
    required("why", String(60)),
)
