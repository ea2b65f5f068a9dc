"""First tables: audit chain, vault, answers, cards, feedback, jobs, workers."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.String(64)
NAME = sa.String(200)
WORD = sa.String(20)
TIME = sa.DateTime(timezone=True)

SQLITE_APPEND_ONLY = (
    """
    CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END
    """,
    """
    CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END
    """,
    # INSERT OR REPLACE deletes without firing the trigger above
    """
    CREATE TRIGGER audit_event_next_only BEFORE INSERT ON audit_event
    WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit_event)
    BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END
    """,
)
POSTGRESQL_APPEND_ONLY = (
    """
    CREATE FUNCTION audit_event_append_only() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'audit events are append-only'; END $$
    """,
    """
    CREATE TRIGGER audit_event_no_update BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_append_only()
    """,
)


def required(name: str, kind: sa.types.TypeEngine[Any] | type[sa.types.TypeEngine[Any]]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    op.create_table(
        "audit_event",
        sa.Column("seq", sa.BigInteger, autoincrement=False),
        required("time", sa.String(32)),
        required("kind", sa.String(40)),
        required("actor", NAME),
        required("outcome", WORD),
        sa.Column("subject", ID),
        required("detail", sa.Text),
        required("previous", ID),
        required("hash", ID),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_event"),
    )
    op.create_index("ix_audit_event_subject", "audit_event", ["subject"])
    for statement in SQLITE_APPEND_ONLY if op.get_bind().dialect.name == "sqlite" else POSTGRESQL_APPEND_ONLY:
        op.execute(statement)

    op.create_table(
        "vault_subject",
        required("subject", ID),
        required("index_key", ID),
        required("blind_index", ID),
        required("sealing_key", ID),
        required("nonce", sa.LargeBinary),
        required("sealed", sa.LargeBinary),
        required("created_at", TIME),
        sa.PrimaryKeyConstraint("subject", name="pk_vault_subject"),
        sa.UniqueConstraint("index_key", "blind_index", name="uq_vault_subject_index_key_blind_index"),
    )
    op.create_table(
        "vault_item",
        required("id", ID),
        required("kind", WORD),
        sa.Column("subject", ID),
        required("sealing_key", ID),
        required("nonce", sa.LargeBinary),
        required("sealed", sa.LargeBinary),
        required("created_at", TIME),
        required("expires_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_vault_item"),
        sa.ForeignKeyConstraint(["subject"], ["vault_subject.subject"], name="fk_vault_item_subject"),
    )
    op.create_index("ix_vault_item_subject", "vault_item", ["subject"])
    op.create_index("ix_vault_item_expires_at", "vault_item", ["expires_at"])

    op.create_table(
        "answer",
        required("id", ID),
        required("service", NAME),
        required("hook", NAME),
        sa.Column("hook_instance", ID),
        required("client", NAME),
        sa.Column("subject", ID),
        sa.Column("snapshot", ID),
        sa.Column("job", ID),
        required("priority", sa.Integer),
        required("floor", sa.Integer),
        required("status", WORD),
        required("reasons", sa.JSON),
        required("findings", sa.JSON),
        required("passages", sa.JSON),
        sa.Column("assessment", sa.JSON),
        required("not_evaluated", sa.JSON),
        required("versions", sa.JSON),
        required("timings_ms", sa.JSON),
        required("created_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_answer"),
    )
    for column in ("hook_instance", "subject", "created_at"):
        op.create_index(f"ix_answer_{column}", "answer", [column])
    op.create_table(
        "card",
        required("uuid", ID),
        required("answer", ID),
        required("position", sa.Integer),
        required("kind", WORD),
        required("indicator", WORD),
        required("suggestions", sa.JSON),
        required("rules", sa.JSON),
        required("passages", sa.JSON),
        required("evidence", sa.JSON),
        sa.PrimaryKeyConstraint("uuid", name="pk_card"),
        sa.ForeignKeyConstraint(["answer"], ["answer.id"], name="fk_card_answer"),
    )
    op.create_index("ix_card_answer", "card", ["answer"])
    op.create_table(
        "feedback",
        required("id", ID),
        required("card", ID),
        required("fingerprint", ID),
        required("outcome", WORD),
        required("outcome_at", TIME),
        required("suggestions", sa.JSON),
        sa.Column("reason_system", NAME),
        sa.Column("reason_code", ID),
        sa.Column("comment", ID),
        required("received_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_feedback"),
        sa.UniqueConstraint("fingerprint", name="uq_feedback_fingerprint"),
        sa.ForeignKeyConstraint(["card"], ["card.uuid"], name="fk_feedback_card"),
    )
    op.create_index("ix_feedback_card", "feedback", ["card"])

    op.create_table(
        "job",
        required("id", ID),
        required("cache_key", NAME),
        required("state", WORD),
        required("payload", sa.Text),
        required("attempts", sa.Integer),
        required("queued_at", TIME),
        sa.Column("worker", NAME),
        sa.Column("lease", ID),
        sa.Column("lease_until", TIME),
        sa.Column("finished_at", TIME),
        sa.Column("result", sa.Text),
        required("reasons", sa.JSON),
        sa.PrimaryKeyConstraint("id", name="pk_job"),
        sa.UniqueConstraint("cache_key", name="uq_job_cache_key"),
    )
    op.create_index("ix_job_state_queued_at", "job", ["state", "queued_at"])
    op.create_table(
        "worker",
        required("id", NAME),
        required("model_version", NAME),
        required("started_at", TIME),
        required("beat_at", TIME),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
    )
    op.create_index("ix_worker_beat_at", "worker", ["beat_at"])


def downgrade() -> None:
    raise NotImplementedError("the audit chain is append-only: restore a backup instead")
