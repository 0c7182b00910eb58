"""Who changes tier is told of, and of tags that say so who comes to have them and who has them no more."""

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None

EVENTS = ("tag.entered", "tag.left", "tier.changed")
KNOWN = "ck_outbox_event_type_known"
GUARD = "ck_tag_sensitive_tells_nobody"


def upgrade() -> None:
    op.add_column("tag", sa.Column("publishes_events", sa.Boolean(), server_default="false", nullable=False))
    op.create_check_constraint(op.f(GUARD), "tag", "NOT (publishes_events AND sensitivity = 'sensitive')")
    _events(lambda known: (*known, *EVENTS))


def downgrade() -> None:
    for table, column in (("event_delivery", "event_type"), ("outbox_event", "type")):
        named = sa.column(column, sa.Text)
        op.execute(sa.delete(sa.table(table, named)).where(named.in_(EVENTS)))
    _events(lambda known: tuple(name for name in known if name not in EVENTS))
    op.drop_constraint(op.f(GUARD), "tag")
    op.drop_column("tag", "publishes_events")


def _events(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
    """Change the list of events as it stands: other revisions add theirs."""
    definition = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    known: str = op.get_bind().execute(sa.text(definition), {"name": KNOWN}).scalar_one()
    names = change(tuple(re.findall(r"'([a-z_.]+)'", known)))
    listed = ", ".join(f"'{name}'" for name in names)
    op.drop_constraint(op.f(KNOWN), "outbox_event")
    op.create_check_constraint(op.f(KNOWN), "outbox_event", f"type IN ({listed})")
