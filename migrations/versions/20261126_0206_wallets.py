"""Points at the bank port: the state of an account, wallets as a bank changes them."""

from pathlib import Path

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
STATE = "points_account_state"

WALLET_COLUMNS = (
    "name_zh, name_en, unit_zh, unit_en, cost_fen, funding_line, spendable, buys_goods, transferable, expiry,"
    " expiry_years, expiry_months, expiry_rounding, pending_days, balance_cap, caps, may_owe, refund_grace_days,"
    " active, revision"
)
"""All but the code, which entries name."""


def upgrade() -> None:
    op.execute((FUNCTIONS / STATE / "v1.sql").read_text(encoding="utf-8"))
    op.execute(f"REVOKE ALL ON FUNCTION {STATE} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {STATE} TO guibin_bank")
    op.execute(f"GRANT INSERT, UPDATE ({WALLET_COLUMNS}) ON wallet TO guibin_bank")


def downgrade() -> None:
    op.execute(f"REVOKE INSERT, UPDATE ({WALLET_COLUMNS}) ON wallet FROM guibin_bank")
    op.execute(f"DROP FUNCTION {STATE}")
