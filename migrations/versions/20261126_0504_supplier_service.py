"""What replaces a redemption that failed, and within how many hours suppliers deliver."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

GRANTS = (
    "SELECT, UPDATE (replaced_by, replaced_at) ON substitution TO guibin_customer",
    "SELECT, INSERT ON substitution TO guibin_bank, guibin_worker",
)
HOURS = "ck_supplier_price_fulfil_hours_in_range"
ALL_ROWS = "(SELECT row_scope_bank())"
OWN = "customer_id = (SELECT row_scope_customer())"


def upgrade() -> None:
    _substitutions()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    _protect("substitution")
    op.add_column("supplier_price", sa.Column("fulfil_hours", sa.Integer(), nullable=True))
    op.create_check_constraint(op.f(HOURS), "supplier_price", "fulfil_hours BETWEEN 1 AND 8760")


def downgrade() -> None:
    op.drop_constraint(op.f(HOURS), "supplier_price")
    op.drop_column("supplier_price", "fulfil_hours")
    op.drop_table("substitution")


def _substitutions() -> None:
    op.create_table(
        "substitution",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("free_units", sa.Integer(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("wallet", sa.Text(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("open_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_by", sa.Uuid(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "units BETWEEN 1 AND 100 AND free_units BETWEEN 0 AND units", name=op.f("ck_substitution_units_in_range")
        ),
        sa.CheckConstraint("points >= 0", name=op.f("ck_substitution_points_not_negative")),
        sa.CheckConstraint(
            "(replaced_by IS NULL) = (replaced_at IS NULL)", name=op.f("ck_substitution_replaced_at_an_instant")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_substitution_customer_id_customer")),
        sa.ForeignKeyConstraint(
            ["customer_id", "redemption_id"],
            ["redemption.customer_id", "redemption.id"],
            name=op.f("fk_substitution_customer_id_redemption_id_redemption"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "replaced_by"],
            ["redemption.customer_id", "redemption.id"],
            name=op.f("fk_substitution_customer_id_replaced_by_redemption"),
        ),
        sa.ForeignKeyConstraint(["right_id"], ["rights_item.id"], name=op.f("fk_substitution_right_id_rights_item")),
        sa.ForeignKeyConstraint(["wallet"], ["wallet.code"], name=op.f("fk_substitution_wallet_wallet")),
        sa.PrimaryKeyConstraint("customer_id", "redemption_id", name=op.f("pk_substitution")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_substitution_customer_id_replaced_by"),
        "substitution",
        ["customer_id", "replaced_by"],
        unique=True,
        postgresql_where=sa.text("replaced_by IS NOT NULL"),
    )


def _protect(table: str) -> None:
    seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ({ALL_ROWS} OR {seen})")
    op.execute(f"CREATE POLICY customer_rows ON {table} TO guibin_customer USING ({ALL_ROWS} OR {OWN})")
