"""What rights are offered for: classes, companions, packages, slots, budgets, visibility."""

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
