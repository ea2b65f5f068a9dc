"""Cases that wait for a clinician, and what became of them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.String(64)
NAME = sa.String(200)
WORD = sa.String(20)
TIME = sa.DateTime(timezone=True)


def required(name: str, kind: sa.types.TypeEngine[Any] | type[sa.types.TypeEngine[Any]]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def upgrade() -> None:
    op.create_table(
        "review_case",
        required("id", ID),
        required("subject", ID),
        required("client", NAME),
        required("answer", ID),
        required("snapshot", ID),
        sa.Column("job", ID),
        required("floor", sa.Integer),
        required("priority", sa.Integer),
        sa.Column("model_priority", sa.Integer),
        required("assessing", WORD),
        required("reviewing", sa.String(30)),
        required("informing", WORD),
        required("topics", sa.JSON),
        required("states", sa.JSON),
        sa.Column("data_at", TIME),
        required("waits_since", TIME),
        required("stage", WORD),
        sa.Column("location", NAME),
        required("opened_at", TIME),
        required("changed_at", TIME),
        required("version", sa.Integer),
        sa.Column("decided_at", TIME),
        sa.Column("decided_by", ID),
        sa.Column("decided_priority", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="pk_review_case"),
        sa.ForeignKeyConstraint(["subject"], ["vault_subject.subject"], name="fk_review_case_subject"),
    )
    op.create_index("ix_review_case_job", "review_case", ["job"])
    op.create_index("ix_review_case_opened_at", "review_case", ["opened_at"])
    op.create_index("ix_review_case_decided_at", "review_case", ["decided_at"])
    op.create_index("ix_review_case_subject_opened_at", "review_case", ["subject", "opened_at"])
    op.create_index("ix_review_case_informing_stage", "review_case", ["informing", "stage"])
    op.create_index("ix_review_case_queue", "review_case", ["reviewing", "priority", "waits_since", "id", "stage"])
    op.create_table(
        "review_event",
        required("case", ID),
        sa.Column("seq", sa.Integer, nullable=False, autoincrement=False),
        required("at", TIME),
        required("actor", NAME),
        required("role", WORD),
        required("track", WORD),
        required("before", sa.String(30)),
        required("after", sa.String(30)),
        required("why", sa.String(40)),
        sa.PrimaryKeyConstraint("case", "seq", name="pk_review_event"),
        sa.ForeignKeyConstraint(["case"], ["review_case.id"], name="fk_review_event_case"),
    )
    op.create_table(
        "review_record",
        required("case", ID),
        required("answer", ID),
        required("verdict", WORD),
        required("floor", sa.Integer),
        required("system_priority", sa.Integer),
        sa.Column("model_priority", sa.Integer),
        sa.Column("priority", sa.Integer),
        sa.Column("reason", ID),
        required("edited", sa.Boolean),
        sa.Column("confidence", sa.Integer),
        required("account", ID),
        required("role", WORD),
        required("stage", WORD),
        required("decided_at", TIME),
        sa.Column("review_s", sa.Float),
        required("turn_round_s", sa.Float),
        required("notes", ID),
        sa.PrimaryKeyConstraint("case", name="pk_review_record"),
        sa.ForeignKeyConstraint(["case"], ["review_case.id"], name="fk_review_record_case"),
    )
    op.create_index("ix_review_record_answer", "review_record", ["answer"])
    op.create_index("ix_review_record_decided_at", "review_record", ["decided_at"])
    op.create_table(
        "review_look",
        required("case", ID),
        required("account", ID),
        required("first_at", TIME),
        required("since", TIME),
        required("seen_at", TIME),
        required("was_left", sa.Boolean),
        sa.PrimaryKeyConstraint("case", "account", name="pk_review_look"),
        sa.ForeignKeyConstraint(["case"], ["review_case.id"], name="fk_review_look_case"),
    )


def downgrade() -> None:
    op.drop_table("review_look")
    op.drop_table("review_record")
    op.drop_table("review_event")
    op.drop_table("review_case")
