"""Who may sign in (the clinic's own people, by name), who is signed in, and who is on the way."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, UniqueConstraint

from cds_service.ledger.tables.base import ID, NAME, UtcDateTime, metadata, required

account = Table(
    "account",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", ID, unique=True),
    required("shown", NAME),
    required("role", String(20)),
    Column("password", NAME),
    required("must_change", Boolean),
    Column("issuer", String(500)),
    Column("issuer_subject", String(255)),
    required("claimed", Boolean),
    required("failures", Integer),
    Column("locked_until", UtcDateTime),
    Column("disabled_at", UtcDateTime),
    required("created_at", UtcDateTime),
    UniqueConstraint("issuer", "issuer_subject"),
)

session = Table(
    "session",
    metadata,
    Column("id", String(64), primary_key=True),
    required("account", ID, ForeignKey("account.id"), index=True),
    required("started_at", UtcDateTime),
    required("seen_at", UtcDateTime),
)

sign_in = Table(
    "sign_in",
    metadata,
    Column("state", String(64), primary_key=True),
    required("browser", String(64)),
    required("provider", String(500)),
    required("nonce", ID),
    required("verifier", NAME),
    required("next", String(500)),
    required("started_at", UtcDateTime, index=True),
)
