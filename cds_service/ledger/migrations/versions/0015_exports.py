"""Exports: what was ordered, approved, made."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "export_order",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cards", sa.JSON, nullable=False),
        sa.Column("outcomes", sa.JSON, nullable=False),
        sa.Column("verdicts", sa.JSON, nullable=False),
        sa.Column("priorities", sa.JSON, nullable=False),
        sa.Column("profile", sa.String(30), nullable=False),
        sa.Column("purpose", sa.String(40), nullable=False),
        sa.Column("words", sa.String(64), nullable=False),
        sa.Column("ordered_by", sa.String(64), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(60)),
        sa.Column("preview", sa.String(64)),
        sa.Column("digest", sa.String(64)),
        sa.Column("cases", sa.Integer),
        sa.Column("approved_by", sa.String(64)),
        sa.Column("approved_at", sa.DateTime(timezone=True)),
        sa.Column("declared", sa.String(80)),
        sa.Column("stage", sa.String(40), nullable=False),
        sa.Column("share", sa.Float, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("worker", sa.String(200)),
        sa.Column("lease", sa.String(64)),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("folder", sa.String(1000)),
        sa.Column("rows", sa.Integer),
        sa.Column("subjects", sa.Integer),
        sa.Column("manifest", sa.String(64)),
        sa.Column("left_out", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_export_order"),
    )
    op.create_index("ix_export_order_state", "export_order", ["state"])
    op.create_index("ix_export_order_ordered_at", "export_order", ["ordered_at"])
    op.create_table(
        "export_event",
        sa.Column("order", sa.String(64), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("before", sa.String(20), nullable=False),
        sa.Column("after", sa.String(20), nullable=False),
        sa.Column("why", sa.String(60), nullable=False),
        sa.ForeignKeyConstraint(["order"], ["export_order.id"], name="fk_export_event_order"),
        sa.PrimaryKeyConstraint("order", "seq", name="pk_export_event"),
    )


def downgrade() -> None:
    op.drop_table("export_event")
    op.drop_table("export_order")
