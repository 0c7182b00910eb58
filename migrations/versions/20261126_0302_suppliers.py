"""Suppliers, their orders and call-backs."""

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

WRITTEN = (
    "name, state, base_url, settlement_basis, tax_rate_bp, prepaid, contact_name_enc, contact_phone_enc,"
    " contact_email_enc, secret_no, secret_enc, secret_shown_at, old_secret_enc, old_secret_until, revision"
)
GRANTS = (
    f"SELECT, INSERT, UPDATE ({WRITTEN}) ON supplier TO guibin_bank",
    "SELECT ON supplier TO guibin_customer, guibin_worker",
    "SELECT, INSERT, UPDATE (supplier_id, product_code, set_by, set_at) ON right_supplier TO guibin_bank",
    "SELECT ON right_supplier TO guibin_worker",
    "SELECT, INSERT, UPDATE (valid_to) ON supplier_price TO guibin_bank",
    "INSERT, SELECT ON redemption_delivery TO guibin_customer",
    "SELECT ON redemption_delivery TO guibin_bank, guibin_worker",
    "SELECT, UPDATE (state, next_try_at, parked_at, fault, ended_at) ON supplier_order TO guibin_bank",
    "SELECT ON supplier_order TO guibin_customer",
    (
        "SELECT, INSERT, UPDATE (state, tries, next_try_at, parked_at, fault, reference, reason, tracking_enc, sent_at,"
        " ended_at) ON supplier_order TO guibin_worker"
    ),
    "SELECT, INSERT ON supplier_event TO guibin_customer",
    "SELECT, UPDATE (applied_at, changed) ON supplier_event TO guibin_worker",
    "UPDATE (substitute_id) ON rights_item TO guibin_bank",
    # What a supplier's outcome moves.
    "UPDATE (state) ON redemption TO guibin_worker",
    "INSERT ON redemption_step TO guibin_worker",
    "INSERT ON voucher_code TO guibin_worker",
    "UPDATE (data_key) ON rights_item TO guibin_worker",
)
TABLES = ("supplier_event", "supplier_order", "redemption_delivery", "supplier_price", "right_supplier", "supplier")
FULFILMENTS = ("top_up", "order", "parcel")
KNOWN = "ck_rights_item_fulfilment_known"
ALL_ROWS = "(SELECT row_scope_bank())"
OWN = "customer_id = (SELECT row_scope_customer())"


def upgrade() -> None:
    _suppliers()
    _rights()
    _prices()
    _deliveries()
    _orders()
    _events()
    op.add_column("rights_item", sa.Column("substitute_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_rights_item_substitute_id_rights_item"), "rights_item", "rights_item", ["substitute_id"], ["id"]
    )
    _fulfilments(lambda known: (*known, *FULFILMENTS))
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    _protect("redemption_delivery")
    _protect("supplier_order")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.drop_column("rights_item", "substitute_id")
    for table, column in (("rights_item", "fulfilment"), ("redemption", "fulfilment")):
        named = sa.column(column, sa.Text)
        changed = sa.update(sa.table(table, named)).where(named.in_(FULFILMENTS)).values({column: "hand_out"})
        op.execute(changed)
    _fulfilments(lambda known: tuple(name for name in known if name not in FULFILMENTS))


def _fulfilments(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
    """Change the list of ways of delivery as it stands: other revisions add theirs."""
    definition = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    known: str = op.get_bind().execute(sa.text(definition), {"name": KNOWN}).scalar_one()
    names = change(tuple(re.findall(r"'([a-z_]+)'", known)))
    listed = ", ".join(f"'{name}'" for name in names)
    op.drop_constraint(op.f(KNOWN), "rights_item")
    op.create_check_constraint(op.f(KNOWN), "rights_item", f"fulfilment IN ({listed})")


def _protect(table: str) -> None:
    seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ({ALL_ROWS} OR {seen})")
    op.execute(f"CREATE POLICY customer_rows ON {table} TO guibin_customer USING ({ALL_ROWS} OR {OWN})")


def _suppliers() -> None:
    op.create_table(
        "supplier",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=True),
        sa.Column("settlement_basis", sa.Text(), nullable=False),
        sa.Column("tax_rate_bp", sa.Integer(), nullable=False),
        sa.Column("prepaid", sa.Boolean(), nullable=False),
        sa.Column("contact_name_enc", sa.LargeBinary(), nullable=True),
        sa.Column("contact_phone_enc", sa.LargeBinary(), nullable=True),
        sa.Column("contact_email_enc", sa.LargeBinary(), nullable=True),
        sa.Column("data_key", sa.LargeBinary(), nullable=False),
        sa.Column("secret_no", sa.Integer(), nullable=False),
        sa.Column("secret_enc", sa.LargeBinary(), nullable=False),
        sa.Column("secret_shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("old_secret_enc", sa.LargeBinary(), nullable=True),
        sa.Column("old_secret_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('active', 'off')", name=op.f("ck_supplier_state_known")),
        sa.CheckConstraint("settlement_basis IN ('issued', 'used')", name=op.f("ck_supplier_settlement_basis_known")),
        sa.CheckConstraint("tax_rate_bp BETWEEN 0 AND 10000", name=op.f("ck_supplier_tax_rate_in_range")),
        sa.CheckConstraint(
            "(old_secret_enc IS NULL) = (old_secret_until IS NULL)", name=op.f("ck_supplier_old_secret_with_end")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier")),
        sa.UniqueConstraint("code", name=op.f("uq_supplier_code")),
        info={"distribution": "reference"},
    )


def _rights() -> None:
    op.create_table(
        "right_supplier",
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("product_code", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["right_id"], ["rights_item.id"], name=op.f("fk_right_supplier_right_id_rights_item")),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], name=op.f("fk_right_supplier_supplier_id_supplier")),
        sa.PrimaryKeyConstraint("right_id", name=op.f("pk_right_supplier")),
        info={"distribution": "reference"},
    )
    op.create_index(op.f("ix_right_supplier_supplier_id"), "right_supplier", ["supplier_id"])


