"""The vault: everything here is sealed but ids and times.

`sealing_key` names what a value was sealed with: the data key of its subject, or a sealing key of the key file. A
forgotten subject keeps its row in `vault_subject`, for the ids that point at it, with nothing in it
(`subject_keys.FORGOTTEN`).
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, String, Table, UniqueConstraint, text

from cds_service.ledger.tables.base import ID, UtcDateTime, metadata, required

SEALED_WITH_THE_FILE = text("sealing_key >= 'key-'")
"""Rows whose value is sealed with a key of the key file: ids of data keys sort before (``data-…``).

A condition in words of its own, because an index that leaves out the other rows is used for no other.
"""


def _sealing_index(table: str) -> Index:
    return Index(
        f"ix_{table}_sealing_key",
        "sealing_key",
        sqlite_where=SEALED_WITH_THE_FILE,
        postgresql_where=SEALED_WITH_THE_FILE,
    )


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
    _sealing_index("vault_subject"),
)

vault_key = Table(
    "vault_key",
    metadata,
    Column("subject", ID, ForeignKey("vault_subject.subject"), primary_key=True),
    required("id", ID),
    required("sealing_key", ID, index=True),
    required("nonce", LargeBinary),
    required("sealed", LargeBinary),
    required("created_at", UtcDateTime),
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
    _sealing_index("vault_item"),
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
    _sealing_index("vault_export"),
)
