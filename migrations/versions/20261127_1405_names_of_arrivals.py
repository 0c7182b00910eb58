"""What lines tell of a customer into whom another was merged keeps by which name, so that an undoing gives it back."""

import sqlalchemy as sa
from alembic import op

revision = "0078"
down_revision = "0077"
branch_labels = None
depends_on = None

TABLES = ("customer_event", "touch", "customer_restriction")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("named_by", sa.LargeBinary(), nullable=True))
    op.add_column("earning_award", sa.Column("passed_to", sa.Uuid(), nullable=True))
    for role in ("guibin_bank", "guibin_worker"):
        op.execute(f"GRANT UPDATE (passed_to) ON earning_award TO {role}")


def downgrade() -> None:
    op.drop_column("earning_award", "passed_to")
    for table in TABLES:
        op.drop_column(table, "named_by")
