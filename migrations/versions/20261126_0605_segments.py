"""Runs of rules, what tells which customers changed since the one before, and segments: pins and snapshots."""

import re
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

EVENTS = ("tags.alert", "segment.entered", "segment.left")
KNOWN = "ck_outbox_event_type_known"
LOCAL = {"distribution": "local"}
BY_CUSTOMER = {"distribution": ("customer_id", "customer")}
FUNCTIONS = Path(__file__).parents[1] / "functions"
GRANTS = (
    "SELECT, INSERT ON tag_run, tag_run_result TO guibin_worker",
    "SELECT ON tag_run, tag_run_result TO guibin_bank",
    "SELECT, INSERT, UPDATE (side, until, set_by, reason) ON segment_pin TO guibin_bank",
    "SELECT, INSERT, UPDATE (until) ON segment_pin TO guibin_worker",
    "SELECT, INSERT ON segment_snapshot, segment_snapshot_member TO guibin_bank",
    "SELECT ON segment_snapshot, segment_snapshot_member TO guibin_worker",
)


def upgrade() -> None:
    _what_changed()
    _runs()
    _segments()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    for table in ("segment_pin", "segment_snapshot_member"):
        _protect(table)
    _forget(5)
    _events(lambda known: (*known, *EVENTS))


def downgrade() -> None:
    for table, column in (("event_delivery", "event_type"), ("outbox_event", "type")):
        named = sa.column(column, sa.Text)
        op.execute(sa.delete(sa.table(table, named)).where(named.in_(EVENTS)))
    _events(lambda known: tuple(name for name in known if name not in EVENTS))
    _forget(4)
    for table in ("segment_snapshot_member", "segment_snapshot", "segment_pin"):
        op.drop_table(table)
    op.drop_table("tag_run_result")
    op.drop_table("tag_run")
    op.drop_index(op.f("ix_business_event_received_at"), "business_event")
    op.drop_column("customer_fact", "changed_in")


def _what_changed() -> None:
    op.add_column(
        "customer_fact", sa.Column("changed_in", sa.BigInteger(), server_default=sa.text("0"), nullable=False)
    )
    op.create_index(op.f("ix_customer_fact_changed_in"), "customer_fact", ["changed_in"])
    op.create_index(op.f("ix_business_event_received_at"), "business_event", ["received_at"])


def _runs() -> None:
    op.create_table(
        "tag_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("facts_seen", sa.BigInteger(), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('full', 'incremental')", name=op.f("ck_tag_run_kind_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_run")),
        info=LOCAL,
    )
    op.create_index(op.f("ix_tag_run_started_at"), "tag_run", ["started_at"])
    op.create_table(
        "tag_run_result",
        sa.Column("tag_code", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.Column("by_value", postgresql.JSONB(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["tag_code"], ["tag.code"], name=op.f("fk_tag_run_result_tag_code_tag")),
        sa.ForeignKeyConstraint(["run_id"], ["tag_run.id"], name=op.f("fk_tag_run_result_run_id_tag_run")),
        sa.PrimaryKeyConstraint("tag_code", "run_id", name=op.f("pk_tag_run_result")),
        info=LOCAL,
    )
    op.create_index(op.f("ix_tag_run_result_run_id"), "tag_run_result", ["run_id"])


def _segments() -> None:
    op.create_table(
        "segment_pin",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("tag_code", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("side IN ('in', 'out')", name=op.f("ck_segment_pin_side_known")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_segment_pin_customer_id_customer")),
        sa.ForeignKeyConstraint(["tag_code"], ["tag.code"], name=op.f("fk_segment_pin_tag_code_tag")),
        sa.PrimaryKeyConstraint("customer_id", "tag_code", "since", name=op.f("pk_segment_pin")),
        info=BY_CUSTOMER,
    )
    op.create_index(
        op.f("ix_segment_pin_tag_code_customer_id"),
        "segment_pin",
        ["tag_code", "customer_id"],
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "segment_snapshot",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tag_code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("taken_by", sa.Uuid(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tag_code"], ["tag.code"], name=op.f("fk_segment_snapshot_tag_code_tag")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment_snapshot")),
        info=LOCAL,
    )
    op.create_index(op.f("ix_segment_snapshot_tag_code_id"), "segment_snapshot", ["tag_code", "id"])
    op.create_table(
        "segment_snapshot_member",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("snapshot_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_segment_snapshot_member_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("customer_id", "snapshot_id", name=op.f("pk_segment_snapshot_member")),
        info=BY_CUSTOMER,
    )
    op.create_index(
        op.f("ix_segment_snapshot_member_snapshot_id_customer_id"),
        "segment_snapshot_member",
        ["snapshot_id", "customer_id"],
    )


def _protect(table: str) -> None:
    seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ((SELECT row_scope_bank()) OR {seen})")


def _forget(version: int) -> None:
    op.execute((FUNCTIONS / "privacy_forget" / f"v{version}.sql").read_text(encoding="utf-8"))


def _events(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
    """Change the list of events as it stands: other revisions add theirs."""
    definition = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    known: str = op.get_bind().execute(sa.text(definition), {"name": KNOWN}).scalar_one()
    names = change(tuple(re.findall(r"'([a-z_.]+)'", known)))
    listed = ", ".join(f"'{name}'" for name in names)
    op.drop_constraint(op.f(KNOWN), "outbox_event")
    op.create_check_constraint(op.f(KNOWN), "outbox_event", f"type IN ({listed})")
