"""Care plans as versioned data, the calendar of lunar birthdays, and what the night has told of delays."""

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

EVENTS = ("care.task_overdue",)
KNOWN = "ck_outbox_event_type_known"
GRANTS = (
    "SELECT ON care_plan TO guibin_bank, guibin_worker",
    "INSERT, UPDATE ON care_plan TO guibin_bank",
    "SELECT, INSERT, UPDATE ON care_preference TO guibin_bank",
    "SELECT ON care_preference TO guibin_worker",
    "UPDATE (state, in_force_from, in_force_to) ON care_plan TO guibin_worker",
)


def upgrade() -> None:
    _plans()
    _preferences()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    _events(lambda known: (*known, *EVENTS))


def downgrade() -> None:
    for table, column in (("event_delivery", "event_type"), ("outbox_event", "type")):
        named = sa.column(column, sa.Text)
        op.execute(sa.delete(sa.table(table, named)).where(named.in_(EVENTS)))
    _events(lambda known: tuple(name for name in known if name not in EVENTS))
    op.drop_table("care_preference")
    op.drop_table("care_plan")


def _plans() -> None:
    op.create_table(
        "care_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("in_force_from", sa.Date(), nullable=True),
        sa.Column("in_force_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "state IN ('draft', 'pending', 'scheduled', 'active', 'replaced')", name=op.f("ck_care_plan_state_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_plan")),
        info={"distribution": "reference"},
    )
    op.create_index(op.f("ix_care_plan_created_at_id"), "care_plan", ["created_at", "id"])
    op.create_index(
        op.f("ix_care_plan_state"), "care_plan", ["state"], unique=True, postgresql_where=sa.text("state = 'active'")
    )


def _preferences() -> None:
    op.create_table(
        "care_preference",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("birthday", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("birthday IN ('solar', 'lunar')", name=op.f("ck_care_preference_birthday_known")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_care_preference_customer_id_customer")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_care_preference")),
        info={"distribution": ("customer_id", "customer")},
    )
    seen = "EXISTS (SELECT FROM customer c WHERE c.id = care_preference.customer_id)"
    op.execute("ALTER TABLE care_preference ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_rows ON care_preference TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON care_preference TO guibin_bank USING ((SELECT row_scope_bank()) OR {seen})")


def _events(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
    """Change the list of events as it stands: other revisions add theirs."""
    definition = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    known: str = op.get_bind().execute(sa.text(definition), {"name": KNOWN}).scalar_one()
    names = change(tuple(re.findall(r"'([a-z_.]+)'", known)))
    listed = ", ".join(f"'{name}'" for name in names)
    op.drop_constraint(op.f(KNOWN), "outbox_event")
    op.create_check_constraint(op.f(KNOWN), "outbox_event", f"type IN ({listed})")
