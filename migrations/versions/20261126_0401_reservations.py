"""Units held while a customer confirms, and stock released by plan."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
FACTS = "rights_facts(jsonb, boolean)"
TAKE_CODES = "rights_take_codes(uuid, uuid, uuid, integer, timestamptz, integer)"
TAKE_CODES_OR_HELD = "rights_take_codes(uuid, uuid, uuid, integer, timestamptz, integer, uuid)"
LET_GO = "rights_let_go(uuid, timestamptz, integer, uuid)"
NEW = {
    "rights_let_go": LET_GO,
    "rights_pick_codes": "rights_pick_codes(uuid, integer, timestamptz)",
    "rights_free_codes": "rights_free_codes(uuid, timestamptz, integer)",
    "rights_hold": "rights_hold(uuid, uuid, integer, timestamptz, timestamptz, integer, jsonb)",
    "rights_open_line": "rights_open_line(uuid, integer, timestamptz, jsonb)",
    "rights_take_counted": "rights_take_counted(uuid, uuid, integer, timestamptz, uuid, jsonb)",
    "rights_take_reservation": "rights_take_reservation(uuid, uuid, uuid, uuid, integer, timestamptz)",
}
GRANTS = (
    "SELECT, INSERT, UPDATE (state, ended_at, redemption_id) ON reservation TO guibin_customer",
    "SELECT ON reservation TO guibin_bank, guibin_worker",
    "SELECT, INSERT, UPDATE (held) ON stock_hold TO guibin_customer",
    "SELECT ON stock_hold TO guibin_bank",
    "SELECT, UPDATE (held) ON stock_hold TO guibin_worker",
    "SELECT, INSERT, UPDATE (taken) ON stock_release TO guibin_customer",
    "SELECT, UPDATE (taken) ON stock_release TO guibin_bank, guibin_worker",
    "SELECT, INSERT, UPDATE (units) ON release_use TO guibin_customer",
    "SELECT, UPDATE (units) ON release_use TO guibin_bank, guibin_worker",
    "UPDATE (reserved) ON rights_stock TO guibin_customer, guibin_worker",
    "UPDATE (held_for, held_until) ON voucher_code TO guibin_customer",
)
ALL_ROWS = "(SELECT row_scope_bank())"
OWN = "customer_id = (SELECT row_scope_customer())"


def upgrade() -> None:
    _stock()
    _releases()
    _codes()
    _reservations()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    _protect("reservation")
    op.execute(f"DROP FUNCTION {FACTS}, {TAKE_CODES}")
    for name, signature in NEW.items():
        _install(name, "v1", signature)
    op.execute(f"GRANT EXECUTE ON FUNCTION {LET_GO} TO guibin_worker")
    _install("rights_facts", "v2", FACTS)
    _install("rights_take_codes", "v2", TAKE_CODES_OR_HELD)
    op.execute((FUNCTIONS / "rights_take" / "v2.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute((FUNCTIONS / "rights_take" / "v1.sql").read_text(encoding="utf-8"))
    op.execute(f"DROP FUNCTION {FACTS}, {TAKE_CODES_OR_HELD}, {', '.join(reversed(NEW.values()))}")
    _install("rights_facts", "v1", FACTS)
    _install("rights_take_codes", "v1", TAKE_CODES)
    for table in ("release_use", "stock_release", "stock_hold"):
        op.drop_table(table)
    op.drop_table("reservation")
    for name in ("held_until_an_instant", "held_or_taken"):
        op.drop_constraint(op.f(f"ck_voucher_code_{name}"), "voucher_code")
    for column in ("held_until", "held_for"):
        op.drop_column("voucher_code", column)
    op.execute("UPDATE rights_stock SET free = free + reserved, reserved = 0 WHERE reserved > 0")
    for name in ("adds_up", "reserved_not_negative"):
        op.drop_constraint(op.f(f"ck_rights_stock_{name}"), "rights_stock")
    op.drop_column("rights_stock", "reserved")
    op.create_check_constraint(op.f("ck_rights_stock_adds_up"), "rights_stock", "initial = free + sold")


def _install(name: str, version: str, signature: str) -> None:
    op.execute((FUNCTIONS / name / f"{version}.sql").read_text(encoding="utf-8"))
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO guibin_customer")


def _stock() -> None:
    op.add_column("rights_stock", sa.Column("reserved", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("rights_stock", "reserved", server_default=None)
    op.drop_constraint(op.f("ck_rights_stock_adds_up"), "rights_stock")
    op.create_check_constraint(op.f("ck_rights_stock_reserved_not_negative"), "rights_stock", "reserved >= 0")
    op.create_check_constraint(op.f("ck_rights_stock_adds_up"), "rights_stock", "initial = free + reserved + sold")
    op.create_table(
        "stock_hold",
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("reservation_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.CheckConstraint("units > 0", name=op.f("ck_stock_hold_units_positive")),
        sa.PrimaryKeyConstraint("right_id", "reservation_id", name=op.f("pk_stock_hold")),
        info={"distribution": ("right_id", "rights_stock")},
    )
    op.create_index(
        op.f("ix_stock_hold_right_id_lapses_at"),
        "stock_hold",
        ["right_id", "lapses_at"],
        postgresql_where=sa.text("held"),
    )


def _releases() -> None:
    op.create_table(
        "stock_release",
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("taken >= 0", name=op.f("ck_stock_release_taken_not_negative")),
        sa.PrimaryKeyConstraint("right_id", "line", name=op.f("pk_stock_release")),
        info={"distribution": ("right_id", "rights_stock")},
    )
    op.create_table(
        "release_use",
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.CheckConstraint("units >= 0", name=op.f("ck_release_use_units_not_negative")),
        sa.PrimaryKeyConstraint("right_id", "redemption_id", name=op.f("pk_release_use")),
        info={"distribution": ("right_id", "rights_stock")},
    )


def _codes() -> None:
    op.add_column("voucher_code", sa.Column("held_for", sa.Uuid(), nullable=True))
    op.add_column("voucher_code", sa.Column("held_until", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_voucher_code_held_until_an_instant"), "voucher_code", "(held_for IS NULL) = (held_until IS NULL)"
    )
    op.create_check_constraint(
        op.f("ck_voucher_code_held_or_taken"), "voucher_code", "held_for IS NULL OR taken_at IS NULL"
    )


def _reservations() -> None:
    op.create_table(
        "reservation",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("redemption_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("state IN ('held', 'taken', 'released', 'lapsed')", name=op.f("ck_reservation_state_known")),
        sa.CheckConstraint("quantity BETWEEN 1 AND 100", name=op.f("ck_reservation_quantity_in_range")),
        sa.CheckConstraint(
            "(state = 'taken') = (redemption_id IS NOT NULL)", name=op.f("ck_reservation_taken_by_a_redemption")
        ),
        sa.CheckConstraint("(state = 'held') = (ended_at IS NULL)", name=op.f("ck_reservation_ended")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_reservation_customer_id_customer")),
        sa.ForeignKeyConstraint(
            ["customer_id", "redemption_id"],
            ["redemption.customer_id", "redemption.id"],
            name=op.f("fk_reservation_customer_id_redemption_id_redemption"),
        ),
        sa.ForeignKeyConstraint(["right_id"], ["rights_item.id"], name=op.f("fk_reservation_right_id_rights_item")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_reservation")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_reservation_customer_id_right_id"),
        "reservation",
        ["customer_id", "right_id"],
        unique=True,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(
        op.f("ix_reservation_customer_id_created_at_id"), "reservation", ["customer_id", "created_at", "id"]
    )


def _protect(table: str) -> None:
    seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ({ALL_ROWS} OR {seen})")
    op.execute(f"CREATE POLICY customer_rows ON {table} TO guibin_customer USING ({ALL_ROWS} OR {OWN})")
