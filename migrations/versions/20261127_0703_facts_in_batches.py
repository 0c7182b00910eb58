"""What decides several redemptions is read in one call."""

from pathlib import Path

from alembic import op

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
BATCH = "rights_facts_batch(jsonb, text[], timestamptz[], int[], timestamptz)"


def upgrade() -> None:
    op.execute((FUNCTIONS / "rights_facts_batch" / "v1.sql").read_text(encoding="utf-8"))
    op.execute(f"REVOKE ALL ON FUNCTION {BATCH} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {BATCH} TO guibin_customer")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {BATCH}")
