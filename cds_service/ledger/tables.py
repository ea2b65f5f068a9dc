"""The tables.

Outside `vault_subject`, `vault_item` and `vault_export` (sealed) stand only opaque ids, codes, counts and de-identified
values, and in `account` the names of the clinic's own people. A change here needs a migration: a test compares the two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
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
    _required("stage", String(20), server_default="full"),
    _required("shadowed", JSON, server_default="[]"),
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

# -- oversight: alerts, and reviews that people sign -----------------------------------------------------------------
alert = Table(
    "alert",
    metadata,
    Column("id", _ID, primary_key=True),
    _required("limit_id", _ID, index=True),
    _required("value", Float),
    _required("bound", Float),
    _required("raised_at", UtcDateTime),
    Column("cleared_at", UtcDateTime),
)

sign_off = Table(
    "sign_off",
    metadata,
    Column("id", _ID, primary_key=True),
    _required("kind", String(40)),
    _required("due_at", UtcDateTime),
    _required("signed_at", UtcDateTime),
    _required("account", _ID),
    _required("role", String(20)),
    _required("note", _ID),
    _required("report", String(64)),
    UniqueConstraint("kind", "due_at"),
)

# -- accounts: who may sign in (the clinic's own people, by name), who is signed in, and who is on the way ------------
account = Table(
    "account",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("name", _ID, unique=True),
    _required("shown", _NAME),
    _required("role", String(20)),
    Column("password", _NAME),
    _required("must_change", Boolean),
    Column("issuer", String(500)),
    Column("issuer_subject", String(255)),
    _required("claimed", Boolean),
    _required("failures", Integer),
    Column("locked_until", UtcDateTime),
    Column("disabled_at", UtcDateTime),
    _required("created_at", UtcDateTime),
    UniqueConstraint("issuer", "issuer_subject"),
)

session = Table(
    "session",
    metadata,
    Column("id", String(64), primary_key=True),
    _required("account", _ID, ForeignKey("account.id"), index=True),
    _required("started_at", UtcDateTime),
    _required("seen_at", UtcDateTime),
)

sign_in = Table(
    "sign_in",
    metadata,
    Column("state", String(64), primary_key=True),
    _required("browser", String(64)),
    _required("provider", String(500)),
    _required("nonce", _ID),
    _required("verifier", _NAME),
    _required("next", String(500)),
    _required("started_at", UtcDateTime, index=True),
)

# -- roll-out: the newest row of a part says how far it is rolled out -------------------------------------------------
roll_out = Table(
    "roll_out",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _required("part", String(80)),
    _required("stage", String(20)),
    _required("places", JSON),
    _required("changed_at", UtcDateTime),
    Index(None, "part", "seq"),
)

# -- intake: forms that patients fill in before a visit; what they answered is sealed in the vault ---------------------
intake = Table(
    "intake",
    metadata,
    Column("id", _ID, primary_key=True),
    _required("client", _NAME),
    _required("subject", _ID),
    _required("state", String(20)),
    _required("started_by", _ID),
    _required("started_at", UtcDateTime, index=True),
    Column("code", String(64), unique=True),
    Column("code_until", UtcDateTime),
    Column("tablet", String(64), unique=True),
    Column("tablet_until", UtcDateTime),
    _required("signs", JSON),
    _required("warned", JSON),
    Column("warned_at", UtcDateTime),
    Column("seen_by", _ID),
    Column("seen_at", UtcDateTime),
    Column("filled_by", String(20)),
    Column("response", _ID),
    Column("answered_at", UtcDateTime),
    Index(None, "subject", "answered_at"),
)

# -- notifications: what a physician is told, and by which ways --------------------------------------------------------
notification = Table(
    "notification",
    metadata,
    Column("id", _ID, primary_key=True),
    _required("case", _ID, index=True),
    _required("version", Integer),
    _required("level", Integer),
    _required("priority", Integer),
    _required("topics", JSON),
    _required("created_at", UtcDateTime),
    Column("escalate_at", UtcDateTime, index=True),
    Column("ended", String(20)),
    UniqueConstraint("case", "version", "level"),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", _ID, primary_key=True),
    _required("notification", _ID, ForeignKey("notification.id")),
    _required("channel", _ID),
    _required("kind", String(20)),
    _required("state", String(20)),
    _required("attempts", Integer),
    Column("due_at", UtcDateTime),
    Column("lease", _ID),
    Column("lease_until", UtcDateTime),
    Column("last_at", UtcDateTime),
    Column("problem", String(40)),
    UniqueConstraint("notification", "channel"),
    Index(None, "state", "channel"),
)

# -- review: cases that wait for a clinician, what became of them, who has one open ------------------------------------
review_case = Table(
    "review_case",
    metadata,
    Column("id", _ID, primary_key=True),
    _required("subject", _ID, ForeignKey("vault_subject.subject")),
    _required("client", _NAME),
    _required("answer", _ID),
    _required("snapshot", _ID),
    Column("job", _ID, index=True),
    _required("floor", Integer),
    _required("priority", Integer),
    Column("model_priority", Integer),
    _required("assessing", String(20)),
    _required("reviewing", String(30)),
    _required("informing", String(20)),
    _required("topics", JSON),
    _required("states", JSON),
    Column("data_at", UtcDateTime),
    _required("waits_since", UtcDateTime),
    _required("stage", String(20)),
    Column("location", _NAME),
    _required("opened_at", UtcDateTime, index=True),
    _required("changed_at", UtcDateTime),
    _required("version", Integer),
    Column("decided_at", UtcDateTime, index=True),
    Column("decided_by", _ID),
    Column("decided_priority", Integer),
    Index(None, "subject", "opened_at"),
    Index(None, "informing", "stage"),
    Index("ix_review_case_queue", "reviewing", "priority", "waits_since", "id", "stage"),
)

review_event = Table(
    "review_event",
    metadata,
    Column("case", _ID, ForeignKey("review_case.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _required("at", UtcDateTime),
    _required("actor", _NAME),
    _required("role", String(20)),
    _required("track", String(20)),
    _required("before", String(30)),
    _required("after", String(30)),
    _required("why", String(40)),
)

review_record = Table(
    "review_record",
    metadata,
    Column("case", _ID, ForeignKey("review_case.id"), primary_key=True),
    _required("answer", _ID, index=True),
    _required("verdict", String(20)),
    _required("floor", Integer),
    _required("system_priority", Integer),
    Column("model_priority", Integer),
    Column("priority", Integer),
    Column("reason", _ID),
    _required("edited", Boolean),
    Column("confidence", Integer),
    _required("account", _ID),
    _required("role", String(20)),
    _required("stage", String(20)),
    _required("decided_at", UtcDateTime, index=True),
    Column("review_s", Float),
    _required("turn_round_s", Float),
    _required("notes", _ID),
)

review_look = Table(
    "review_look",
    metadata,
    Column("case", _ID, ForeignKey("review_case.id"), primary_key=True),
    Column("account", _ID, primary_key=True),
    _required("first_at", UtcDateTime),
    _required("since", UtcDateTime),
    _required("seen_at", UtcDateTime),
    _required("was_left", Boolean),
)
