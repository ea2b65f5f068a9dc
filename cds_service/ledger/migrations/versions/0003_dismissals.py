"""Who was shown an answer, and the states of the care gaps on its card, both as keyed hashes."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("answer", sa.Column("user_key", sa.String(64), nullable=True))
    op.add_column("card", sa.Column("states", sa.JSON, nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("card", "states")
    op.drop_column("answer", "user_key")
