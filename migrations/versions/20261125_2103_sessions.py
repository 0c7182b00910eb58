"""Sessions of customers: families of refresh tokens, one-time passwords, tickets of binding."""

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
