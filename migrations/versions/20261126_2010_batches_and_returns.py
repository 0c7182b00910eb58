"""A batch that could not be taken is tried again later, and keeps no other line waiting; a return is one return."""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    zero = sa.text("0")
    op.add_column("feed_batch", sa.Column("failures", sa.Integer(), server_default=zero, nullable=False))
    op.add_column("feed_batch", sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("GRANT UPDATE (failures, retry_at) ON feed_batch TO guibin_worker")
    op.create_table(
        "event_return",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("returns", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("reference", "line", name=op.f("pk_event_return")),
    )
    op.execute("GRANT SELECT, INSERT ON event_return TO guibin_bank, guibin_worker")


def downgrade() -> None:
    op.drop_table("event_return")
    op.drop_column("feed_batch", "retry_at")
    op.drop_column("feed_batch", "failures")
