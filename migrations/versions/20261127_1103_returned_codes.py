"""Codes that went back with some of their redemption's units are void."""

import sqlalchemy as sa
from alembic import op

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("voucher_code", sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_voucher_code_returned_unused"),
        "voucher_code",
        "returned_at IS NULL OR (taken_at IS NOT NULL AND used_at IS NULL AND spent_fen = 0)",
    )
    op.execute("GRANT UPDATE (returned_at) ON voucher_code TO guibin_bank")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_voucher_code_returned_unused"), "voucher_code")
    op.drop_column("voucher_code", "returned_at")
