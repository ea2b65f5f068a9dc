"""Cases that wait for a clinician, what became of them, who has one open."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, String, Table

from cds_service.ledger.tables.base import ID, NAME, UtcDateTime, metadata, required

review_case = Table(
    "review_case",
    metadata,
    Column("id", ID, primary_key=True),
    required("subject", ID, ForeignKey("vault_subject.subject")),
    required("client", NAME),
    required("answer", ID),
    required("snapshot", ID),
    Column("job", ID, index=True),
    required("floor", Integer),
    required("priority", Integer),
    Column("model_priority", Integer),
    required("assessing", String(20)),
    required("reviewing", String(30)),
    required("informing", String(20)),
    required("topics", JSON),
    required("states", JSON),
    Column("data_at", UtcDateTime),
    required("waits_since", UtcDateTime),
    required("stage", String(20)),
    Column("location", NAME),
    required("opened_at", UtcDateTime, index=True),
    required("changed_at", UtcDateTime),
    required("version", Integer),
    Column("decided_at", UtcDateTime, index=True),
    Column("decided_by", ID),
    Column("decided_priority", Integer),
    Index(None, "subject", "opened_at"),
    Index(None, "informing", "stage"),
    Index("ix_review_case_queue", "reviewing", "priority", "waits_since", "id", "stage"),
)

review_event = Table(
    "review_event",
    metadata,
    Column("case", ID, ForeignKey("review_case.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    required("at", UtcDateTime),
    required("actor", NAME),
    required("role", String(20)),
    required("track", String(20)),
    required("before", String(30)),
    required("after", String(30)),
    required("why", String(40)),
)

review_record = Table(
    "review_record",
    metadata,
    Column("case", ID, ForeignKey("review_case.id"), primary_key=True),
    required("answer", ID, index=True),
    required("verdict", String(20)),
    required("floor", Integer),
    required("system_priority", Integer),
    Column("model_priority", Integer),
    Column("priority", Integer),
    Column("reason", ID),
    required("edited", Boolean),
    Column("confidence", Integer),
    required("account", ID),
    required("role", String(20)),
    required("stage", String(20)),
    required("decided_at", UtcDateTime, index=True),
    Column("review_s", Float),
    required("turn_round_s", Float),
    required("notes", ID),
)

review_look = Table(
    "review_look",
    metadata,
    Column("case", ID, ForeignKey("review_case.id"), primary_key=True),
    Column("account", ID, primary_key=True),
    required("first_at", UtcDateTime),
    required("since", UtcDateTime),
    required("seen_at", UtcDateTime),
    required("was_left", Boolean),
)
