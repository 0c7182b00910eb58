"""Rights are approved in the chain of their owner: an approver's seeded grant is over the unit where the role is held."""

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

SET = (
    "UPDATE role_grant SET data = '{}' WHERE role = 'rights_approver' AND verb = 'approve' AND domain = 'rights'"
    " AND data = '{}'"
)


def upgrade() -> None:
    op.execute(SET.format("subtree", "none"))


def downgrade() -> None:
    op.execute(SET.format("none", "subtree"))
