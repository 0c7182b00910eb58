"""Reading and counting of the hot calls in one statement each."""

from pathlib import Path

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
GRANTS = {
    "points_balances(uuid)": "guibin_customer, guibin_bank, guibin_worker",
    "rate_count(bytea, text[], timestamptz[], integer[], timestamptz)": "guibin_customer, guibin_bank",
}


def upgrade() -> None:
    for function, roles in GRANTS.items():
        name = function.partition("(")[0]
        op.execute((FUNCTIONS / name / "v1.sql").read_text(encoding="utf-8"))
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {roles}")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {', '.join(GRANTS)}")
