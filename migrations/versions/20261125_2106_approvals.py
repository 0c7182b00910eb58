"""Four eyes: the bank's calendar, rules of approval, requests for changes, tier overrides."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

OLD_STATES = "pending, approved, rejected, expired, failed"
NEW_STATES = "pending, changes_requested, approved, rejected, withdrawn, expired, failed"
OLD_CAUSES = "first, up, down"
NEW_CAUSES = f"{OLD_CAUSES}, override, override_ended"

GRANTS = {
    "guibin_customer": ("SELECT ON tier_override",),
    "guibin_bank": (
        "SELECT, INSERT, UPDATE ON approval_rule, calendar_year",
        "SELECT, INSERT ON tier_override",
        "UPDATE (valid_to, end_reason) ON tier_override",
        "INSERT ON tier_history",
    ),
    # The night ends requests that nobody decided on and gives back what waited for them.
    "guibin_worker": (
        "SELECT ON approval_rule, calendar_year, tier_override",
        "UPDATE (state, failure, decided_at) ON approval",
        "UPDATE (state, revision) ON tag, rights_item",
        "UPDATE (state) ON tier_scheme",
    ),
}


def upgrade() -> None:
    op.create_table(
        "calendar_year",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("days", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_year")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "approval_rule",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("business_days", sa.Integer(), nullable=False),
        sa.Column("approvers", sa.Integer(), nullable=False),
        sa.Column("threshold_fen", sa.BigInteger(), nullable=True),
        sa.Column("approvers_above", sa.Integer(), nullable=False),
        sa.Column("free_items", sa.Integer(), nullable=True),
        sa.CheckConstraint("business_days BETWEEN 1 AND 60", name=op.f("ck_approval_rule_business_days_in_range")),
        sa.CheckConstraint("approvers BETWEEN 1 AND 5", name=op.f("ck_approval_rule_approvers_in_range")),
        sa.CheckConstraint(
            "approvers_above BETWEEN approvers AND 5", name=op.f("ck_approval_rule_approvers_above_in_range")
        ),
        sa.CheckConstraint("free_items >= 0", name=op.f("ck_approval_rule_free_items_not_negative")),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_approval_rule")),
        info={"distribution": "reference"},
    )
    _extend_approvals()
    _add_overrides()
    for role, grants in GRANTS.items():
        for grant in grants:
            op.execute(f"GRANT {grant} TO {role}")


def downgrade() -> None:
    for role, grants in GRANTS.items():
        for grant in grants:
            op.execute(f"REVOKE {grant} FROM {role}")
    op.execute("DELETE FROM tier_history WHERE cause IN ('override', 'override_ended')")
    op.drop_column("tier_history", "override_id")
    for column in ("metric_fen", "metric_month"):
        op.alter_column("tier_history", column, nullable=False)
    _know("tier_history", "cause", OLD_CAUSES)
    op.drop_table("tier_override")
    op.execute("DELETE FROM approval_decision WHERE verdict = 'changes_requested'")
    op.execute(
        "DELETE FROM approval_decision d USING approval a WHERE a.owner_id = d.owner_id"
        " AND a.id = d.approval_id AND a.revision <> d.revision"
    )
    op.add_column("approval_decision", sa.Column("approved", sa.Boolean()))
    op.execute("UPDATE approval_decision SET approved = verdict = 'agreed'")
    op.alter_column("approval_decision", "approved", nullable=False)
    _key_decisions("owner_id", "approval_id", "approver_id")
    op.drop_column("approval_decision", "verdict")
    op.drop_column("approval_decision", "revision")
    op.drop_column("approval", "revision")
    op.execute("UPDATE approval SET state = 'rejected' WHERE state IN ('changes_requested', 'withdrawn')")
    _know("approval", "state", OLD_STATES)
    op.drop_table("approval_rule")
    op.drop_table("calendar_year")


def _extend_approvals() -> None:
    _know("approval", "state", NEW_STATES)
    for table in ("approval", "approval_decision"):
        op.add_column(table, sa.Column("revision", sa.Integer(), server_default="1", nullable=False))
        op.alter_column(table, "revision", server_default=None)
    op.add_column("approval_decision", sa.Column("verdict", sa.Text()))
    op.execute("UPDATE approval_decision SET verdict = CASE WHEN approved THEN 'agreed' ELSE 'rejected' END")
    op.alter_column("approval_decision", "verdict", nullable=False)
    op.create_check_constraint(
        op.f("ck_approval_decision_verdict_known"),
        "approval_decision",
        "verdict IN ('agreed', 'rejected', 'changes_requested')",
    )
    op.drop_column("approval_decision", "approved")
    _key_decisions("owner_id", "approval_id", "revision", "approver_id")


def _add_overrides() -> None:
    op.create_table(
        "tier_override",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tier_code", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("approval_id", sa.Uuid(), nullable=False),
        sa.Column("maker_id", sa.Uuid(), nullable=False),
        sa.Column("approver_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("mode IN ('hold', 'lock')", name=op.f("ck_tier_override_mode_known")),
        sa.CheckConstraint(
            "reason_code IN ('retention', 'family', 'complaint', 'assets_in_transit', 'other')",
            name=op.f("ck_tier_override_reason_code_known"),
        ),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_tier_override_ends_after_it_begins")),
        postgresql.ExcludeConstraint(
            (sa.column("customer_id"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_tier_override_one_at_a_time",
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_tier_override_customer_id_customer")),
        sa.ForeignKeyConstraint(["tier_code"], ["tier.code"], name=op.f("fk_tier_override_tier_code_tier")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_tier_override")),
        info={"distribution": ("customer_id", "customer")},
    )
    _know("tier_history", "cause", NEW_CAUSES)
    op.add_column("tier_history", sa.Column("override_id", sa.Uuid(), nullable=True))
    for column in ("metric_fen", "metric_month"):
        op.alter_column("tier_history", column, nullable=True)


def _key_decisions(*columns: str) -> None:
    op.drop_constraint(op.f("pk_approval_decision"), "approval_decision", type_="primary")
    op.create_primary_key(op.f("pk_approval_decision"), "approval_decision", columns)


def _know(table: str, column: str, names: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{column}_known"), table, type_="check")
    quoted = ", ".join(f"'{name}'" for name in names.split(", "))
    op.create_check_constraint(op.f(f"ck_{table}_{column}_known"), table, f"{column} IN ({quoted})")
