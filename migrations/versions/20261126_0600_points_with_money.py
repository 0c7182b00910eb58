"""Rights that cost money beside points, reserved until it is paid; donations; events that are returned; what counts after merges."""

import re
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
NEWER = {
    "rights_facts": (4, 3),
    "rights_redeem": (3, 2),
    "rights_package_left": (2, 1),
    "rights_take_package": (2, 1),
    "rights_used_by_origins": (2, 1),
    "points_capture": (2, 1),
}
"""Functions with the version that stands from now on and the one before."""

PACKAGE_USED = "rights_package_used_by_origins"
BEFORE_MERGES = {
    "points_spent_by_origins": "points_spent_by_origins(uuid, text, date)",
    PACKAGE_USED: "rights_package_used_by_origins(uuid, uuid, uuid, date)",
}
"""What counts of whom a customer was before."""

HOLD = "points_hold(uuid, text, bigint, uuid, timestamptz, text, text, text, text, uuid, timestamptz, date)"
RELEASE = "points_release(uuid, text, uuid, text, timestamptz, date)"
OLD_STATES = ("confirmed", "in_fulfilment", "fulfilled", "cancelled", "refunded", "failed")
STATES = ("awaiting_payment", *OLD_STATES, "unpaid")
OLD_EVENT_STATES = ("pending", "earned", "nothing")
EVENTS = (
    *("redemption.payment_due", "redemption.unpaid", "redemption.repayable"),
    *("customer.merged", "customer.parted"),
)
KNOWN = "ck_outbox_event_type_known"
GRANTS = (
    "SELECT, INSERT, UPDATE (state, closed_at, repayable_fen) ON redemption_payment TO guibin_customer",
    "SELECT ON redemption_payment TO guibin_bank, guibin_worker",
    "UPDATE (state, closed_at, repayable_fen) ON redemption_payment TO guibin_bank, guibin_worker",
    "UPDATE (reference, repaid_fen, repaid_reference) ON redemption_payment TO guibin_bank",
    "SELECT, INSERT ON redemption_donation TO guibin_customer",
    "SELECT ON redemption_donation TO guibin_bank, guibin_worker",
    "UPDATE (redemption_id, customer_id, taken_at) ON voucher_code TO guibin_bank, guibin_worker",
    "UPDATE (entry_id) ON redemption TO guibin_bank",
    "INSERT ON package_choice TO guibin_bank, guibin_worker",
)
ALL_ROWS = "(SELECT row_scope_bank())"
OWN = "customer_id = (SELECT row_scope_customer())"


def upgrade() -> None:
    _payments()
    _donations()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    op.execute(f"GRANT EXECUTE ON FUNCTION {HOLD}, {RELEASE} TO guibin_customer")
    _protect("redemption_payment")
    _protect("redemption_donation")
    _states(STATES)
    _event_states((*OLD_EVENT_STATES, "returned"))
    _events(lambda known: (*known, *EVENTS))
    for name, signature in BEFORE_MERGES.items():
        _install(name, 1)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO guibin_customer")
    op.execute(f"GRANT EXECUTE ON FUNCTION {BEFORE_MERGES[PACKAGE_USED]} TO guibin_bank, guibin_worker")
    for name, (after, _) in NEWER.items():
        _install(name, after)


def downgrade() -> None:
    for name, (_, before) in NEWER.items():
        _install(name, before)
    op.execute(f"DROP FUNCTION {', '.join(BEFORE_MERGES.values())}")
    for table, column in (("event_delivery", "event_type"), ("outbox_event", "type")):
        named = sa.column(column, sa.Text)
        op.execute(sa.delete(sa.table(table, named)).where(named.in_(EVENTS)))
    _events(lambda known: tuple(name for name in known if name not in EVENTS))
    op.execute(f"REVOKE EXECUTE ON FUNCTION {HOLD}, {RELEASE} FROM guibin_customer")
    op.execute("REVOKE INSERT ON package_choice FROM guibin_bank, guibin_worker")
    op.execute("REVOKE UPDATE (entry_id) ON redemption FROM guibin_bank")
    op.execute("REVOKE UPDATE (redemption_id, customer_id, taken_at) ON voucher_code FROM guibin_bank, guibin_worker")
    op.drop_table("redemption_donation")
    op.drop_table("redemption_payment")
    _states(OLD_STATES)
    op.execute("UPDATE business_event SET state = 'nothing' WHERE state = 'returned'")
    _event_states(OLD_EVENT_STATES)


