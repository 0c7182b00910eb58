"""A night that is not done in its time is told of, once."""

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None

EVENT = "run.overdue"
KNOWN = "ck_outbox_event_type_known"


def upgrade() -> None:
    op.add_column("run", sa.Column("overdue_told_at", sa.DateTime(timezone=True), nullable=True))
    _events(lambda known: (*known, EVENT))


def downgrade() -> None:
    for table, column in (("event_delivery", "event_type"), ("outbox_event", "type")):
        named = sa.column(column, sa.Text)
        op.execute(sa.delete(sa.table(table, named)).where(named == EVENT))
    _events(lambda known: tuple(name for name in known if name != EVENT))
    op.drop_column("run", "overdue_told_at")


def _events(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
    """Change the list of events as it stands: other revisions add theirs."""
    definition = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    known: str = op.get_bind().execute(sa.text(definition), {"name": KNOWN}).scalar_one()
    names = change(tuple(re.findall(r"'([a-z_.]+)'", known)))
    listed = ", ".join(f"'{name}'" for name in names)
    op.drop_constraint(op.f(KNOWN), "outbox_event")
    op.create_check_constraint(op.f(KNOWN), "outbox_event", f"type IN ({listed})")
