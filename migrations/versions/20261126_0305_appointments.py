"""Appointments and proposals."""

import re
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
TAKE_SLOT = "rights_take_slot(uuid, uuid, uuid, uuid, integer, timestamptz, date)"
BOOKED = "slot_id, city_code, place, starts_at, ends_at, moves, confirmed_at, confirmed_by"

GRANTS = (
    "SELECT, UPDATE (taken) ON rights_slot TO guibin_customer",
    "SELECT, INSERT, UPDATE (taken, state, close_reason) ON rights_slot TO guibin_bank",
    "SELECT, UPDATE (taken, state) ON rights_slot TO guibin_worker",
    f"SELECT, INSERT, UPDATE ({BOOKED}) ON appointment TO guibin_customer",
    "SELECT, UPDATE (confirmed_at, confirmed_by, missed_at) ON appointment TO guibin_bank",
    "SELECT ON appointment TO guibin_worker",
    "SELECT, UPDATE (state, ended_at, redemption_id) ON redemption_proposal TO guibin_customer",
    "SELECT, INSERT, UPDATE (state, ended_at) ON redemption_proposal TO guibin_bank",
    "SELECT ON redemption_proposal TO guibin_worker",
    # The worker gives back what was booked of a slot that is closed.
    "UPDATE (state, quantity_refunded, quota_refunded, points_refunded) ON redemption TO guibin_worker",
    "INSERT ON redemption_step TO guibin_worker",
    "UPDATE (free, sold) ON rights_stock TO guibin_worker",
)
EVENTS = ("appointment.confirmed", "appointment.reminder", "appointment.missed", "proposal.made")
KNOWN = "ck_outbox_event_type_known"
ALL_ROWS = "(SELECT row_scope_bank())"
OWN = "customer_id = (SELECT row_scope_customer())"


def upgrade() -> None:
    _events(lambda known: (*known, *EVENTS))
    _slots()
    _appointments()
    _proposals()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    _protect("appointment")
    _protect("redemption_proposal")
    op.execute((FUNCTIONS / "rights_take_slot" / "v1.sql").read_text(encoding="utf-8"))
    op.execute(f"REVOKE ALL ON FUNCTION {TAKE_SLOT} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {TAKE_SLOT} TO guibin_customer")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {TAKE_SLOT}")
    op.drop_table("redemption_proposal")
    op.drop_table("appointment")
    op.drop_table("rights_slot")
    for table, column in (("event_delivery", "event_type"), ("outbox_event", "type")):
        named = sa.column(column, sa.Text)
        op.execute(sa.delete(sa.table(table, named)).where(named.in_(EVENTS)))
    _events(lambda known: tuple(name for name in known if name not in EVENTS))


def _events(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
    """Change the list of events as it stands: other revisions add theirs."""
    definition = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    known: str = op.get_bind().execute(sa.text(definition), {"name": KNOWN}).scalar_one()
    names = change(tuple(re.findall(r"'([a-z_.]+)'", known)))
    listed = ", ".join(f"'{name}'" for name in names)
    op.drop_constraint(op.f(KNOWN), "outbox_event")
    op.create_check_constraint(op.f(KNOWN), "outbox_event", f"type IN ({listed})")


def _slots() -> None:
    op.create_table(
        "rights_slot",
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("city_code", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("close_reason", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('open', 'closing', 'closed')", name=op.f("ck_rights_slot_state_known")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_rights_slot_ends_after_it_begins")),
        sa.CheckConstraint("taken BETWEEN 0 AND capacity", name=op.f("ck_rights_slot_taken_within_capacity")),
        sa.CheckConstraint(
            "(state = 'open') = (close_reason IS NULL)", name=op.f("ck_rights_slot_closed_for_a_reason")
        ),
        sa.CheckConstraint("state <> 'closed' OR taken = 0", name=op.f("ck_rights_slot_closed_when_empty")),
        sa.PrimaryKeyConstraint("right_id", "id", name=op.f("pk_rights_slot")),
        info={"distribution": ("right_id", "rights_stock")},
    )
    op.create_index(
        op.f("ix_rights_slot_right_id_city_code_place_starts_at"),
        "rights_slot",
        ["right_id", "city_code", "place", "starts_at"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(op.f("ix_rights_slot_right_id_starts_at_id"), "rights_slot", ["right_id", "starts_at", "id"])
    op.create_index(
        "ix_rights_slot_closing", "rights_slot", ["right_id", "id"], postgresql_where=sa.text("state = 'closing'")
    )


def _appointments() -> None:
    op.create_table(
        "appointment",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("slot_id", sa.Uuid(), nullable=False),
        sa.Column("city_code", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moves", sa.Integer(), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by", sa.Uuid(), nullable=True),
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (confirmed_by IS NULL)", name=op.f("ck_appointment_confirmed_by_somebody")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "redemption_id"],
            ["redemption.customer_id", "redemption.id"],
            name=op.f("fk_appointment_customer_id_redemption_id_redemption"),
        ),
        sa.ForeignKeyConstraint(["right_id"], ["rights_item.id"], name=op.f("fk_appointment_right_id_rights_item")),
        sa.PrimaryKeyConstraint("customer_id", "redemption_id", name=op.f("pk_appointment")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(op.f("ix_appointment_right_id_slot_id"), "appointment", ["right_id", "slot_id"])
    op.create_index(op.f("ix_appointment_starts_at"), "appointment", ["starts_at"])


def _proposals() -> None:
    op.create_table(
        "redemption_proposal",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("words_enc", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("redemption_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'accepted', 'declined', 'withdrawn', 'lapsed')",
            name=op.f("ck_redemption_proposal_state_known"),
        ),
        sa.CheckConstraint("quantity BETWEEN 1 AND 100", name=op.f("ck_redemption_proposal_quantity_in_range")),
        sa.CheckConstraint(
            "(state = 'accepted') = (redemption_id IS NOT NULL)",
            name=op.f("ck_redemption_proposal_accepted_by_a_redemption"),
        ),
        sa.CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name=op.f("ck_redemption_proposal_ended")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_redemption_proposal_customer_id_customer")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "redemption_id"],
            ["redemption.customer_id", "redemption.id"],
            name=op.f("fk_redemption_proposal_customer_id_redemption_id_redemption"),
        ),
        sa.ForeignKeyConstraint(
            ["right_id"], ["rights_item.id"], name=op.f("fk_redemption_proposal_right_id_rights_item")
        ),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_redemption_proposal")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_redemption_proposal_customer_id_right_id"),
        "redemption_proposal",
        ["customer_id", "right_id"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        op.f("ix_redemption_proposal_customer_id_created_at_id"),
        "redemption_proposal",
        ["customer_id", "created_at", "id"],
    )


def _protect(table: str) -> None:
    seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ({ALL_ROWS} OR {seen})")
    op.execute(f"CREATE POLICY customer_rows ON {table} TO guibin_customer USING ({ALL_ROWS} OR {OWN})")
