"""The registry of adapters, and which one serves: the newest promotion says it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "adapter",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("identity", sa.String(64), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_adapter"),
    )
    op.create_index("ix_adapter_id", "adapter", ["id"])
    op.create_table(
        "promotion",
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("adapter", sa.String(64)),
        sa.Column("back_to", sa.Integer),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_promotion"),
        sa.ForeignKeyConstraint(["adapter"], ["adapter.digest"], name="fk_promotion_adapter"),
        sa.ForeignKeyConstraint(["back_to"], ["promotion.seq"], name="fk_promotion_back_to"),
    )


def downgrade() -> None:
    op.drop_table("promotion")
    op.drop_table("adapter")
