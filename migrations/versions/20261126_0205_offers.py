"""What rights are offered for: conditions, companions, whom else they serve, budgets, kill switches."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

LINES = (
    "'personal_finance', 'agri_credit', 'credit_card', 'consumer_credit', 'e_finance', 'small_enterprise',"
    " 'corporate_individual'"
)
PERIODS_BEFORE = "limit_period IN ('day', 'month', 'year', 'lifetime')"
PERIODS = "limit_period IN ('day', 'month', 'year', 'tier', 'lifetime')"
GRANTS = (
    "SELECT ON budget, budget_draw, rights_total, redemption_beneficiary TO guibin_customer, guibin_bank, guibin_worker",
    "SELECT ON kill_switch TO guibin_bank, guibin_worker",
    "SELECT (target, subject, earning, spending) ON kill_switch TO guibin_customer",
    "SELECT (customer_id, tag_code, since, until) ON customer_tag TO guibin_customer",
    "SELECT ON branch_closure TO guibin_customer",
    "INSERT, UPDATE (earning, spending, reason, set_by, set_at) ON kill_switch TO guibin_bank",
    "INSERT, UPDATE (points_limit, fen_limit) ON budget TO guibin_bank",
    "UPDATE (points_spent, fen_spent) ON budget TO guibin_customer, guibin_bank, guibin_worker",
    "INSERT, UPDATE (points, fen) ON budget_draw TO guibin_customer, guibin_bank, guibin_worker",
    "UPDATE (taken) ON rights_total TO guibin_customer, guibin_bank, guibin_worker",
    "INSERT ON rights_total TO guibin_bank",
    "INSERT ON redemption_beneficiary TO guibin_customer",
)
ALL_ROWS = "(SELECT row_scope_bank())"
SEEN = "EXISTS (SELECT FROM customer c WHERE c.id = redemption_beneficiary.customer_id)"
OWN = "customer_id = (SELECT row_scope_customer())"


def upgrade() -> None:
    _purposes("purpose IN ('bind', 'step_up')")
    _rights()
    _redemptions()
    _budgets()
    op.create_table(
        "kill_switch",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("earning", sa.Boolean(), nullable=False),
        sa.Column("spending", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("target IN ('programme', 'wallet', 'right')", name=op.f("ck_kill_switch_target_known")),
        sa.PrimaryKeyConstraint("target", "subject", name=op.f("pk_kill_switch")),
        info={"distribution": "reference"},
    )
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    op.execute("ALTER TABLE redemption_beneficiary ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_rows ON redemption_beneficiary TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON redemption_beneficiary TO guibin_bank USING ({ALL_ROWS} OR {SEEN})")
    op.execute(f"CREATE POLICY customer_rows ON redemption_beneficiary TO guibin_customer USING ({ALL_ROWS} OR {OWN})")


def downgrade() -> None:
    op.execute("REVOKE SELECT (customer_id, tag_code, since, until) ON customer_tag FROM guibin_customer")
    op.execute("REVOKE SELECT ON branch_closure FROM guibin_customer")
    for table in ("kill_switch", "budget_draw", "budget", "rights_total", "redemption_beneficiary"):
        op.drop_table(table)
    op.drop_index(op.f("ix_redemption_customer_id_step_up_id"), "redemption")
    op.drop_constraint(op.f("ck_redemption_guests_within_companions"), "redemption")
    for column in ("step_up_id", "cost_fen", "class_of_service", "guest_quota_used", "companions"):
        op.drop_column("redemption", column)
    op.drop_constraint(op.f("ck_rights_item_tax_kind_known"), "rights_item")
    _limit_periods(PERIODS_BEFORE)
    op.execute("DELETE FROM one_time_code WHERE purpose = 'step_up'")
    _purposes("purpose IN ('bind')")
    for column in ("tax_kind", "place", "featured", "labels", "brand", "offer"):
        op.drop_column("rights_item", column)


def _rights() -> None:
    jsonb = postgresql.JSONB(astext_type=sa.Text())
    for column, default in (
        (sa.Column("offer", jsonb, nullable=False), "{}"),
        (sa.Column("brand", sa.Text(), nullable=True), None),
        (sa.Column("labels", jsonb, nullable=False), "[]"),
        (sa.Column("featured", sa.Boolean(), nullable=False), "false"),
        (sa.Column("place", sa.Integer(), nullable=False), "0"),
        (sa.Column("tax_kind", sa.Text(), nullable=False), "none"),
    ):
        _add_column("rights_item", column, default)
    op.create_check_constraint(
        op.f("ck_rights_item_tax_kind_known"), "rights_item", "tax_kind IN ('none', 'gift', 'prize', 'discount')"
    )
    _limit_periods(PERIODS)
    op.create_table(
        "rights_total",
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("taken >= 0", name=op.f("ck_rights_total_taken_not_negative")),
        sa.PrimaryKeyConstraint("right_id", name=op.f("pk_rights_total")),
        info={"distribution": ("right_id", "rights_stock")},
    )


def _limit_periods(known: str) -> None:
    op.drop_constraint(op.f("ck_rights_item_limit_period_known"), "rights_item")
    op.create_check_constraint(op.f("ck_rights_item_limit_period_known"), "rights_item", known)


def _purposes(known: str) -> None:
    op.drop_constraint(op.f("ck_one_time_code_purpose_known"), "one_time_code")
    op.create_check_constraint(op.f("ck_one_time_code_purpose_known"), "one_time_code", known)


def _redemptions() -> None:
    for column, default in (
        (sa.Column("companions", sa.Integer(), nullable=False), "0"),
        (sa.Column("guest_quota_used", sa.Integer(), nullable=False), "0"),
        (sa.Column("class_of_service", sa.Text(), nullable=True), None),
        (sa.Column("cost_fen", sa.BigInteger(), nullable=False), "0"),
        (sa.Column("step_up_id", sa.Uuid(), nullable=True), None),
    ):
        _add_column("redemption", column, default)
    op.create_check_constraint(
        op.f("ck_redemption_guests_within_companions"),
        "redemption",
        "companions >= 0 AND guest_quota_used BETWEEN 0 AND companions",
    )
    op.create_index(
        op.f("ix_redemption_customer_id_step_up_id"),
        "redemption",
        ["customer_id", "step_up_id"],
        unique=True,
        postgresql_where=sa.text("step_up_id IS NOT NULL"),
    )
    op.create_table(
        "redemption_beneficiary",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("name_enc", sa.LargeBinary(), nullable=False),
        sa.Column("phone_enc", sa.LargeBinary(), nullable=False),
        sa.Column("certificate_enc", sa.LargeBinary(), nullable=True),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id", "redemption_id"],
            ["redemption.customer_id", "redemption.id"],
            name=op.f("fk_redemption_beneficiary_customer_id_redemption_id_redemption"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "redemption_id", name=op.f("pk_redemption_beneficiary")),
        info={"distribution": ("customer_id", "customer")},
    )


def _budgets() -> None:
    op.create_table(
        "budget",
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("points_limit", sa.BigInteger(), nullable=True),
        sa.Column("fen_limit", sa.BigInteger(), nullable=True),
        sa.Column("points_spent", sa.BigInteger(), nullable=False),
        sa.Column("fen_spent", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"line IN ({LINES})", name=op.f("ck_budget_line_known")),
        sa.CheckConstraint("points_limit IS NOT NULL OR fen_limit IS NOT NULL", name=op.f("ck_budget_bounded")),
        sa.CheckConstraint(
            "points_spent >= 0 AND (points_limit IS NULL OR points_spent <= points_limit)",
            name=op.f("ck_budget_points"),
        ),
        sa.CheckConstraint(
            "fen_spent >= 0 AND (fen_limit IS NULL OR fen_spent <= fen_limit)", name=op.f("ck_budget_fen")
        ),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_budget_branch_id_branch")),
        sa.PrimaryKeyConstraint("branch_id", "id", name=op.f("pk_budget")),
        sa.UniqueConstraint("branch_id", "year", "line", name=op.f("uq_budget_branch_id_year_line")),
        info={"distribution": ("branch_id",)},
    )
    op.create_table(
        "budget_draw",
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("budget_id", sa.Uuid(), nullable=False),
        sa.Column("source_kind", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("points >= 0 AND fen >= 0", name=op.f("ck_budget_draw_not_negative")),
        sa.ForeignKeyConstraint(
            ["branch_id", "budget_id"],
            ["budget.branch_id", "budget.id"],
            name=op.f("fk_budget_draw_branch_id_budget_id_budget"),
        ),
        sa.PrimaryKeyConstraint("branch_id", "budget_id", "source_kind", "source_id", name=op.f("pk_budget_draw")),
        info={"distribution": ("branch_id", "budget")},
    )
    op.create_index(op.f("ix_budget_draw_source_kind_source_id"), "budget_draw", ["source_kind", "source_id"])


def _add_column(table: str, column: "sa.Column[object]", default: str | None) -> None:
    """Add a column; what stands in the table gets the default, which is not kept."""
    column.server_default = None if default is None else sa.DefaultClause(sa.text(f"'{default}'"))
    op.add_column(table, column)
    if default is not None:
        op.alter_column(table, column.name, server_default=None)
