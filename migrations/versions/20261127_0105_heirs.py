"""Heirs claim the points of a deceased customer: a transfer that the bank makes, with the claim that it belongs to."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None

FUNCTION = Path(__file__).parents[1] / "functions" / "points_inherit" / "v1.sql"


def upgrade() -> None:
    op.create_table(
        "points_inheritance",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("approval_id", sa.Uuid(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_points_inheritance_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_points_inheritance")),
    )
    op.add_column("points_transfer", sa.Column("inheritance_id", sa.Uuid(), nullable=True))
    op.execute("GRANT SELECT, INSERT ON points_inheritance TO guibin_bank")
    op.execute("GRANT SELECT ON points_inheritance TO guibin_worker")
    op.execute("ALTER TABLE points_inheritance ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_rows ON points_inheritance TO guibin_worker USING (true)")
    seen = "EXISTS (SELECT FROM customer c WHERE c.id = points_inheritance.customer_id)"
    op.execute(
        f"CREATE POLICY bank_rows ON points_inheritance TO guibin_bank USING ((SELECT row_scope_bank()) OR {seen})"
    )
    op.execute(FUNCTION.read_text(encoding="utf-8"))
    op.execute("REVOKE ALL ON FUNCTION points_inherit FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION points_inherit TO guibin_bank")


def downgrade() -> None:
    op.execute("DROP FUNCTION points_inherit")
    op.drop_column("points_transfer", "inheritance_id")
    op.drop_table("points_inheritance")
