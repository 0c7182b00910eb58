"""Gifts that managers hand over: what branches have of them, who received which, and the year's cap."""

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

EVENTS = ("gift.handed_over",)
KNOWN = "ck_outbox_event_type_known"
OLD_DOMAINS = (
    *("customers", "feeds", "products", "holdings", "tags", "tiers", "managers", "points", "rights", "approvals"),
    *("audit", "runs", "organisation", "compliance", "privacy", "exports", "accounting"),
)
GRANTS = (
    "SELECT ON gift TO guibin_customer, guibin_bank, guibin_worker",
    "INSERT, UPDATE (name_zh, name_en, offered) ON gift TO guibin_bank",
    "SELECT, INSERT, UPDATE (entered, free, reserved, handed_over, written_off) ON gift_stock TO guibin_bank",
    "SELECT, INSERT, UPDATE (free, reserved) ON gift_stock TO guibin_worker",
    "SELECT, INSERT ON gift_movement TO guibin_bank",
    "SELECT ON gift_movement TO guibin_worker",
    "SELECT ON gift_handover TO guibin_customer",
    "SELECT, INSERT, UPDATE (state, year, signed_by, ended_at) ON gift_handover TO guibin_bank",
    "SELECT, UPDATE (state, ended_at) ON gift_handover TO guibin_worker",
    "SELECT, INSERT, UPDATE (given_fen) ON gift_year TO guibin_bank",
    "SELECT, UPDATE (given_fen) ON gift_year TO guibin_worker",
)
ALL_ROWS = "(SELECT row_scope_bank())"
OWN = "customer_id = (SELECT row_scope_customer())"


def upgrade() -> None:
    _gifts()
    _movements()
    _handovers()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    _protect("gift_handover")
    _protect("gift_year")
    op.execute(f"CREATE POLICY customer_rows ON gift_handover TO guibin_customer USING ({ALL_ROWS} OR {OWN})")
    _know((*OLD_DOMAINS, "gifts"))
    _events(lambda known: (*known, *EVENTS))


def downgrade() -> None:
    for table in ("gift_year", "gift_handover", "gift_movement", "gift_stock", "gift"):
        op.drop_table(table)
    for table, column in (("event_delivery", "event_type"), ("outbox_event", "type")):
        named = sa.column(column, sa.Text)
        op.execute(sa.delete(sa.table(table, named)).where(named.in_(EVENTS)))
    _events(lambda known: tuple(name for name in known if name not in EVENTS))
    op.execute("DELETE FROM role_grant WHERE domain = 'gifts'")
    _know(OLD_DOMAINS)


def _know(domains: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{domain}'" for domain in domains)
    op.drop_constraint(op.f("ck_role_grant_domain_known"), "role_grant")
    op.create_check_constraint(op.f("ck_role_grant_domain_known"), "role_grant", f"domain IN ({listed})")


def _gifts() -> None:
    op.create_table(
        "gift",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("value_fen", sa.BigInteger(), nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("value_fen > 0", name=op.f("ck_gift_value_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gift")),
        sa.UniqueConstraint("code", name=op.f("uq_gift_code")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "gift_stock",
        sa.Column("gift_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("entered", sa.BigInteger(), nullable=False),
        sa.Column("free", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("handed_over", sa.BigInteger(), nullable=False),
        sa.Column("written_off", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("free >= 0", name=op.f("ck_gift_stock_free_not_negative")),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_gift_stock_reserved_not_negative")),
        sa.CheckConstraint("entered = free + reserved + handed_over + written_off", name=op.f("ck_gift_stock_adds_up")),
        sa.PrimaryKeyConstraint("gift_id", "branch_id", name=op.f("pk_gift_stock")),
        info={"distribution": ("gift_id",)},
    )


def _movements() -> None:
    op.create_table(
        "gift_movement",
        sa.Column("gift_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("handover_id", sa.Uuid(), nullable=True),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('received', 'counted', 'written_off', 'handed_over')", name=op.f("ck_gift_movement_kind_known")
        ),
        sa.CheckConstraint("units <> 0 OR kind = 'counted'", name=op.f("ck_gift_movement_moves_something")),
        sa.CheckConstraint("(kind = 'received') <= (units > 0)", name=op.f("ck_gift_movement_received_comes")),
        sa.CheckConstraint(
            "(kind IN ('written_off', 'handed_over')) <= (units < 0)", name=op.f("ck_gift_movement_given_goes")
        ),
        sa.CheckConstraint(
            "(kind = 'handed_over') = (handover_id IS NOT NULL)",
            name=op.f("ck_gift_movement_handed_over_to_somebody"),
        ),
        sa.PrimaryKeyConstraint("gift_id", "id", name=op.f("pk_gift_movement")),
        info={"distribution": ("gift_id", "gift_stock")},
    )
    op.create_index(
        op.f("ix_gift_movement_gift_id_branch_id_at_id"), "gift_movement", ["gift_id", "branch_id", "at", "id"]
    )


def _handovers() -> None:
    op.create_table(
        "gift_handover",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("gift_id", sa.Uuid(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("value_fen", sa.BigInteger(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("given_by", sa.Uuid(), nullable=False),
        sa.Column("signed_by", sa.Uuid(), nullable=True),
        sa.Column("approval_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'handed_over', 'released')", name=op.f("ck_gift_handover_state_known")
        ),
        sa.CheckConstraint(
            "occasion IN ('birthday', 'festival', 'anniversary', 'visit', 'thanks', 'apology')",
            name=op.f("ck_gift_handover_occasion_known"),
        ),
        sa.CheckConstraint("units BETWEEN 1 AND 100", name=op.f("ck_gift_handover_units_in_range")),
        sa.CheckConstraint("value_fen > 0", name=op.f("ck_gift_handover_value_positive")),
        sa.CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name=op.f("ck_gift_handover_ended")),
        sa.CheckConstraint("(state = 'handed_over') = (signed_by IS NOT NULL)", name=op.f("ck_gift_handover_signed")),
        sa.CheckConstraint("signed_by <> given_by", name=op.f("ck_gift_handover_signed_by_another")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_gift_handover_customer_id_customer")),
        sa.ForeignKeyConstraint(["gift_id"], ["gift.id"], name=op.f("fk_gift_handover_gift_id_gift")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_gift_handover")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_gift_handover_customer_id_created_at_id"), "gift_handover", ["customer_id", "created_at", "id"]
    )
    op.create_index(
        op.f("ix_gift_handover_ended_at"),
        "gift_handover",
        ["ended_at"],
        postgresql_where=sa.text("state = 'handed_over'"),
    )
    op.create_table(
        "gift_year",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("given_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("given_fen >= 0", name=op.f("ck_gift_year_not_negative")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_gift_year_customer_id_customer")),
        sa.PrimaryKeyConstraint("customer_id", "year", name=op.f("pk_gift_year")),
        info={"distribution": ("customer_id", "customer")},
    )


def _protect(table: str) -> None:
    seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ({ALL_ROWS} OR {seen})")


def _events(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
    """Change the list of events as it stands: other revisions add theirs."""
    definition = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    known: str = op.get_bind().execute(sa.text(definition), {"name": KNOWN}).scalar_one()
    names = change(tuple(re.findall(r"'([a-z_.]+)'", known)))
    listed = ", ".join(f"'{name}'" for name in names)
    op.drop_constraint(op.f(KNOWN), "outbox_event")
    op.create_check_constraint(op.f(KNOWN), "outbox_event", f"type IN ({listed})")
