"""Statements, liability and the accounting file of closed days: totals that are frozen, account codes, reconciliations.

No table here has a customer's rows: totals are of branches, and a fault names its row by its id.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

OLD_DOMAINS = (
    *("customers", "feeds", "products", "holdings", "tags", "tiers", "managers", "points", "rights", "approvals"),
    *("audit", "runs", "organisation", "privacy", "exports"),
)
NEW_DOMAINS = (*OLD_DOMAINS, "accounting")

GRANTS = (
    "SELECT, INSERT ON points_day, points_day_total TO guibin_worker",
    "SELECT, INSERT ON points_reconciliation, points_reconciliation_fault TO guibin_worker",
    "SELECT ON points_account_code TO guibin_worker",
    "SELECT ON points_day, points_day_total, points_reconciliation, points_reconciliation_fault TO guibin_bank",
    "SELECT, INSERT ON points_account_code TO guibin_bank",
    # A customer's statement says whether its month is closed.
    "SELECT (day) ON points_day TO guibin_customer",
)


def upgrade() -> None:
    _know(NEW_DOMAINS)
    # Entries come in the order of their days: a few pages of index find those of one day.
    op.create_index(op.f("ix_points_entry_posted_on"), "points_entry", ["posted_on"], postgresql_using="brin")
    op.create_table(
        "points_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("pending", sa.BigInteger(), nullable=False),
        sa.Column("debt", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("code_revision", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_points_day")),
    )
    op.create_table(
        "points_day_total",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("wallet", sa.Text(), nullable=False),
        sa.Column("funding_line", sa.Text(), nullable=False),
        sa.Column("branch_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("cost_fen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["day"], ["points_day.day"], name=op.f("fk_points_day_total_day_points_day")),
        sa.PrimaryKeyConstraint(
            "day", "wallet", "funding_line", "branch_code", "kind", name=op.f("pk_points_day_total")
        ),
    )
    op.create_table(
        "points_account_code",
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("codes", postgresql.JSONB(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_points_account_code")),
    )
    _reconciliations()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")


def _reconciliations() -> None:
    op.create_table(
        "points_reconciliation",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accounts", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("lots", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.CheckConstraint("faults >= 0", name=op.f("ck_points_reconciliation_faults_not_negative")),
        sa.PrimaryKeyConstraint("day", "attempt", name=op.f("pk_points_reconciliation")),
    )
    op.create_table(
        "points_reconciliation_fault",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("invariant", sa.Text(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["day", "attempt"],
            ["points_reconciliation.day", "points_reconciliation.attempt"],
            name=op.f("fk_points_reconciliation_fault_day_attempt_points_reconciliation"),
        ),
        sa.PrimaryKeyConstraint("day", "attempt", "place", name=op.f("pk_points_reconciliation_fault")),
    )


def downgrade() -> None:
    for table in (
        "points_reconciliation_fault",
        "points_reconciliation",
        "points_account_code",
        "points_day_total",
        "points_day",
    ):
        op.drop_table(table)
    op.drop_index(op.f("ix_points_entry_posted_on"), "points_entry")
    op.execute("DELETE FROM role_grant WHERE domain = 'accounting'")
    _know(OLD_DOMAINS)


def _know(domains: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{domain}'" for domain in domains)
    op.drop_constraint(op.f("ck_role_grant_domain_known"), "role_grant")
    op.create_check_constraint(op.f("ck_role_grant_domain_known"), "role_grant", f"domain IN ({listed})")
