"""Every repayment is kept by its reference, not the last one alone: told again, however late, it counts once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "redemption_payment", sa.Column("repayments", JSONB(), server_default=sa.text("'{}'"), nullable=False)
    )
    # What was repaid before is known as a sum with its last reference.
    op.execute(
        "UPDATE redemption_payment SET repayments = jsonb_build_object(repaid_reference, repaid_fen)"
        " WHERE repaid_reference IS NOT NULL"
    )
    op.execute("GRANT UPDATE (repayments) ON redemption_payment TO guibin_bank")


def downgrade() -> None:
    op.drop_column("redemption_payment", "repayments")
