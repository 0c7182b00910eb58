"""What follows a redemption: a customer may end an own one."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT UPDATE (state) ON redemption TO guibin_customer")


def downgrade() -> None:
    op.execute("REVOKE UPDATE (state) ON redemption FROM guibin_customer")