def _prices() -> None:
    op.create_table(
        "supplier_price",
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("price_fen >= 0", name=op.f("ck_supplier_price_price_not_negative")),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_supplier_price_ends_after_it_begins")
        ),
        postgresql.ExcludeConstraint(
            (sa.column("right_id"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_supplier_price_one_a_day",
        ),
        sa.ForeignKeyConstraint(["right_id"], ["rights_item.id"], name=op.f("fk_supplier_price_right_id_rights_item")),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], name=op.f("fk_supplier_price_supplier_id_supplier")),
        sa.PrimaryKeyConstraint("right_id", "valid_from", name=op.f("pk_supplier_price")),
        info={"distribution": "reference"},
    )
    op.create_index(op.f("ix_supplier_price_supplier_id_valid_from"), "supplier_price", ["supplier_id", "valid_from"])


def _deliveries() -> None:
    op.create_table(
        "redemption_delivery",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("recharge_account_enc", sa.LargeBinary(), nullable=True),
        sa.Column("recipient_enc", sa.LargeBinary(), nullable=True),
        sa.Column("phone_enc", sa.LargeBinary(), nullable=True),
        sa.Column("address_enc", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(recharge_account_enc IS NULL) <> (address_enc IS NULL)", name=op.f("ck_redemption_delivery_one_goal")
        ),
        sa.CheckConstraint(
            "(address_enc IS NULL) = (recipient_enc IS NULL) AND (address_enc IS NULL) = (phone_enc IS NULL)",
            name=op.f("ck_redemption_delivery_whole_address"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "redemption_id"],
            ["redemption.customer_id", "redemption.id"],
            name=op.f("fk_redemption_delivery_customer_id_redemption_id_redemption"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "redemption_id", name=op.f("pk_redemption_delivery")),
        info={"distribution": ("customer_id", "customer")},
    )


def _orders() -> None:
    op.create_table(
        "supplier_order",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("product_code", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("tracking_enc", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'accepted', 'done', 'refused', 'withdrawn')",
            name=op.f("ck_supplier_order_state_known"),
        ),
        sa.CheckConstraint(
            "fault IN ('timeout', 'unreachable', 'address_not_allowed', 'bad_answer', 'not_known', 'mismatch',"
            " 'redemption_ended')",
            name=op.f("ck_supplier_order_fault_known"),
        ),
        sa.CheckConstraint(
            "(state IN ('done', 'refused', 'withdrawn')) = (ended_at IS NOT NULL)", name=op.f("ck_supplier_order_ended")
        ),
        sa.CheckConstraint(
            "state NOT IN ('sent', 'accepted') OR sent_at IS NOT NULL", name=op.f("ck_supplier_order_sent_once")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_supplier_order_customer_id_customer")),
        sa.ForeignKeyConstraint(
            ["customer_id", "redemption_id"],
            ["redemption.customer_id", "redemption.id"],
            name=op.f("fk_supplier_order_customer_id_redemption_id_redemption"),
        ),
        sa.ForeignKeyConstraint(["right_id"], ["rights_item.id"], name=op.f("fk_supplier_order_right_id_rights_item")),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], name=op.f("fk_supplier_order_supplier_id_supplier")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_supplier_order")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_supplier_order_customer_id_redemption_id"),
        "supplier_order",
        ["customer_id", "redemption_id"],
        unique=True,
    )
    op.create_index(op.f("ix_supplier_order_id"), "supplier_order", ["id"])
    op.create_index(
        "ix_supplier_order_due",
        "supplier_order",
        ["next_try_at"],
        postgresql_where=sa.text("ended_at IS NULL AND parked_at IS NULL"),
    )
    op.create_index(
        "ix_supplier_order_parked", "supplier_order", ["parked_at"], postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_index(op.f("ix_supplier_order_supplier_id_created_at"), "supplier_order", ["supplier_id", "created_at"])


def _events() -> None:
    op.create_table(
        "supplier_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("order_owner", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("content_enc", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier_event")),
        info={"distribution": "local"},
    )
    op.create_index(
        op.f("ix_supplier_event_supplier_id_event_id"), "supplier_event", ["supplier_id", "event_id"], unique=True
    )
    op.create_index(
        "ix_supplier_event_waiting",
        "supplier_event",
        ["received_at"],
        postgresql_where=sa.text("applied_at IS NULL"),
    )
    op.create_index(op.f("ix_supplier_event_received_at"), "supplier_event", ["received_at"])
