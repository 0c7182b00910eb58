"""What is ordered at suppliers, and what they report."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

FULFILMENTS = ("code", "hand_out", "instruction")
NEW_FULFILMENTS = ("top_up", "order", "parcel")
CONNECTION = (
    sa.Column("base_url", sa.Text(), nullable=True),
    sa.Column("secret_no", sa.Integer(), nullable=False, server_default="0"),
    sa.Column("secret_enc", sa.LargeBinary(), nullable=True),
    sa.Column("secret_shown_at", sa.DateTime(timezone=True), nullable=True),
    sa.Column("old_secret_enc", sa.LargeBinary(), nullable=True),
    sa.Column("old_secret_until", sa.DateTime(timezone=True), nullable=True),
)
WRITTEN = "base_url, secret_no, secret_enc, secret_shown_at, old_secret_enc, old_secret_until"
SETTLED = "state, tries, next_try_at, parked_at, fault, reason, tracking_enc, ended_at"
GRANTS = (
    f"UPDATE ({WRITTEN}) ON supplier TO guibin_bank",
    "SELECT ON supplier TO guibin_customer, guibin_worker",
    "SELECT ON right_supplier TO guibin_worker",
    f"SELECT, UPDATE ({SETTLED}) ON supplier_order TO guibin_bank",
    "SELECT ON supplier_order TO guibin_customer",
    f"SELECT, INSERT, UPDATE ({SETTLED}, reference, sent_at) ON supplier_order TO guibin_worker",
    "SELECT, INSERT ON supplier_event TO guibin_customer",
    "SELECT, UPDATE (applied_at, changed, content_enc) ON supplier_event TO guibin_worker",
    # The codes that come back with an order.
    "INSERT ON voucher_code TO guibin_worker",
    "UPDATE (data_key) ON rights_item TO guibin_worker",
)
ALL_ROWS = "(SELECT row_scope_bank())"
OWN = "customer_id = (SELECT row_scope_customer())"
PERIODS = (
    ("supplier_callback", 180, "a call-back that comes again within half a year is known"),
    ("delivery", 30, "questions about where something went come within a month of its end"),
)


def upgrade() -> None:
    for column in CONNECTION:
        op.add_column("supplier", column)
    op.alter_column("supplier", "secret_no", server_default=None)
    op.create_check_constraint(
        op.f("ck_supplier_old_secret_with_end"), "supplier", "(old_secret_enc IS NULL) = (old_secret_until IS NULL)"
    )
    op.create_check_constraint(
        op.f("ck_supplier_secret_numbered"), "supplier", "(secret_no = 0) = (secret_enc IS NULL)"
    )
    op.add_column("redemption", sa.Column("delivery_enc", sa.LargeBinary(), nullable=True))
    _fulfilments((*FULFILMENTS, *NEW_FULFILMENTS))
    _orders()
    _events()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    _protect("supplier_order")
    _periods()


def downgrade() -> None:
    gone = sa.table("retention_period", sa.column("subject", sa.Text))
    op.execute(sa.delete(gone).where(gone.c.subject.in_([subject for subject, _, _ in PERIODS])))
    op.execute("REVOKE INSERT ON voucher_code FROM guibin_worker")
    op.execute("REVOKE UPDATE (data_key) ON rights_item FROM guibin_worker")
    op.execute("REVOKE SELECT ON supplier FROM guibin_customer, guibin_worker")
    op.execute("REVOKE SELECT ON right_supplier FROM guibin_worker")
    op.drop_table("supplier_event")
    op.drop_table("supplier_order")
    for table in ("rights_item", "redemption"):
        named = sa.table(table, sa.column("fulfilment", sa.Text))
        changed = sa.update(named).where(named.c.fulfilment.in_(NEW_FULFILMENTS)).values(fulfilment="hand_out")
        op.execute(changed)
    _fulfilments(FULFILMENTS)
    op.drop_column("redemption", "delivery_enc")
    for name in ("secret_numbered", "old_secret_with_end"):
        op.drop_constraint(op.f(f"ck_supplier_{name}"), "supplier")
    for column in reversed(CONNECTION):
        op.drop_column("supplier", column.name)


def _fulfilments(known: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{name}'" for name in known)
    op.drop_constraint(op.f("ck_rights_item_fulfilment_known"), "rights_item")
    op.create_check_constraint(op.f("ck_rights_item_fulfilment_known"), "rights_item", f"fulfilment IN ({listed})")


def _periods() -> None:
    """Say how long what is new is kept, where a bank has its periods already; the seed adds the rest."""
    period = sa.table("retention_period", sa.column("subject"), sa.column("days"), sa.column("reason"))
    if op.get_bind().execute(sa.select(sa.func.count()).select_from(period)).scalar_one():
        op.bulk_insert(
            period, [{"subject": subject, "days": days, "reason": reason} for subject, days, reason in PERIODS]
        )


def _protect(table: str) -> None:
    seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ({ALL_ROWS} OR {seen})")
    op.execute(f"CREATE POLICY customer_rows ON {table} TO guibin_customer USING ({ALL_ROWS} OR {OWN})")


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
            " 'not_applied')",
            name=op.f("ck_supplier_order_fault_known"),
        ),
        sa.CheckConstraint(
            "(state IN ('done', 'refused', 'withdrawn')) = (ended_at IS NOT NULL)", name=op.f("ck_supplier_order_ended")
        ),
        sa.CheckConstraint(
            "state NOT IN ('sent', 'accepted') OR sent_at IS NOT NULL", name=op.f("ck_supplier_order_sent_at_a_time")
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
    table, ours = "supplier_order", ["customer_id", "redemption_id"]
    op.create_index(op.f("ix_supplier_order_customer_id_redemption_id"), table, ours, unique=True)
    op.create_index(op.f("ix_supplier_order_id"), table, ["id"])
    waits = sa.text("ended_at IS NULL AND parked_at IS NULL")
    op.create_index("ix_supplier_order_due", table, ["next_try_at"], postgresql_where=waits)
    op.create_index(op.f("ix_supplier_order_supplier_id_created_at_id"), table, ["supplier_id", "created_at", "id"])


def _events() -> None:
    op.create_table(
        "supplier_event",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("content_enc", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed", sa.Boolean(), nullable=True),
        sa.CheckConstraint(
            "(content_enc IS NULL) = (applied_at IS NOT NULL)", name=op.f("ck_supplier_event_forgotten_when_applied")
        ),
        sa.PrimaryKeyConstraint("supplier_id", "event_id", name=op.f("pk_supplier_event")),
        info={"distribution": "local"},
    )
    waits = sa.text("applied_at IS NULL")
    op.create_index("ix_supplier_event_waiting", "supplier_event", ["received_at"], postgresql_where=waits)
    op.create_index(op.f("ix_supplier_event_received_at"), "supplier_event", ["received_at"])
