"""Counters of rate limits that all processes share."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rate_counter",
        sa.Column(
            "subject",
            sa.LargeBinary(),
            nullable=False,
            comment="Keyed hash of a token's subject or a client's address",
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("calls > 0", name=op.f("ck_rate_counter_calls_are_counted")),
        sa.CheckConstraint("octet_length(subject) = 32", name=op.f("ck_rate_counter_subject_is_a_keyed_hash")),
        sa.PrimaryKeyConstraint("subject", "name", name=op.f("pk_rate_counter")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE ON rate_counter TO guibin_customer, guibin_bank")


def downgrade() -> None:
    op.drop_table("rate_counter")
