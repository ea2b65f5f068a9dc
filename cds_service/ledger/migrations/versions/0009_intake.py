"""Forms that patients fill in before a visit. What they answered is sealed in the vault."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "intake",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("client", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("started_by", sa.String(64), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(64)),
        sa.Column("code_until", sa.DateTime(timezone=True)),
        sa.Column("tablet", sa.String(64)),
        sa.Column("tablet_until", sa.DateTime(timezone=True)),
        sa.Column("signs", sa.JSON, nullable=False),
        sa.Column("warned", sa.JSON, nullable=False),
        sa.Column("warned_at", sa.DateTime(timezone=True)),
        sa.Column("seen_by", sa.String(64)),
        sa.Column("seen_at", sa.DateTime(timezone=True)),
        sa.Column("filled_by", sa.String(20)),
        sa.Column("response", sa.String(64)),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_intake"),
        sa.UniqueConstraint("code", name="uq_intake_code"),
        sa.UniqueConstraint("tablet", name="uq_intake_tablet"),
    )
    op.create_index("ix_intake_started_at", "intake", ["started_at"])
    op.create_index("ix_intake_subject_answered_at", "intake", ["subject", "answered_at"])


def downgrade() -> None:
    op.drop_table("intake")
