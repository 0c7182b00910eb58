"""The contact policy, customers' wishes, every decision of the gate; calls by a click."""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

CHANNELS = ("sms", "phone", "wechat", "wecom", "app", "in_person")
PURPOSES = ("security", "service", "care", "selling")
SENDERS = ("manager", "campaign", "automatic")
STATES = ("held", "sent", "released", "refused")
SERVING = "guibin_bank, guibin_worker"
WISHES = "no_calls, quiet_from, quiet_to, updated_at, updated_by"
CALL_ENDS = "state, ended_at, result, seconds, recording_ref, touch_id"
GRANTS = (
    f"SELECT ON contact_policy TO guibin_customer, {SERVING}",
    "INSERT ON contact_policy TO guibin_bank",
    f"SELECT ON contact_preference TO guibin_customer, {SERVING}",
    "INSERT ON contact_preference TO guibin_customer, guibin_bank",
    f"UPDATE ({WISHES}) ON contact_preference TO guibin_customer, guibin_bank",
    f"SELECT ON contact_allowance TO {SERVING}",
    "INSERT ON contact_allowance TO guibin_bank",
    f"SELECT, INSERT, UPDATE (state, ended_at) ON contact_decision TO {SERVING}",
    "SELECT, INSERT ON call_order TO guibin_bank",
    f"UPDATE ({CALL_ENDS}) ON call_order TO guibin_bank",
    "SELECT, UPDATE (state, tries, next_try_at, placed_at, ended_at) ON call_order TO guibin_worker",
)
OWN = "(SELECT row_scope_bank()) OR customer_id = (SELECT row_scope_customer())"
ALL_CONTACT = ("deceased", "do_not_contact")
PERIOD = {
    "subject": "contact",
    "days": 400,
    "reason": "what reached a customer is asked about within a year; caps look back a quarter",
}


def upgrade() -> None:
    _restrictions()
    _policy()
    _wishes()
    _decisions()
    _calls()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    for table in ("contact_preference", "contact_allowance", "contact_decision", "call_order"):
        _protect(table)
    op.execute(f"CREATE POLICY customer_rows ON contact_preference TO guibin_customer USING ({OWN})")
    period = sa.table("retention_period", sa.column("subject"), sa.column("days"), sa.column("reason"))
    # A bank that has its periods already gets the new one here; the seed adds it to the others.
    if op.get_bind().execute(sa.select(sa.func.count()).select_from(period)).scalar_one():
        op.bulk_insert(period, [PERIOD])


def downgrade() -> None:
    gone = sa.table("retention_period", sa.column("subject", sa.Text))
    op.execute(sa.delete(gone).where(gone.c.subject == PERIOD["subject"]))
    for table in ("call_order", "contact_decision", "contact_allowance", "contact_preference", "contact_policy"):
        op.drop_table(table)
    op.drop_column("restriction_kind", "blocks_service")


def _restrictions() -> None:
    op.add_column(
        "restriction_kind", sa.Column("blocks_service", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    kind = sa.table("restriction_kind", sa.column("code", sa.Text), sa.column("blocks_service", sa.Boolean))
    op.execute(sa.update(kind).where(kind.c.code.in_(ALL_CONTACT)).values(blocks_service=True))
    op.alter_column("restriction_kind", "blocks_service", server_default=None)


def _policy() -> None:
    op.create_table(
        "contact_policy",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("terms", sa.dialects.postgresql.JSONB(), nullable=False),
        sa.Column("in_force_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint("version >= 1", name=op.f("ck_contact_policy_version_positive")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_contact_policy")),
    )


def _wishes() -> None:
    op.create_table(
        "contact_preference",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("no_calls", sa.Boolean(), nullable=False),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_to", sa.Time(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(quiet_from IS NULL) = (quiet_to IS NULL)", name=op.f("ck_contact_preference_quiet_from_and_to")
        ),
        _of_customer("contact_preference"),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_contact_preference")),
    )
    op.create_table(
        "contact_allowance",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("extra", sa.Integer(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approval_id", sa.Uuid(), nullable=False),
        _known("contact_allowance", "channel", CHANNELS),
        sa.CheckConstraint("extra BETWEEN 1 AND 10", name=op.f("ck_contact_allowance_a_few")),
        sa.CheckConstraint("ends_at > begins_at", name=op.f("ck_contact_allowance_ends_after_it_began")),
        _of_customer("contact_allowance"),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_contact_allowance")),
    )


def _decisions() -> None:
    op.create_table(
        "contact_decision",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reasons", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("possible_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        _known("contact_decision", "channel", CHANNELS),
        _known("contact_decision", "purpose", PURPOSES),
        _known("contact_decision", "sender", SENDERS),
        _known("contact_decision", "state", STATES),
        sa.CheckConstraint(
            "state <> 'refused' OR cardinality(reasons) > 0", name=op.f("ck_contact_decision_refused_for_reasons")
        ),
        sa.CheckConstraint(
            "(state = 'held') <= (held_until IS NOT NULL)", name=op.f("ck_contact_decision_held_for_a_time")
        ),
        _of_customer("contact_decision"),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_contact_decision")),
    )
    op.create_index(
        op.f("ix_contact_decision_customer_id_at"),
        "contact_decision",
        ["customer_id", "at"],
        postgresql_where=sa.text("purpose = 'selling' AND state IN ('held', 'sent')"),
    )
    op.create_index(
        op.f("ix_contact_decision_held_until"),
        "contact_decision",
        ["held_until"],
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_index(op.f("ix_contact_decision_decided_at"), "contact_decision", ["decided_at"])


def _calls() -> None:
    op.create_table(
        "call_order",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("recording_ref", sa.Text(), nullable=True),
        sa.Column("touch_id", sa.Uuid(), nullable=True),
        _known("call_order", "purpose", PURPOSES),
        _known("call_order", "state", ("suppressed", "ordered", "placed", "ended", "failed")),
        _known("call_order", "result", ("reached", "no_answer", "call_back", "wrong_number")),
        sa.CheckConstraint("(state = 'ended') = (result IS NOT NULL)", name=op.f("ck_call_order_ended_with_a_result")),
        sa.CheckConstraint("seconds BETWEEN 0 AND 86400", name=op.f("ck_call_order_seconds_of_a_day")),
        _of_customer("call_order"),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_call_order")),
    )
    op.create_index(
        op.f("ix_call_order_next_try_at"), "call_order", ["next_try_at"], postgresql_where=sa.text("state = 'ordered'")
    )
    op.create_index(op.f("ix_call_order_customer_id_ordered_at"), "call_order", ["customer_id", "ordered_at"])


def _of_customer(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f(f"fk_{table}_customer_id_customer"))


def _known(table: str, column: str, values: tuple[str, ...]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}_known"))


def _protect(table: str) -> None:
    seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ((SELECT row_scope_bank()) OR {seen})")
