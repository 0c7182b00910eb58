"""What points are worth in money, by kind of points; points of another kind as a right; rights that rules give."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"


def upgrade() -> None:
    op.add_column("wallet", sa.Column("valuation", postgresql.JSONB(), nullable=True))
    op.create_check_constraint(op.f("ck_wallet_growth_has_no_worth"), "wallet", "NOT growth OR valuation IS NULL")
    op.execute("GRANT UPDATE (valuation) ON wallet TO guibin_bank")
    _points_given()
    _create("rights_grant")
    op.execute("GRANT EXECUTE ON FUNCTION rights_grant TO guibin_bank, guibin_worker")


def downgrade() -> None:
    op.execute("DROP FUNCTION rights_grant")
    op.execute("DROP FUNCTION rights_give_points")
    op.drop_table("redemption_points")
    op.execute("REVOKE UPDATE (valuation) ON wallet FROM guibin_bank")
    op.drop_constraint(op.f("ck_wallet_growth_has_no_worth"), "wallet")
    op.drop_column("wallet", "valuation")


def _points_given() -> None:
    op.create_table(
        "redemption_points",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("receiver_id", sa.Uuid(), nullable=False),
        sa.Column("wallet", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_redemption_points_points_positive")),
        sa.ForeignKeyConstraint(
            ["customer_id", "redemption_id"],
            ["redemption.customer_id", "redemption.id"],
            name=op.f("fk_redemption_points_customer_id_redemption_id_redemption"),
        ),
        sa.ForeignKeyConstraint(["wallet"], ["wallet.code"], name=op.f("fk_redemption_points_wallet_wallet")),
        sa.PrimaryKeyConstraint("customer_id", "redemption_id", name=op.f("pk_redemption_points")),
    )
    op.execute("GRANT SELECT ON redemption_points TO guibin_customer, guibin_bank, guibin_worker")
    op.execute("ALTER TABLE redemption_points ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_rows ON redemption_points TO guibin_worker USING (true)")
    seen = "EXISTS (SELECT FROM customer c WHERE c.id = redemption_points.customer_id)"
    op.execute(
        f"CREATE POLICY bank_rows ON redemption_points TO guibin_bank USING ((SELECT row_scope_bank()) OR {seen})"
    )
    op.execute(
        "CREATE POLICY customer_rows ON redemption_points TO guibin_customer"
        " USING ((SELECT row_scope_bank()) OR customer_id = (SELECT row_scope_customer()))"
    )
    _create("rights_give_points")
    op.execute("GRANT EXECUTE ON FUNCTION rights_give_points TO guibin_customer, guibin_bank")


def _create(name: str) -> None:
    op.execute((FUNCTIONS / name / "v1.sql").read_text(encoding="utf-8"))
    op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
