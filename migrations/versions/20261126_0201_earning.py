"""Earning rules as data: drafts, approved versions, what each version gave, budgets with a hard stop.

The rules that stand become first versions that are in force for every event.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

PERIODS = "period IN ('day', 'week', 'month', 'quarter', 'year', 'lifetime')"
EVENTS = (
    "'card_spend', 'payment', 'transfer_in', 'transfer_out', 'deposit', 'withdrawal', 'salary', 'pension',"
    " 'loan_drawdown', 'loan_repayment', 'fund_purchase', 'fund_redemption', 'insurance_premium', 'login',"
    " 'referral', 'other'"
)
GRANTS = (
    "SELECT ON earning_rule, earning_rule_version, earning_award, earning_budget TO guibin_bank, guibin_worker",
    "INSERT, UPDATE (branch, state, draft, active_version, revision, ended_at) ON earning_rule TO guibin_bank",
    "UPDATE (state, revision) ON earning_rule TO guibin_worker",
    "INSERT ON earning_rule_version TO guibin_bank",
    "INSERT ON earning_award TO guibin_bank, guibin_worker",
    "INSERT, UPDATE (points, cost_fen, awards) ON earning_budget TO guibin_bank, guibin_worker",
)
SEEN = "(SELECT row_scope_bank()) OR EXISTS (SELECT FROM customer c WHERE c.id = earning_award.customer_id)"


def upgrade() -> None:
    op.execute("ALTER TABLE earning_rule RENAME TO earning_rule_before")
    op.execute("ALTER INDEX pk_earning_rule RENAME TO pk_earning_rule_before")
    _rules()
    _awards()
    _budgets()
    op.execute(
        "INSERT INTO earning_rule (code, state, active_version, revision, created_at, ended_at)"
        " SELECT code, CASE WHEN active THEN 'active' ELSE 'ended' END, 1, 1, now(),"
        " CASE WHEN NOT active THEN now() END FROM earning_rule_before"
    )
    op.execute(
        "INSERT INTO earning_rule_version (rule_code, version, terms, in_force_from, published_at)"
        " SELECT code, 1, jsonb_build_object('name_zh', name_zh, 'name_en', name_en,"
        " 'events', jsonb_build_array(event_type), 'cases', jsonb_build_array(jsonb_build_object('gives',"
        " jsonb_build_array(jsonb_build_object('wallet', wallet, 'kind', kind, 'points', points,"
        " 'per', to_char(per_fen / 100.0, 'FM999999999999990.00'), 'max_points', max_points))))),"
        " '2000-01-01T00:00:00Z', now() FROM earning_rule_before"
    )
    op.drop_table("earning_rule_before")
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    op.execute("ALTER TABLE earning_award ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_rows ON earning_award TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON earning_award TO guibin_bank USING ({SEEN})")


def downgrade() -> None:
    """Keep of each rule the first gift of its version in force; conditions and bounds have no place before."""
    op.drop_table("earning_award")
    op.drop_table("earning_budget")
    op.execute("ALTER TABLE earning_rule RENAME TO earning_rule_after")
    op.execute("ALTER INDEX pk_earning_rule RENAME TO pk_earning_rule_after")
    _rules_before()
    op.execute(
        "INSERT INTO earning_rule (id, code, name_zh, name_en, event_type, wallet, kind, points, per_fen, max_points,"
        " active) SELECT gen_random_uuid(), r.code, v.terms->>'name_zh', v.terms->>'name_en', v.terms->'events'->>0,"
        " g.gift->>'wallet', g.gift->>'kind', (g.gift->>'points')::int, ((g.gift->>'per')::numeric * 100)::bigint,"
        " (g.gift->>'max_points')::int, r.state <> 'ended'"
        " FROM earning_rule_after r JOIN earning_rule_version v"
        " ON v.rule_code = r.code AND v.version = r.active_version,"
        " LATERAL (SELECT v.terms->'cases'->0->'gives'->0 AS gift) g"
    )
    op.drop_table("earning_rule_version")
    op.drop_table("earning_rule_after")
    op.execute("GRANT SELECT ON earning_rule TO guibin_bank, guibin_worker")


def _rules() -> None:
    jsonb = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "earning_rule",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("draft", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("active_version", sa.Integer(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'pending', 'active', 'ended')", name=op.f("ck_earning_rule_state_known")
        ),
        sa.CheckConstraint("state <> 'pending' OR draft IS NOT NULL", name=op.f("ck_earning_rule_pending_has_draft")),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_earning_rule_ended")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_earning_rule")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "earning_rule_version",
        sa.Column("rule_code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("terms", jsonb, nullable=False),
        sa.Column("in_force_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("maker_id", sa.Uuid(), nullable=True),
        sa.Column("approver_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["rule_code"], ["earning_rule.code"], name=op.f("fk_earning_rule_version_rule_code_earning_rule")
        ),
        sa.PrimaryKeyConstraint("rule_code", "version", name=op.f("pk_earning_rule_version")),
        info={"distribution": "reference"},
    )


def _awards() -> None:
    op.create_table(
        "earning_award",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("rule_code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("wallet", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("cost_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_earning_award_points_positive")),
        sa.ForeignKeyConstraint(
            ["customer_id", "entry_id"],
            ["points_entry.customer_id", "points_entry.id"],
            name=op.f("fk_earning_award_customer_id_entry_id_points_entry"),
        ),
        sa.ForeignKeyConstraint(
            ["rule_code", "version"],
            ["earning_rule_version.rule_code", "earning_rule_version.version"],
            name=op.f("fk_earning_award_rule_code_version_earning_rule_version"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "entry_id", name=op.f("pk_earning_award")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_earning_award_customer_id_rule_code_occurred_on"),
        "earning_award",
        ["customer_id", "rule_code", "occurred_on"],
    )


def _budgets() -> None:
    op.create_table(
        "earning_budget",
        sa.Column("rule_code", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("cost_fen", sa.BigInteger(), nullable=False),
        sa.Column("awards", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(PERIODS, name=op.f("ck_earning_budget_period_known")),
        sa.CheckConstraint(
            "points >= 0 AND cost_fen >= 0 AND awards >= 0", name=op.f("ck_earning_budget_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["rule_code"], ["earning_rule.code"], name=op.f("fk_earning_budget_rule_code_earning_rule")
        ),
        sa.PrimaryKeyConstraint("rule_code", "period", "starts_on", name=op.f("pk_earning_budget")),
        info={"distribution": ("rule_code",)},
    )


def _rules_before() -> None:
    op.create_table(
        "earning_rule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("wallet", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("per_fen", sa.BigInteger(), nullable=True),
        sa.Column("max_points", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'fixed' AND points > 0) OR (kind = 'proportional' AND points > 0 AND per_fen > 0)",
            name=op.f("ck_earning_rule_complete"),
        ),
        sa.CheckConstraint(f"event_type IN ({EVENTS})", name=op.f("ck_earning_rule_event_type_known")),
        sa.CheckConstraint("kind IN ('fixed', 'proportional')", name=op.f("ck_earning_rule_kind_known")),
        sa.ForeignKeyConstraint(["wallet"], ["wallet.code"], name=op.f("fk_earning_rule_wallet_wallet")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_earning_rule")),
        sa.UniqueConstraint("code", name=op.f("uq_earning_rule_code")),
        info={"distribution": "reference"},
    )
