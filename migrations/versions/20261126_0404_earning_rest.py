"""Points of growth that give tiers and are never spent; points that wait for an event; rules that notice speed."""

import re
from collections.abc import Callable, Sequence

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

NEVER_SPENT = "NOT growth OR (NOT transferable AND NOT buys_goods AND coalesce(spendable = '[]'::jsonb, false))"
EVENTS = ("points.speed_noticed",)
KNOWN = "ck_outbox_event_type_known"
GRANTS = (
    "SELECT, INSERT ON velocity_rule TO guibin_bank",
    "UPDATE (wallet, measure, hours, most, action, reason_zh, reason_en, active, revision) ON velocity_rule TO guibin_bank",
    "SELECT ON velocity_rule TO guibin_worker",
    "SELECT ON velocity_hit TO guibin_customer, guibin_bank",
    "SELECT, INSERT ON velocity_hit TO guibin_worker",
    "EXECUTE ON FUNCTION points_account_state TO guibin_worker",
)
LINES = (
    *("card_spend", "payment", "transfer_in", "transfer_out", "deposit", "withdrawal", "salary", "pension"),
    *("loan_drawdown", "loan_repayment", "fund_purchase", "fund_redemption", "insurance_premium", "login"),
    *("referral", "other"),
)
OWN = ("birthday", "anniversary", "code")
ALL_ROWS = "(SELECT row_scope_bank())"
MINE = "customer_id = (SELECT row_scope_customer())"


def upgrade() -> None:
    _growth()
    _awaited()
    _velocity()
    _codes()


def downgrade() -> None:
    op.drop_table("code_entry")
    named = sa.table("customer_event", sa.column("event_type", sa.Text))
    op.execute(sa.delete(named).where(named.c.event_type.in_(OWN)))
    _event_types(LINES)
    for table, column in (("event_delivery", "event_type"), ("outbox_event", "type")):
        named = sa.column(column, sa.Text)
        op.execute(sa.delete(sa.table(table, named)).where(named.in_(EVENTS)))
    _events(lambda known: tuple(name for name in known if name not in EVENTS))
    op.execute("REVOKE EXECUTE ON FUNCTION points_account_state FROM guibin_worker")
    op.drop_table("velocity_hit")
    op.drop_table("velocity_rule")
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


def _velocity() -> None:
    op.create_table(
        "velocity_rule",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("wallet", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason_zh", sa.Text(), nullable=False),
        sa.Column("reason_en", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "measure IN ('redemptions', 'earnings', 'points_spent', 'points_earned')",
            name=op.f("ck_velocity_rule_measure_known"),
        ),
        sa.CheckConstraint("action IN ('flag', 'freeze')", name=op.f("ck_velocity_rule_action_known")),
        sa.CheckConstraint("hours BETWEEN 1 AND 744", name=op.f("ck_velocity_rule_hours_in_range")),
        sa.CheckConstraint("most >= 0", name=op.f("ck_velocity_rule_most_not_negative")),
        sa.ForeignKeyConstraint(["wallet"], ["wallet.code"], name=op.f("fk_velocity_rule_wallet_wallet")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_velocity_rule")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "velocity_hit",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule_code", sa.Text(), nullable=False),
        sa.Column("wallet", sa.Text(), nullable=False),
        sa.Column("observed", sa.BigInteger(), nullable=False),
        sa.Column("froze", sa.Boolean(), nullable=False),
        sa.Column("reason_zh", sa.Text(), nullable=False),
        sa.Column("reason_en", sa.Text(), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_velocity_hit_customer_id_customer")),
        sa.ForeignKeyConstraint(
            ["rule_code"], ["velocity_rule.code"], name=op.f("fk_velocity_hit_rule_code_velocity_rule")
        ),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_velocity_hit")),
        info={"distribution": ("customer_id", "customer")},
    )
    columns = ["customer_id", "wallet", "noticed_at"]
    op.create_index(op.f("ix_velocity_hit_customer_id_wallet_noticed_at"), "velocity_hit", columns)
    op.create_index(op.f("ix_velocity_hit_noticed_at_id"), "velocity_hit", ["noticed_at", "id"])
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    _protect("velocity_hit")
    _events(lambda known: (*known, *EVENTS))


def _events(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
    """Change the list of events as it stands: other revisions add theirs."""
    definition = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    known: str = op.get_bind().execute(sa.text(definition), {"name": KNOWN}).scalar_one()
    names = change(tuple(re.findall(r"'([a-z_.]+)'", known)))
    listed = ", ".join(f"'{name}'" for name in names)
    op.drop_constraint(op.f(KNOWN), "outbox_event")
    op.create_check_constraint(op.f(KNOWN), "outbox_event", f"type IN ({listed})")


def _protect(table: str) -> None:
    seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ({ALL_ROWS} OR {seen})")
    op.execute(f"CREATE POLICY customer_rows ON {table} TO guibin_customer USING ({ALL_ROWS} OR {MINE})")


def _codes() -> None:
    _event_types((*LINES, *OWN))
    op.create_table(
        "code_entry",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('accepted', 'earned', 'nothing')", name=op.f("ck_code_entry_state_known")),
        sa.CheckConstraint("(state = 'earned') = (points > 0)", name=op.f("ck_code_entry_points_when_earned")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_code_entry_customer_id_customer")),
        sa.PrimaryKeyConstraint("customer_id", "code", name=op.f("pk_code_entry")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_code_entry_customer_id_code"),
        "code_entry",
        ["customer_id", "code"],
        postgresql_where=sa.text("state = 'accepted'"),
    )
    _protect("code_entry")
    op.execute("GRANT SELECT, INSERT ON code_entry TO guibin_customer")
    op.execute("GRANT SELECT, UPDATE (state, points) ON code_entry TO guibin_worker")


def _event_types(known: Sequence[str]) -> None:
    listed = ", ".join(f"'{name}'" for name in known)
    op.drop_constraint(op.f("ck_customer_event_event_type_known"), "customer_event")
    op.create_check_constraint(
        op.f("ck_customer_event_event_type_known"), "customer_event", f"event_type IN ({listed})"
    )
