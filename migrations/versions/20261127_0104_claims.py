"""Claims of managers on customers whom nobody serves, disputes about them, and the codes that customers type."""

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None

GRANTS = (
    "SELECT ON claim TO guibin_customer, guibin_bank, guibin_worker",
    "INSERT ON claim TO guibin_customer, guibin_bank, guibin_worker",
    "UPDATE (valid_to, end_reason, blocked_until) ON claim TO guibin_bank, guibin_worker",
    "SELECT (customer_id, manager_id, blocked_until) ON claim_dispute TO guibin_customer",
    "SELECT, INSERT ON claim_dispute TO guibin_bank",
    "UPDATE (state, reason, ruling, decided_by, decided_at, blocked_until) ON claim_dispute TO guibin_bank",
    "SELECT ON claim_dispute TO guibin_worker",
    "SELECT ON coverage_terms TO guibin_customer",
)
EVENTS = ("pool.noticed", "pool.returned", "unassigned.too_long")
KNOWN = "ck_outbox_event_type_known"
BANK = "(SELECT row_scope_bank())"
OWN = "customer_id = (SELECT row_scope_customer())"


def upgrade() -> None:
    _codes()
    _claims()
    _disputes()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    for table in ("claim", "claim_dispute"):
        _protect(table)
    _events(lambda known: (*known, *EVENTS))


def downgrade() -> None:
    for table, column in (("event_delivery", "event_type"), ("outbox_event", "type")):
        named = sa.column(column, sa.Text)
        op.execute(sa.delete(sa.table(table, named)).where(named.in_(EVENTS)))
    _events(lambda known: tuple(name for name in known if name not in EVENTS))
    op.execute("REVOKE SELECT ON coverage_terms FROM guibin_customer")
    op.drop_table("claim_dispute")
    op.drop_table("claim")
    op.drop_column("manager", "referral_code")


def _codes() -> None:
    """Give every manager a code of ten letters and digits, as new ones get it."""
    op.add_column("manager", sa.Column("referral_code", sa.Text(), nullable=True))
    op.execute("UPDATE manager SET referral_code = upper(translate(substr(md5(id::text), 1, 10), '01', 'XY'))")
    op.alter_column("manager", "referral_code", nullable=False)
    op.create_unique_constraint(op.f("uq_manager_referral_code"), "manager", ["referral_code"])


def _claims() -> None:
    op.create_table(
        "claim",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("touch_id", sa.Uuid(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("blocked_until", sa.Date(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("origin IN ('touch', 'code', 'entered', 'dispute')", name=op.f("ck_claim_origin_known")),
        sa.CheckConstraint(
            "end_reason IN ('placed', 'moved', 'corrected', 'merged', 'manager_gone')",
            name=op.f("ck_claim_end_reason_known"),
        ),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_claim_in_order")),
        sa.CheckConstraint("(origin = 'touch') = (touch_id IS NOT NULL)", name=op.f("ck_claim_of_a_touch")),
        postgresql.ExcludeConstraint(
            (sa.column("customer_id"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_claim_one_at_a_time",
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_claim_customer_id_customer")),
        sa.ForeignKeyConstraint(["manager_id"], ["manager.id"], name=op.f("fk_claim_manager_id_manager")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_claim")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(op.f("ix_claim_manager_id_valid_to"), "claim", ["manager_id", "valid_to"])
    op.create_index(op.f("ix_claim_id"), "claim", ["id"])


def _disputes() -> None:
    op.create_table(
        "claim_dispute",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("claim_id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ruling", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("blocked_until", sa.Date(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'stayed', 'moved')", name=op.f("ck_claim_dispute_state_known")),
        sa.CheckConstraint("(state = 'open') = (decided_at IS NULL)", name=op.f("ck_claim_dispute_decided")),
        sa.CheckConstraint(
            "(decided_by IS NULL) = (decided_at IS NULL)", name=op.f("ck_claim_dispute_decided_by_somebody")
        ),
        sa.CheckConstraint("decided_by <> opened_by", name=op.f("ck_claim_dispute_decided_by_another")),
        sa.ForeignKeyConstraint(
            ["customer_id", "claim_id"],
            ["claim.customer_id", "claim.id"],
            name=op.f("fk_claim_dispute_customer_id_claim_id_claim"),
        ),
        sa.ForeignKeyConstraint(["manager_id"], ["manager.id"], name=op.f("fk_claim_dispute_manager_id_manager")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_claim_dispute")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_claim_dispute_customer_id_claim_id"),
        "claim_dispute",
        ["customer_id", "claim_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )


def _protect(table: str) -> None:
    seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ({BANK} OR {seen})")
    op.execute(f"CREATE POLICY customer_rows ON {table} TO guibin_customer USING ({BANK} OR {OWN})")


def _events(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
    """Change the list of events as it stands: other revisions add theirs."""
    definition = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    known: str = op.get_bind().execute(sa.text(definition), {"name": KNOWN}).scalar_one()
    names = change(tuple(re.findall(r"'([a-z_.]+)'", known)))
    listed = ", ".join(f"'{name}'" for name in names)
    op.drop_constraint(op.f(KNOWN), "outbox_event")
    op.create_check_constraint(op.f(KNOWN), "outbox_event", f"type IN ({listed})")
