"""Work for the model, who does it, and which adapter serves."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, Text

from cds_service.ledger.tables.base import ID, NAME, UtcDateTime, metadata, required

job = Table(
    "job",
    metadata,
    Column("id", ID, primary_key=True),
    required("cache_key", NAME, unique=True),
    required("state", String(20)),
    required("payload", Text),
    required("attempts", Integer),
    required("queued_at", UtcDateTime),
    Column("worker", NAME),
    Column("lease", ID),
    Column("lease_until", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("result", Text),
    required("reasons", JSON),
    Index(None, "state", "queued_at"),
)

worker = Table(
    "worker",
    metadata,
    Column("id", NAME, primary_key=True),
    required("model_version", NAME),
    required("started_at", UtcDateTime),
    required("beat_at", UtcDateTime, index=True),
)

adapter = Table(
    "adapter",
    metadata,
    Column("digest", String(64), primary_key=True),
    required("id", ID, index=True),
    required("identity", String(64)),
    required("added_at", UtcDateTime),
)

promotion = Table(
    "promotion",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("adapter", String(64), ForeignKey("adapter.digest")),
    Column("back_to", Integer, ForeignKey("promotion.seq")),
    required("made_at", UtcDateTime),
)
