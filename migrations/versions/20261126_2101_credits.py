"""Who is credited for customers: splits of a team, double credit for a time, and the figures of months."""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

BY_CUSTOMER = {"distribution": ("customer_id", "customer")}
GRANTS = (
    "SELECT, INSERT ON credit_split TO guibin_bank",
    "SELECT, INSERT ON credit_share TO guibin_bank",
    "SELECT ON credit_split, credit_share TO guibin_worker",
    "SELECT, INSERT, UPDATE (valid_to) ON double_credit TO guibin_bank, guibin_worker",
    "SELECT ON credit_month TO guibin_bank",
    "SELECT, INSERT, DELETE ON credit_month TO guibin_worker",
)


def upgrade() -> None:
    _splits()
    _doubles()
    _months()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    for table in ("credit_split", "credit_share", "double_credit"):
        _protect(table)


def downgrade() -> None:
    for table in ("credit_month", "double_credit", "credit_share", "credit_split"):
        op.drop_table(table)


def _splits() -> None:
    op.create_table(
        "credit_split",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("primary_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_credit_split_counts_from_one")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_credit_split_customer_id_customer")),
        sa.ForeignKeyConstraint(["primary_id"], ["manager.id"], name=op.f("fk_credit_split_primary_id_manager")),
        sa.PrimaryKeyConstraint("customer_id", "version", name=op.f("pk_credit_split")),
        info=BY_CUSTOMER,
    )
    op.create_table(
        "credit_share",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.CheckConstraint("percent BETWEEN 1 AND 100", name=op.f("ck_credit_share_percent_in_range")),
        sa.ForeignKeyConstraint(
            ["customer_id", "version"],
            ["credit_split.customer_id", "credit_split.version"],
            name=op.f("fk_credit_share_customer_id_version_credit_split"),
        ),
        sa.ForeignKeyConstraint(["manager_id"], ["manager.id"], name=op.f("fk_credit_share_manager_id_manager")),
        sa.PrimaryKeyConstraint("customer_id", "version", "manager_id", name=op.f("pk_credit_share")),
        info=BY_CUSTOMER,
    )


def _doubles() -> None:
    op.create_table(
        "double_credit",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("giver_id", sa.Uuid(), nullable=False),
        sa.Column("giver_branch_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_double_credit_in_order")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_double_credit_customer_id_customer")),
        sa.ForeignKeyConstraint(["giver_id"], ["manager.id"], name=op.f("fk_double_credit_giver_id_manager")),
        sa.ForeignKeyConstraint(
            ["giver_branch_id"], ["branch.id"], name=op.f("fk_double_credit_giver_branch_id_branch")
        ),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_double_credit")),
        info=BY_CUSTOMER,
    )
    op.create_index(op.f("ix_double_credit_valid_to"), "double_credit", ["valid_to"])


def _months() -> None:
    op.create_table(
        "credit_month",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("opening_customers", sa.Integer(), nullable=False),
        sa.Column("own_customers", sa.Integer(), nullable=False),
        sa.Column("own_fen", sa.BigInteger(), nullable=False),
        sa.Column("double_customers", sa.Integer(), nullable=False),
        sa.Column("double_fen", sa.BigInteger(), nullable=False),
        sa.Column("unknown_customers", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.CheckConstraint("subject IN ('manager', 'branch')", name=op.f("ck_credit_month_subject_known")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_credit_month_branch_id_branch")),
        sa.PrimaryKeyConstraint("month", "subject_id", "branch_id", name=op.f("pk_credit_month")),
        info={"distribution": "reference"},
    )


def _protect(table: str) -> None:
    seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ((SELECT row_scope_bank()) OR {seen})")
