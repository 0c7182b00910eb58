"""Rights are approved in the chain of their owner; reservations that have ended are kept for a time."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

SET = (
    "UPDATE role_grant SET data = '{}' WHERE role = 'rights_approver' AND verb = 'approve' AND domain = 'rights'"
    " AND data = '{}'"
)
PERIOD = {
    "subject": "reservation",
    "days": 90,
    "reason": "questions about what was held for somebody come within three months of its end",
}


def upgrade() -> None:
    op.execute(SET.format("subtree", "none"))
    # A bank that has its periods already gets the new one here; the seed adds it to the others.
    period = sa.table("retention_period", sa.column("subject"), sa.column("days"), sa.column("reason"))
    if op.get_bind().execute(sa.select(sa.func.count()).select_from(period)).scalar_one():
        op.bulk_insert(period, [PERIOD])


def downgrade() -> None:
    gone = sa.table("retention_period", sa.column("subject", sa.Text))
    op.execute(sa.delete(gone).where(gone.c.subject == PERIOD["subject"]))
    op.execute(SET.format("none", "subtree"))
