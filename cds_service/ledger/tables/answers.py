"""What was answered, what was shown of it, and what came back."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Integer, String, Table

from cds_service.ledger.tables.base import ID, NAME, UtcDateTime, metadata, required

answer = Table(
    "answer",
    metadata,
    Column("id", ID, primary_key=True),
    required("service", NAME),
    required("hook", NAME),
    Column("hook_instance", ID, index=True),
    required("client", NAME),
    Column("subject", ID, index=True),
    Column("user_key", String(64)),
    Column("snapshot", ID),
    Column("job", ID),
    required("priority", Integer),
    required("floor", Integer),
    required("status", String(20)),
    required("reasons", JSON),
    required("findings", JSON),
    required("passages", JSON),
    Column("assessment", JSON(none_as_null=True)),
    required("not_evaluated", JSON),
    required("versions", JSON),
    required("timings_ms", JSON),
    required("created_at", UtcDateTime, index=True),
    required("stage", String(20), server_default="full"),
    required("shadowed", JSON, server_default="[]"),
)

card = Table(
    "card",
    metadata,
    Column("uuid", ID, primary_key=True),
    required("answer", ID, ForeignKey("answer.id"), index=True),
    required("position", Integer),
    required("kind", String(20)),
    required("indicator", String(20)),
    required("suggestions", JSON),
    required("rules", JSON),
    required("passages", JSON),
    required("evidence", JSON),
    required("states", JSON, server_default="[]"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", ID, primary_key=True),
    required("card", ID, ForeignKey("card.uuid"), index=True),
    required("fingerprint", String(64), unique=True),
    required("outcome", String(20)),
    required("outcome_at", UtcDateTime),
    required("suggestions", JSON),
    Column("reason_system", NAME),
    Column("reason_code", ID),
    Column("comment", ID),
    required("received_at", UtcDateTime),
)