def _payments() -> None:
    op.create_table(
        "redemption_payment",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("repayable_fen", sa.BigInteger(), nullable=False),
        sa.Column("repaid_fen", sa.BigInteger(), nullable=False),
        sa.Column("repaid_reference", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('due', 'paid', 'void')", name=op.f("ck_redemption_payment_state_known")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_redemption_payment_amount_positive")),
        sa.CheckConstraint(
            "0 <= repaid_fen AND repaid_fen <= repayable_fen AND repayable_fen <= amount_fen",
            name=op.f("ck_redemption_payment_repaid_within_paid"),
        ),
        sa.CheckConstraint(
            "state = 'paid' OR repayable_fen = 0", name=op.f("ck_redemption_payment_repayable_once_paid")
        ),
        sa.CheckConstraint(
            "(state = 'paid') = (reference IS NOT NULL)", name=op.f("ck_redemption_payment_paid_with_a_reference")
        ),
        sa.CheckConstraint(
            "(state = 'due') = (closed_at IS NULL)", name=op.f("ck_redemption_payment_closed_at_an_instant")
        ),
        sa.CheckConstraint(
            "(repaid_fen > 0) = (repaid_reference IS NOT NULL)",
            name=op.f("ck_redemption_payment_repaid_with_a_reference"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_redemption_payment_customer_id_customer")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "redemption_id"],
            ["redemption.customer_id", "redemption.id"],
            name=op.f("fk_redemption_payment_customer_id_redemption_id_redemption"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "hold_id"],
            ["points_hold.customer_id", "points_hold.id"],
            name=op.f("fk_redemption_payment_customer_id_hold_id_points_hold"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "redemption_id", name=op.f("pk_redemption_payment")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_redemption_payment_due_until"),
        "redemption_payment",
        ["due_until"],
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_index(
        op.f("ix_redemption_payment_closed_at_redemption_id"),
        "redemption_payment",
        ["closed_at", "redemption_id"],
        postgresql_where=sa.text("repayable_fen > repaid_fen"),
    )


def _donations() -> None:
    op.create_table(
        "redemption_donation",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_zh", sa.Text(), nullable=False),
        sa.Column("organisation_en", sa.Text(), nullable=False),
        sa.Column("project_zh", sa.Text(), nullable=False),
        sa.Column("project_en", sa.Text(), nullable=False),
        sa.Column("unit_value_fen", sa.BigInteger(), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("donated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("unit_value_fen > 0", name=op.f("ck_redemption_donation_worth_something")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_redemption_donation_customer_id_customer")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "redemption_id"],
            ["redemption.customer_id", "redemption.id"],
            name=op.f("fk_redemption_donation_customer_id_redemption_id_redemption"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "redemption_id", name=op.f("pk_redemption_donation")),
        info={"distribution": ("customer_id", "customer")},
    )


def _states(states: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{state}'" for state in states)
    for table in ("redemption", "redemption_step"):
        op.drop_constraint(op.f(f"ck_{table}_state_known"), table)
        op.create_check_constraint(op.f(f"ck_{table}_state_known"), table, f"state IN ({listed})")


def _event_states(states: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{state}'" for state in states)
    op.drop_constraint(op.f("ck_business_event_state_known"), "business_event")
    op.create_check_constraint(op.f("ck_business_event_state_known"), "business_event", f"state IN ({listed})")


def _install(name: str, version: int) -> None:
    op.execute((FUNCTIONS / name / f"v{version}.sql").read_text(encoding="utf-8"))


def _protect(table: str) -> None:
    seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ({ALL_ROWS} OR {seen})")
    op.execute(f"CREATE POLICY customer_rows ON {table} TO guibin_customer USING ({ALL_ROWS} OR {OWN})")


def _events(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
    """Change the list of events as it stands: other revisions add theirs."""
    definition = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    known: str = op.get_bind().execute(sa.text(definition), {"name": KNOWN}).scalar_one()
    names = change(tuple(re.findall(r"'([a-z_.]+)'", known)))
    listed = ", ".join(f"'{name}'" for name in names)
    op.drop_constraint(op.f(KNOWN), "outbox_event")
    op.create_check_constraint(op.f(KNOWN), "outbox_event", f"type IN ({listed})")
