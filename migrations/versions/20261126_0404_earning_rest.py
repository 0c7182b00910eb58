"""Points of growth that give tiers and are never spent; points that wait for an event."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

NEVER_SPENT = "NOT growth OR (NOT transferable AND NOT buys_goods AND coalesce(spendable = '[]'::jsonb, false))"


def upgrade() -> None:
    _growth()
    _awaited()


def downgrade() -> None:
    op.drop_column("earning_award", "awaits_until")
    op.drop_column("earning_award", "awaits")
    op.drop_column("tier_history", "growth_points")
    op.drop_column("tier_scheme_line", "growth_points")
    op.drop_column("tier_scheme", "growth_wallet")
    op.drop_constraint(op.f("ck_wallet_growth_is_never_spent"), "wallet")
    op.drop_column("wallet", "growth")


def _awaited() -> None:
    op.add_column("earning_award", sa.Column("awaits", sa.Text()))
    op.add_column("earning_award", sa.Column("awaits_until", sa.Date()))
    op.create_check_constraint(
        op.f("ck_earning_award_awaits_complete"), "earning_award", "(awaits IS NULL) = (awaits_until IS NULL)"
    )
    op.create_index(
        op.f("ix_earning_award_customer_id_entry_id"),
        "earning_award",
        ["customer_id", "entry_id"],
        postgresql_where=sa.text("awaits IS NOT NULL"),
    )


def _growth() -> None:
    op.add_column("wallet", sa.Column("growth", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("wallet", "growth", server_default=None)
    op.execute("GRANT UPDATE (growth) ON wallet TO guibin_bank")
    # The wallet of the first seed, which was never in use: nothing could switch it on before there was this.
    op.execute(
        "UPDATE wallet SET growth = true, spendable = '[]', expiry = 'rolling', expiry_years = NULL, expiry_months = 12"
        " WHERE code = 'growth' AND NOT active AND NOT transferable AND NOT buys_goods"
    )
    op.create_check_constraint(op.f("ck_wallet_growth_is_never_spent"), "wallet", NEVER_SPENT)
    op.add_column("tier_scheme", sa.Column("growth_wallet", sa.Text()))
    op.create_foreign_key(
        op.f("fk_tier_scheme_growth_wallet_wallet"), "tier_scheme", "wallet", ["growth_wallet"], ["code"]
    )
    op.add_column("tier_scheme_line", sa.Column("growth_points", sa.BigInteger()))
    op.create_check_constraint(
        op.f("ck_tier_scheme_line_growth_points_positive"), "tier_scheme_line", "growth_points > 0"
    )
    op.add_column("tier_history", sa.Column("growth_points", sa.BigInteger()))
