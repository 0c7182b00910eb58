"""Earning from assets: rules in versions, months that were awarded, what each customer was due."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

DOMAINS_BEFORE = (
    "customers",
    "feeds",
    "products",
    "holdings",
    "tags",
    "tiers",
    "managers",
    "points",
    "rights",
    "approvals",
    "audit",
    "runs",
    "organisation",
    "privacy",
    "exports",
    "accounting",
)
AFTER = DOMAINS_BEFORE.index("organisation") + 1
DOMAINS = (*DOMAINS_BEFORE[:AFTER], "compliance", *DOMAINS_BEFORE[AFTER:])

SEEN = "(SELECT row_scope_bank()) OR EXISTS (SELECT FROM customer c WHERE c.id = asset_award.customer_id)"
BANK_MAY = (
    "SELECT, INSERT, UPDATE (state, revision, name_zh, name_en, wallet, owner_branch_id, weights, threshold_fen,"
    " step_fen, rate_ppm, cap_points, tiers, first_month, last_month, compliance_document, compliance_id, activated_at)"
)


def upgrade() -> None:
    _rules()
    op.create_table(
        "asset_month",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_asset_month")),
        info={"distribution": "local"},
    )
    _awards()
    _know_domains(DOMAINS)
    op.execute(f"GRANT {BANK_MAY} ON asset_rule TO guibin_bank")
    # A draft that waits for approval too long is given back by the worker.
    op.execute("GRANT SELECT, UPDATE (state) ON asset_rule TO guibin_worker")
    op.execute("GRANT SELECT ON asset_month TO guibin_bank")
    op.execute("GRANT SELECT, INSERT, UPDATE (sealed_at) ON asset_month TO guibin_worker")
    op.execute("GRANT SELECT ON asset_award TO guibin_bank")
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (rule_id, average_fen, points, settled, entry_id, corrected_at)"
        " ON asset_award TO guibin_worker"
    )
    op.execute("ALTER TABLE asset_award ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_rows ON asset_award TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON asset_award TO guibin_bank USING ({SEEN})")


def downgrade() -> None:
    op.execute("DELETE FROM role_grant WHERE domain = 'compliance'")
    _know_domains(DOMAINS_BEFORE)
    op.drop_table("asset_award")
    op.drop_table("asset_month")
    op.drop_table("asset_rule")


def _rules() -> None:
    op.create_table(
        "asset_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("wallet", sa.Text(), nullable=False),
        sa.Column("owner_branch_id", sa.Uuid(), nullable=True),
        sa.Column("weights", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("threshold_fen", sa.BigInteger(), nullable=False),
        sa.Column("step_fen", sa.BigInteger(), nullable=True),
        sa.Column("rate_ppm", sa.Integer(), nullable=True),
        sa.Column("cap_points", sa.BigInteger(), nullable=True),
        sa.Column("tiers", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("first_month", sa.Date(), nullable=False),
        sa.Column("last_month", sa.Date(), nullable=True),
        sa.Column("compliance_document", sa.Text(), nullable=True),
        sa.Column("compliance_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('draft', 'pending', 'active')", name=op.f("ck_asset_rule_state_known")),
        sa.CheckConstraint("(step_fen IS NULL) <> (rate_ppm IS NULL)", name=op.f("ck_asset_rule_step_or_rate")),
        sa.CheckConstraint(
            "step_fen > 0 AND threshold_fen >= 0 AND cap_points > 0", name=op.f("ck_asset_rule_amounts_in_range")
        ),
        sa.CheckConstraint("rate_ppm BETWEEN 1 AND 1000000", name=op.f("ck_asset_rule_rate_in_range")),
        sa.CheckConstraint(
            "extract(day FROM first_month) = 1 AND extract(day FROM last_month) = 1 AND last_month >= first_month",
            name=op.f("ck_asset_rule_months_in_order"),
        ),
        sa.CheckConstraint("(state = 'active') = (activated_at IS NOT NULL)", name=op.f("ck_asset_rule_active_since")),
        sa.ForeignKeyConstraint(["wallet"], ["wallet.code"], name=op.f("fk_asset_rule_wallet_wallet")),
        sa.ForeignKeyConstraint(["owner_branch_id"], ["branch.id"], name=op.f("fk_asset_rule_owner_branch_id_branch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_rule")),
        info={"distribution": "reference"},
    )
    op.create_index(op.f("ix_asset_rule_code_version"), "asset_rule", ["code", "version"], unique=True)
    op.create_index(
        "ix_asset_rule_one_open",
        "asset_rule",
        ["code"],
        unique=True,
        postgresql_where=sa.text("state IN ('draft', 'pending')"),
    )


def _awards() -> None:
    op.create_table(
        "asset_award",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("rule_code", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("rule_id", sa.Uuid(), nullable=False),
        sa.Column("wallet", sa.Text(), nullable=False),
        sa.Column("average_fen", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("awarded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("points >= 0 AND settled >= 0", name=op.f("ck_asset_award_points_not_negative")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_asset_award_customer_id_customer")),
        sa.ForeignKeyConstraint(["rule_id"], ["asset_rule.id"], name=op.f("fk_asset_award_rule_id_asset_rule")),
        sa.PrimaryKeyConstraint("customer_id", "rule_code", "month", name=op.f("pk_asset_award")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_asset_award_wallet_customer_id"),
        "asset_award",
        ["wallet", "customer_id"],
        postgresql_where=sa.text("points <> settled"),
    )


def _know_domains(domains: tuple[str, ...]) -> None:
    op.drop_constraint(op.f("ck_role_grant_domain_known"), "role_grant")
    listed = ", ".join(f"'{one}'" for one in domains)
    op.create_check_constraint(op.f("ck_role_grant_domain_known"), "role_grant", f"domain IN ({listed})")
