"""What rules of earning do beside giving points; receivers are told; events that count as activity, and tags that
customers come to have as events.
"""

import re
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
ALL_ROWS = "(SELECT row_scope_bank())"
SEEN = "EXISTS (SELECT FROM customer c WHERE c.id = earning_effect.customer_id)"
SERVING = "guibin_bank, guibin_worker"
EVENTS = ("points.transfer_received",)
TRIGGERS = ("tag_entered",)


def upgrade() -> None:
    _effects()
    _events(lambda known: (*known, *EVENTS))
    _activity()
    _event_types(lambda known: (*known, *TRIGGERS))


def downgrade() -> None:
    named = sa.table("customer_event", sa.column("event_type", sa.Text))
    op.execute(sa.delete(named).where(named.c.event_type.in_(TRIGGERS)))
    _event_types(lambda known: tuple(name for name in known if name not in TRIGGERS))
    op.execute("DROP FUNCTION points_prolong")
    op.execute("REVOKE UPDATE (activity_events) ON wallet FROM guibin_bank")
    op.drop_column("wallet", "activity_events")
    for table, column in (("event_delivery", "event_type"), ("outbox_event", "type")):
        named = sa.column(column, sa.Text)
        op.execute(sa.delete(sa.table(table, named)).where(named.in_(EVENTS)))
    _events(lambda known: tuple(name for name in known if name not in EVENTS))
    op.drop_table("earning_effect")


def _effects() -> None:
    op.create_table(
        "earning_effect",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('done', 'had', 'missed', 'ended')", name=op.f("ck_earning_effect_state_known")),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_earning_effect_ended")),
        sa.ForeignKeyConstraint(
            ["customer_id", "entry_id"],
            ["earning_award.customer_id", "earning_award.entry_id"],
            name=op.f("fk_earning_effect_customer_id_entry_id_earning_award"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "entry_id", "place", name=op.f("pk_earning_effect")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.execute("ALTER TABLE earning_effect ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_rows ON earning_effect TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON earning_effect TO guibin_bank USING ({ALL_ROWS} OR {SEEN})")
    op.execute(f"GRANT SELECT, INSERT, UPDATE (state, reference, ended_at) ON earning_effect TO {SERVING}")


def _events(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
    _change_list("outbox_event", "type", change)


def _event_types(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
    _change_list("customer_event", "event_type", change)


def _change_list(table: str, column: str, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
    """Change a closed list as it stands: other revisions add theirs."""
    constraint = f"ck_{table}_{column}_known"
    definition = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    known: str = op.get_bind().execute(sa.text(definition), {"name": constraint}).scalar_one()
    names = change(tuple(re.findall(r"'([a-z_.]+)'", known)))
    listed = ", ".join(f"'{name}'" for name in names)
    op.drop_constraint(op.f(constraint), table)
    op.create_check_constraint(op.f(constraint), table, f"{column} IN ({listed})")


def _activity() -> None:
    column = sa.Column("activity_events", postgresql.JSONB(), nullable=False, server_default=sa.text("'[]'"))
    op.add_column("wallet", column)
    op.alter_column("wallet", "activity_events", server_default=None)
    op.execute("GRANT UPDATE (activity_events) ON wallet TO guibin_bank")
    op.execute((FUNCTIONS / "points_prolong" / "v1.sql").read_text(encoding="utf-8"))
    op.execute("REVOKE ALL ON FUNCTION points_prolong FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION points_prolong TO guibin_worker")
