"""Audit events found by kind: each start asks for the newest of one kind."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAME = "ix_audit_event_kind_seq"


def upgrade() -> None:
    op.create_index(NAME, "audit_event", ["kind", "seq"])


def downgrade() -> None:
    op.drop_index(NAME, "audit_event")
