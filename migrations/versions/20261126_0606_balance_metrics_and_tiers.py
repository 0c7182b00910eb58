"""The balance metrics as facts; schemes with their terms, and where each customer stands by figures."""

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

METRICS = ("quarter_daily", "three_months", "best_of_three", "six_months", "year_daily")
STATES = ("draft", "pending", "active", "replaced")
CAUSES = ("first", "up", "down", "override", "override_ended")
EVENTS = ("tier.will_fall",)
EVENT_KNOWN = "ck_outbox_event_type_known"
HOLDING = "customer_id, id, line, product_code, side, opened_on, closed_on, status, as_of, credit_limit_fen"
OUTLOOK = (f"SELECT ({HOLDING}) ON holding", "SELECT ON holding_balance", "SELECT ON line_day", "SELECT ON product")
"""What the forecast of a customer's own tier reads, of own rows."""
ALL_ROWS = "(SELECT row_scope_bank())"
OWN = "customer_id = (SELECT row_scope_customer())"


def upgrade() -> None:
    for metric in METRICS:
        op.add_column("customer_fact", sa.Column(f"aum_{metric}_fen", sa.BigInteger(), nullable=True))
    op.add_column("customer_fact", sa.Column("spike_percent", sa.Integer(), nullable=True))
    _know("tier_scheme", "state", ("draft", "pending", "scheduled", "active", "replaced"))
    _know("tier_history", "cause", ("first", "up", "down", "prolonged", "override", "override_ended"))
    nothing = sa.text("'{}'::jsonb")
    op.add_column("tier_scheme", sa.Column("terms", postgresql.JSONB(), server_default=nothing, nullable=False))
    for name in ("effective_from", "effective_to"):
        op.add_column("tier_scheme", sa.Column(name, sa.Date(), nullable=True))
    op.add_column("tier_history", sa.Column("route", sa.Text(), nullable=True))
    op.add_column("tier_history", sa.Column("below_months", sa.Integer(), nullable=True))
    _standing()
    op.execute("GRANT UPDATE (state) ON tier_scheme TO guibin_worker")
    _events(lambda known: (*known, *EVENTS))
    for grant in OUTLOOK:
        op.execute(f"GRANT {grant} TO guibin_customer")


def downgrade() -> None:
    for grant in OUTLOOK:
        op.execute(f"REVOKE {grant} FROM guibin_customer")
    for table, column in (("event_delivery", "event_type"), ("outbox_event", "type")):
        named = sa.column(column, sa.Text)
        op.execute(sa.delete(sa.table(table, named)).where(named.in_(EVENTS)))
    _events(lambda known: tuple(name for name in known if name not in EVENTS))
    op.execute("REVOKE UPDATE (state) ON tier_scheme FROM guibin_worker")
    op.drop_table("tier_standing")
    op.drop_column("tier_history", "below_months")
    op.drop_column("tier_history", "route")
    for name in ("effective_to", "effective_from", "terms"):
        op.drop_column("tier_scheme", name)
    op.execute("DELETE FROM tier_history WHERE cause = 'prolonged'")
    op.execute("UPDATE tier_scheme SET state = 'replaced' WHERE state = 'scheduled'")
    _know("tier_history", "cause", CAUSES)
    _know("tier_scheme", "state", STATES)
    op.drop_column("customer_fact", "spike_percent")
    for metric in METRICS:
        op.drop_column("customer_fact", f"aum_{metric}_fen")


def _standing() -> None:
    tiers = ("tier_before", "tier_code", "earned")
    op.create_table(
        "tier_standing",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.Date(), nullable=False),
        sa.Column("tier_before", sa.Text(), nullable=True),
        sa.Column("below_before", sa.Integer(), nullable=False),
        sa.Column("valid_before", sa.Date(), nullable=True),
        sa.Column("tier_code", sa.Text(), nullable=True),
        sa.Column("below_months", sa.Integer(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("risen", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("earned", sa.Text(), nullable=True),
        sa.Column("route", sa.Text(), nullable=True),
        sa.Column("metric_fen", sa.BigInteger(), nullable=True),
        sa.Column("net_fen", sa.BigInteger(), nullable=True),
        sa.Column("growth_points", sa.BigInteger(), nullable=True),
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("evaluated_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('first', 'up', 'kept', 'prolonged', 'watched', 'down')",
            name=op.f("ck_tier_standing_verdict_known"),
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_tier_standing_customer_id_customer")),
        *(sa.ForeignKeyConstraint([name], ["tier.code"], name=op.f(f"fk_tier_standing_{name}_tier")) for name in tiers),
        sa.ForeignKeyConstraint(["scheme_id"], ["tier_scheme.id"], name=op.f("fk_tier_standing_scheme_id_tier_scheme")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_tier_standing")),
        info={"distribution": ("customer_id",)},
    )
    seen = "EXISTS (SELECT FROM customer c WHERE c.id = tier_standing.customer_id)"
    op.execute("ALTER TABLE tier_standing ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_rows ON tier_standing TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON tier_standing TO guibin_bank USING ({ALL_ROWS} OR {seen})")
    op.execute(f"CREATE POLICY customer_rows ON tier_standing TO guibin_customer USING ({ALL_ROWS} OR {OWN})")
    op.execute("GRANT SELECT ON tier_standing TO guibin_customer, guibin_bank")
    op.execute("GRANT SELECT, INSERT, UPDATE ON tier_standing TO guibin_worker")


def _know(table: str, column: str, values: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    op.drop_constraint(op.f(f"ck_{table}_{column}_known"), table)
    op.create_check_constraint(op.f(f"ck_{table}_{column}_known"), table, f"{column} IN ({listed})")


def _events(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
    """Change the list of events as it stands: other revisions add theirs."""
    definition = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    known: str = op.get_bind().execute(sa.text(definition), {"name": EVENT_KNOWN}).scalar_one()
    names = change(tuple(re.findall(r"'([a-z_.]+)'", known)))
    listed = ", ".join(f"'{name}'" for name in names)
    op.drop_constraint(op.f(EVENT_KNOWN), "outbox_event")
    op.create_check_constraint(op.f(EVENT_KNOWN), "outbox_event", f"type IN ({listed})")
