"""Codes by which an export knows its subjects, and their date offsets, sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.String(64)


def upgrade() -> None:
    op.create_table(
        "vault_export",
        sa.Column("export", ID, nullable=False),
        sa.Column("subject", ID, nullable=False),
        sa.Column("sealing_key", ID, nullable=False),
        sa.Column("nonce", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("export", "subject", name="pk_vault_export"),
        sa.ForeignKeyConstraint(["subject"], ["vault_subject.subject"], name="fk_vault_export_subject"),
    )


def downgrade() -> None:
    op.drop_table("vault_export")
