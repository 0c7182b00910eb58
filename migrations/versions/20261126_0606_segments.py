"""Runs of rules: what each did, and what tells which customers changed since the one before."""

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

EVENTS = ("tags.alert",)
KNOWN = "ck_outbox_event_type_known"
LOCAL = {"distribution": "local"}
GRANTS = (
    "SELECT, INSERT ON tag_run, tag_run_result TO guibin_worker",
    "SELECT ON tag_run, tag_run_result TO guibin_bank",
)


def upgrade() -> None:
    _what_changed()
    _runs()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    _events(lambda known: (*known, *EVENTS))


def downgrade() -> None:
    for table, column in (("event_delivery", "event_type"), ("outbox_event", "type")):
        named = sa.column(column, sa.Text)
        op.execute(sa.delete(sa.table(table, named)).where(named.in_(EVENTS)))
    _events(lambda known: tuple(name for name in known if name not in EVENTS))
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


def _events(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
    """Change the list of events as it stands: other revisions add theirs."""
    definition = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    known: str = op.get_bind().execute(sa.text(definition), {"name": KNOWN}).scalar_one()
    names = change(tuple(re.findall(r"'([a-z_.]+)'", known)))
    listed = ", ".join(f"'{name}'" for name in names)
    op.drop_constraint(op.f(KNOWN), "outbox_event")
    op.create_check_constraint(op.f(KNOWN), "outbox_event", f"type IN ({listed})")
