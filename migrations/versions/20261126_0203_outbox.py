"""Events that leave the bank: outbox, deliveries, webhooks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TYPES = (
    "'points.expiring', 'redemption.confirmed', 'redemption.fulfilled', 'redemption.cancelled',"
    " 'redemption.refunded', 'redemption.failed', 'right.low_stock', 'right.back_in_stock', 'codes.low', 'webhook.test'"
)
SHOWN = (
    "id, event_id, event_type, webhook_id, state, attempts, next_try_at, created_at, tried_at, delivered_at, status,"
    " answer, failure"
)
GRANTS = (
    "INSERT ON outbox_event TO guibin_customer, guibin_bank, guibin_worker",
    "SELECT, UPDATE (relayed_at) ON outbox_event TO guibin_worker",
    "SELECT, INSERT ON webhook TO guibin_bank",
    (
        "UPDATE (name, url, event_types, state, secret_no, secret_enc, old_secret_enc, old_secret_until, revision)"
        " ON webhook TO guibin_bank"
    ),
    "SELECT ON webhook TO guibin_worker",
    f"SELECT ({SHOWN}), INSERT, UPDATE (state, attempts, next_try_at, delivered_at) ON event_delivery TO guibin_bank",
    (
        "SELECT, INSERT, UPDATE (state, attempts, next_try_at, tried_at, delivered_at, status, answer, failure)"
        " ON event_delivery TO guibin_worker"
    ),
)


def upgrade() -> None:
    _events()
    _webhooks()
    _deliveries()
    op.add_column("rights_stock", sa.Column("low_at", sa.BigInteger(), server_default="0", nullable=False))
    op.alter_column("rights_stock", "low_at", server_default=None)
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    # Whoever's command it is publishes; the relay alone reads.
    op.execute("ALTER TABLE outbox_event ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_rows ON outbox_event TO guibin_worker USING (true)")
    op.execute(
        "CREATE POLICY everybody_writes ON outbox_event FOR INSERT TO guibin_bank, guibin_customer WITH CHECK (true)"
    )


def downgrade() -> None:
    op.drop_column("rights_stock", "low_at")
    for table in ("event_delivery", "webhook", "outbox_event"):
        op.drop_table(table)


def _events() -> None:
    op.create_table(
        "outbox_event",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("once", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("relayed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"type IN ({TYPES})", name=op.f("ck_outbox_event_type_known")),
        sa.CheckConstraint(
            "customer_id IS NULL OR customer_id = owner_id", name=op.f("ck_outbox_event_owned_by_its_customer")
        ),
        sa.PrimaryKeyConstraint("owner_id", "id", name=op.f("pk_outbox_event")),
        info={"distribution": ("owner_id", "customer")},
    )
    op.create_index(
        op.f("ix_outbox_event_owner_id_type_once"),
        "outbox_event",
        ["owner_id", "type", "once"],
        unique=True,
        postgresql_where=sa.text("once IS NOT NULL"),
    )
    op.create_index(
        "ix_outbox_event_waiting", "outbox_event", ["created_at"], postgresql_where=sa.text("relayed_at IS NULL")
    )


def _webhooks() -> None:
    op.create_table(
        "webhook",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("event_types", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("data_key", sa.LargeBinary(), nullable=False),
        sa.Column("secret_no", sa.Integer(), nullable=False),
        sa.Column("secret_enc", sa.LargeBinary(), nullable=False),
        sa.Column("old_secret_enc", sa.LargeBinary(), nullable=True),
        sa.Column("old_secret_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('active', 'off')", name=op.f("ck_webhook_state_known")),
        sa.CheckConstraint(
            "(old_secret_enc IS NULL) = (old_secret_until IS NULL)", name=op.f("ck_webhook_old_secret_with_end")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
        info={"distribution": "local"},
    )


def _deliveries() -> None:
    op.create_table(
        "event_delivery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_owner", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("consumer", sa.Text(), nullable=True),
        sa.Column("webhook_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'dead')", name=op.f("ck_event_delivery_state_known")),
        sa.CheckConstraint(
            "failure IN ('address_not_allowed', 'timeout', 'unreachable', 'failed')",
            name=op.f("ck_event_delivery_failure_known"),
        ),
        sa.CheckConstraint("(consumer IS NULL) <> (webhook_id IS NULL)", name=op.f("ck_event_delivery_one_receiver")),
        sa.CheckConstraint(
            "(state = 'delivered') = (delivered_at IS NOT NULL)", name=op.f("ck_event_delivery_delivered")
        ),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhook.id"], name=op.f("fk_event_delivery_webhook_id_webhook")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_delivery")),
        info={"distribution": "local"},
    )
    for receiver in ("consumer", "webhook_id"):
        op.create_index(
            op.f(f"ix_event_delivery_{receiver}_event_id"),
            "event_delivery",
            [receiver, "event_id"],
            unique=True,
            postgresql_where=sa.text(f"{receiver} IS NOT NULL"),
        )
    op.create_index(
        op.f("ix_event_delivery_webhook_id_created_at_id"),
        "event_delivery",
        ["webhook_id", "created_at", "id"],
        postgresql_where=sa.text("webhook_id IS NOT NULL"),
    )
    op.create_index(
        "ix_event_delivery_waiting", "event_delivery", ["next_try_at"], postgresql_where=sa.text("state = 'waiting'")
    )
