"""Who customers were is kept for three years."""

import sqlalchemy as sa
from alembic import op

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None

PERIOD = {"subject": "profile", "days": 1096, "reason": "why somebody had a tag is asked within three years"}


def upgrade() -> None:
    # A bank that has its periods already gets the new one here; the seed adds it to the others.
    period = sa.table("retention_period", sa.column("subject"), sa.column("days"), sa.column("reason"))
    if op.get_bind().execute(sa.select(sa.func.count()).select_from(period)).scalar_one():
        op.bulk_insert(period, [PERIOD])


def downgrade() -> None:
    gone = sa.table("retention_period", sa.column("subject", sa.Text))
    op.execute(sa.delete(gone).where(gone.c.subject == PERIOD["subject"]))
