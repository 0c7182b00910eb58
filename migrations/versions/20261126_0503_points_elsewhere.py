"""What points are worth in money, by kind of points."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("wallet", sa.Column("valuation", postgresql.JSONB(), nullable=True))
    op.create_check_constraint(op.f("ck_wallet_growth_has_no_worth"), "wallet", "NOT growth OR valuation IS NULL")
    op.execute("GRANT UPDATE (valuation) ON wallet TO guibin_bank")


def downgrade() -> None:
    op.execute("REVOKE UPDATE (valuation) ON wallet FROM guibin_bank")
    op.drop_constraint(op.f("ck_wallet_growth_has_no_worth"), "wallet")
    op.drop_column("wallet", "valuation")
