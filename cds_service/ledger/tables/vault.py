"""The vault: everything here is sealed but ids and times."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table, UniqueConstraint

from cds_service.ledger.tables.base import ID, UtcDateTime, metadata, required

vault_subject = Table(
    "vault_subject",
    metadata,
    Column("subject", ID, primary_key=True),
    required("index_key", ID),
    required("blind_index", String(64)),
    required("sealing_key", ID),
    required("nonce", LargeBinary),
    required("sealed", LargeBinary),
    required("created_at", UtcDateTime),
    UniqueConstraint("index_key", "blind_index"),
)

vault_item = Table(
    "vault_item",
    metadata,
    Column("id", ID, primary_key=True),
    required("kind", String(20)),
    Column("subject", ID, ForeignKey("vault_subject.subject"), index=True),
    required("sealing_key", ID),
    required("nonce", LargeBinary),
    required("sealed", LargeBinary),
    required("created_at", UtcDateTime),
    required("expires_at", UtcDateTime, index=True),
)

vault_export = Table(
    "vault_export",
    metadata,
    Column("export", ID, primary_key=True),
    Column("subject", ID, ForeignKey("vault_subject.subject"), primary_key=True),
    required("sealing_key", ID),
    required("nonce", LargeBinary),
    required("sealed", LargeBinary),
    required("created_at", UtcDateTime),
)
