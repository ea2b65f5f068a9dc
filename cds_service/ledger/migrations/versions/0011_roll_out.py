"""How far a rule, the model or the service is rolled out, and how far the service was when it made an answer."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "roll_out",
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("part", sa.String(80), nullable=False),
        sa.Column("stage", sa.String(20), nullable=False),
        sa.Column("places", sa.JSON, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_roll_out"),
    )
    op.create_index("ix_roll_out_part_seq", "roll_out", ["part", "seq"])
    op.add_column("answer", sa.Column("stage", sa.String(20), nullable=False, server_default="full"))
    op.add_column("answer", sa.Column("shadowed", sa.JSON, nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("answer", "shadowed")
    op.drop_column("answer", "stage")
    op.drop_index("ix_roll_out_part_seq", "roll_out")
    op.drop_table("roll_out")
