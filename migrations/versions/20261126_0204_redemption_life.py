"""What follows a redemption: a customer may end an own one, units of it are given back, and its codes have a last day."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

COLUMNS = {"quantity_refunded": sa.Integer(), "quota_refunded": sa.Integer(), "points_refunded": sa.BigInteger()}
WRITTEN = ", ".join(("state", *COLUMNS))


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("redemption", sa.Column(name, kind, nullable=False, server_default="0"))
        op.alter_column("redemption", name, server_default=None)
    op.add_column("redemption", sa.Column("valid_until", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_redemption_refunded_within_taken"),
        "redemption",
        "quantity_refunded BETWEEN 0 AND quantity AND quota_refunded BETWEEN 0 AND quota_used"
        " AND points_refunded BETWEEN 0 AND points_charged",
    )
    op.execute(f"GRANT UPDATE ({WRITTEN}) ON redemption TO guibin_customer, guibin_bank")


def downgrade() -> None:
    op.execute("REVOKE UPDATE (state) ON redemption FROM guibin_customer")
    op.drop_constraint(op.f("ck_redemption_refunded_within_taken"), "redemption")
    for name in ("valid_until", *COLUMNS):
        op.drop_column("redemption", name)
