"""The newest row of a part says how far it is rolled out."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, String, Table

from cds_service.ledger.tables.base import UtcDateTime, metadata, required

roll_out = Table(
    "roll_out",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    required("part", String(80)),
    required("stage", String(20)),
    required("places", JSON),
    required("changed_at", UtcDateTime),
    Index(None, "part", "seq"),
)
