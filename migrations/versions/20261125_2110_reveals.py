"""Looks at unmasked values: how many a member of staff has had in a day."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reveal_day",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("revealed", sa.Integer(), nullable=False),
        sa.CheckConstraint("revealed > 0", name=op.f("ck_reveal_day_counted")),
        sa.PrimaryKeyConstraint("staff_id", "day", name=op.f("pk_reveal_day")),
    )
    op.execute("GRANT SELECT, INSERT ON reveal_day TO guibin_bank")
    op.execute("GRANT UPDATE (revealed) ON reveal_day TO guibin_bank")
    op.execute("GRANT SELECT ON reveal_day TO guibin_worker")


def downgrade() -> None:
    op.drop_table("reveal_day")
