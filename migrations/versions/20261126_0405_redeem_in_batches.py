"""Several redemptions in one call."""

from pathlib import Path

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
BATCH = "rights_redeem_batch(jsonb, interval)"


def upgrade() -> None:
    op.execute((FUNCTIONS / "rights_redeem_batch" / "v1.sql").read_text(encoding="utf-8"))
    op.execute(f"REVOKE ALL ON FUNCTION {BATCH} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {BATCH} TO guibin_customer")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {BATCH}")
