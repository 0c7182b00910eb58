"""The ledger's whole list of movements: pending points, holds, refunds, claw-backs, transfers."""

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
