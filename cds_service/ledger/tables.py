"""The tables.

Outside `vault_subject`, `vault_item` and `vault_export` (sealed) stand only opaque ids, codes, counts and de-identified
values. A change here needs a migration: a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from cds_service.ledger.encoding import utc

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """A time with a zone, stored as UTC with microseconds, read back as UTC. A time without a zone is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite keeps text without a zone; PostgreSQL keeps the instant."""
        if value is None:
            return None
        return utc(value).replace(tzinfo=None) if dialect.name == "sqlite" else utc(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """The same instant, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else utc(value)


def _required(name: str, kind: Any, *args: Any, **kwargs: Any) -> Column[Any]:
    return Column(name, kind, *args, nullable=False, **kwargs)


_ID = String(64)
_NAME = String(200)

audit_event = Table(
    "audit_event",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _required("time", String(32)),
    _required("kind", String(40)),
    _required("actor", _NAME),
    _required("outcome", String(20)),
    Column("subject", _ID, index=True),
    _required("detail", Text),
    _required("previous", String(64)),
    _required("hash", String(64)),
    Index(None, "kind", "seq"),
)

vault_subject = Table(
    "vault_subject",
    metadata,
    Column("subject", _ID, primary_key=True),
    _required("index_key", _ID),
    _required("blind_index", String(64)),
    _required("sealing_key", _ID),
    _required("nonce", LargeBinary),
    _required("sealed", LargeBinary),
    _required("created_at", UtcDateTime),
    UniqueConstraint("index_key", "blind_index"),
)

vault_item = Table(
    "vault_item",
    metadata,
    Column("id", _ID, primary_key=True),
    _required("kind", String(20)),
    Column("subject", _ID, ForeignKey("vault_subject.subject"), index=True),
    _required("sealing_key", _ID),
    _required("nonce", LargeBinary),
    _required("sealed", LargeBinary),
    _required("created_at", UtcDateTime),
    _required("expires_at", UtcDateTime, index=True),
)

vault_export = Table(
    "vault_export",
    metadata,
    Column("export", _ID, primary_key=True),
    Column("subject", _ID, ForeignKey("vault_subject.subject"), primary_key=True),
    _required("sealing_key", _ID),
    _required("nonce", LargeBinary),
    _required("sealed", LargeBinary),
    _required("created_at", UtcDateTime),
)

answer = Table(
    "answer",
    metadata,
    Column("id", _ID, primary_key=True),
    _required("service", _NAME),
    _required("hook", _NAME),
    Column("hook_instance", _ID, index=True),
    _required("client", _NAME),
    Column("subject", _ID, index=True),
    Column("user_key", String(64)),
    Column("snapshot", _ID),
    Column("job", _ID),
    _required("priority", Integer),
    _required("floor", Integer),
    _required("status", String(20)),
    _required("reasons", JSON),
    _required("findings", JSON),
    _required("passages", JSON),
    Column("assessment", JSON(none_as_null=True)),
    _required("not_evaluated", JSON),
    _required("versions", JSON),
    _required("timings_ms", JSON),
    _required("created_at", UtcDateTime, index=True),
)

card = Table(
    "card",
    metadata,
    Column("uuid", _ID, primary_key=True),
    _required("answer", _ID, ForeignKey("answer.id"), index=True),
    _required("position", Integer),
    _required("kind", String(20)),
    _required("indicator", String(20)),
    _required("suggestions", JSON),
    _required("rules", JSON),
    _required("passages", JSON),
    _required("evidence", JSON),
    _required("states", JSON, server_default="[]"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", _ID, primary_key=True),
    _required("card", _ID, ForeignKey("card.uuid"), index=True),
    _required("fingerprint", String(64), unique=True),
    _required("outcome", String(20)),
    _required("outcome_at", UtcDateTime),
    _required("suggestions", JSON),
    Column("reason_system", _NAME),
    Column("reason_code", _ID),
    Column("comment", _ID),
    _required("received_at", UtcDateTime),
)

job = Table(
    "job",
    metadata,
    Column("id", _ID, primary_key=True),
    _required("cache_key", _NAME, unique=True),
    _required("state", String(20)),
    _required("payload", Text),
    _required("attempts", Integer),
    _required("queued_at", UtcDateTime),
    Column("worker", _NAME),
    Column("lease", _ID),
    Column("lease_until", UtcDateTime),
    Column("finished_at", UtcDateTime),
    Column("result", Text),
    _required("reasons", JSON),
    Index(None, "state", "queued_at"),
)

adapter = Table(
    "adapter",
    metadata,
    Column("digest", String(64), primary_key=True),
    _required("id", _ID, index=True),
    _required("identity", String(64)),
    _required("added_at", UtcDateTime),
)

promotion = Table(
    "promotion",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("adapter", String(64), ForeignKey("adapter.digest")),
    Column("back_to", Integer, ForeignKey("promotion.seq")),
    _required("made_at", UtcDateTime),
)

worker = Table(
    "worker",
    metadata,
    Column("id", _NAME, primary_key=True),
    _required("model_version", _NAME),
    _required("started_at", UtcDateTime),
    _required("beat_at", UtcDateTime, index=True),
)
