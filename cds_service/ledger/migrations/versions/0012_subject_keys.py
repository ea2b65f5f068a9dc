"""A key of its own for each subject of the vault."""

import sqlalchemy as sa
from alembic import op
from alembic.util.exc import CommandError

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vault_key",
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("sealing_key", sa.String(64), nullable=False),
        sa.Column("nonce", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["subject"], ["vault_subject.subject"], name="fk_vault_key_subject"),
        sa.PrimaryKeyConstraint("subject", name="pk_vault_key"),
    )
    op.create_index("ix_vault_key_sealing_key", "vault_key", ["sealing_key"])
    sealed_with_the_file = sa.text("sealing_key >= 'key-'")
    for table in ("vault_subject", "vault_item", "vault_export"):
        op.create_index(
            f"ix_{table}_sealing_key",
            table,
            ["sealing_key"],
            sqlite_where=sealed_with_the_file,
            postgresql_where=sealed_with_the_file,
        )


def downgrade() -> None:
    if op.get_bind().execute(sa.text("SELECT 1 FROM vault_key")).first():
        raise CommandError("the values of the vault are sealed with keys in vault_key: restore a backup instead")
    for table in ("vault_subject", "vault_item", "vault_export"):
        op.drop_index(f"ix_{table}_sealing_key", table)
    op.drop_table("vault_key")
