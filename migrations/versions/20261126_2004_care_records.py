"""Touches, care tasks, needs, promises and complaints: what is known of the care of a customer."""

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

OLD_DOMAINS = (
    *("customers", "feeds", "products", "holdings", "tags", "tiers", "managers", "points", "rights", "approvals"),
    *("audit", "runs", "organisation", "compliance", "privacy", "exports", "accounting", "gifts"),
)
EVENTS = ("complaint.opened", "complaint.closed", "handover.ready", "handover.overdue")
KNOWN = "ck_outbox_event_type_known"
TABLES = ("touch", "care_task", "need", "promise", "complaint", "handover", "handover_item")
GRANTS = (
    "SELECT, INSERT, UPDATE (corrected_by, note_enc) ON touch TO guibin_bank",
    "SELECT, INSERT, UPDATE (corrected_by) ON touch TO guibin_worker",
    "SELECT, INSERT, UPDATE ON care_task, need, promise, complaint TO guibin_bank, guibin_worker",
    "SELECT, INSERT ON care_task TO guibin_customer",
    "SELECT ON calendar_year TO guibin_customer",
    "SELECT, INSERT, UPDATE ON handover TO guibin_bank, guibin_worker",
    "SELECT, INSERT ON handover_item TO guibin_bank, guibin_worker",
    "SELECT, UPDATE (state, confirmed_at, revision) ON handover TO guibin_customer",
)
ALL_ROWS = "(SELECT row_scope_bank())"
OWN = "customer_id = (SELECT row_scope_customer())"


def upgrade() -> None:
    _know((*OLD_DOMAINS, "care"))
    _touch()
    _care_task()
    _need()
    _promise()
    _complaint()
    _handover()
    _handover_item()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    for table in TABLES:
        _protect(table)
    for table in ("care_task", "handover"):
        op.execute(f"CREATE POLICY customer_rows ON {table} TO guibin_customer USING ({ALL_ROWS} OR {OWN})")
    _events(lambda known: (*known, *EVENTS))


def downgrade() -> None:
    op.execute("REVOKE SELECT ON calendar_year FROM guibin_customer")
    for table, column in (("event_delivery", "event_type"), ("outbox_event", "type")):
        named = sa.column(column, sa.Text)
        op.execute(sa.delete(sa.table(table, named)).where(named.in_(EVENTS)))
    _events(lambda known: tuple(name for name in known if name not in EVENTS))
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute("DELETE FROM role_grant WHERE domain = 'care'")
    _know(OLD_DOMAINS)


def _know(domains: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{domain}'" for domain in domains)
    op.drop_constraint(op.f("ck_role_grant_domain_known"), "role_grant")
    op.create_check_constraint(op.f("ck_role_grant_domain_known"), "role_grant", f"domain IN ({listed})")


def _events(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
    """Change the list of events as it stands: other revisions add theirs."""
    definition = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    known: str = op.get_bind().execute(sa.text(definition), {"name": KNOWN}).scalar_one()
    names = change(tuple(re.findall(r"'([a-z_.]+)'", known)))
    listed = ", ".join(f"'{name}'" for name in names)
    op.drop_constraint(op.f(KNOWN), "outbox_event")
    op.create_check_constraint(op.f(KNOWN), "outbox_event", f"type IN ({listed})")


def _protect(table: str) -> None:
    seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ({ALL_ROWS} OR {seen})")


def _touch() -> None:
    op.create_table(
        "touch",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=True),
        sa.Column("manager_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("product_code", sa.Text(), nullable=True),
        sa.Column("right_id", sa.Uuid(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("note_enc", sa.LargeBinary(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("verdict", JSONB(), nullable=True),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("corrected_by", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "channel IN ('phone', 'in_person', 'video', 'sms', 'wechat', 'wecom', 'app', 'email', 'post')",
            name=op.f("ck_touch_channel_known"),
        ),
        sa.CheckConstraint("direction IN ('out', 'in')", name=op.f("ck_touch_direction_known")),
        sa.CheckConstraint(
            "kind IN ('call', 'visit', 'meeting', 'message', 'review')", name=op.f("ck_touch_kind_known")
        ),
        sa.CheckConstraint(
            "purpose IN ('care', 'service', 'sales', 'complaint', 'handover')", name=op.f("ck_touch_purpose_known")
        ),
        sa.CheckConstraint(
            "result IN ('reached', 'no_answer', 'call_back', 'refused', 'interested', 'sold', 'wrong_number')",
            name=op.f("ck_touch_result_known"),
        ),
        sa.CheckConstraint(
            "source IN ('staff', 'telephony', 'customer', 'system')", name=op.f("ck_touch_source_known")
        ),
        sa.CheckConstraint("corrects_id <> id AND corrected_by <> id", name=op.f("ck_touch_corrects_another")),
        sa.CheckConstraint("minutes BETWEEN 0 AND 1440", name=op.f("ck_touch_minutes_in_a_day")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_touch_customer_id_customer")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_touch")),
        sa.UniqueConstraint("customer_id", "source", "reference", name=op.f("uq_touch_customer_id_source_reference")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(op.f("ix_touch_at"), "touch", ["at"])
    op.create_index(op.f("ix_touch_customer_id_at_id"), "touch", ["customer_id", "at", "id"])
    op.create_index(op.f("ix_touch_staff_id_at"), "touch", ["staff_id", "at"])


def _care_task() -> None:
    op.create_table(
        "care_task",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("title_zh", sa.Text(), nullable=True),
        sa.Column("title_en", sa.Text(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Date(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("plan_item_id", sa.Uuid(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("touch_id", sa.Uuid(), nullable=True),
        sa.Column("escalation", sa.Integer(), nullable=False),
        sa.Column("escalated_on", sa.Date(), nullable=True),
        sa.Column("note_enc", sa.LargeBinary(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_care_task_ended")),
        sa.CheckConstraint(
            "channel IN ('phone', 'in_person', 'video', 'sms', 'wechat', 'wecom', 'app', 'email', 'post')",
            name=op.f("ck_care_task_channel_known"),
        ),
        sa.CheckConstraint(
            "kind IN ('call', 'visit', 'meeting', 'message', 'review')", name=op.f("ck_care_task_kind_known")
        ),
        sa.CheckConstraint(
            "origin IN ('plan', 'trigger', 'after_sale', 'staff', 'touch', 'request', 'handover')",
            name=op.f("ck_care_task_origin_known"),
        ),
        sa.CheckConstraint(
            "purpose IN ('care', 'service', 'sales', 'complaint', 'handover')", name=op.f("ck_care_task_purpose_known")
        ),
        sa.CheckConstraint("state <> 'skipped' OR reason IS NOT NULL", name=op.f("ck_care_task_skipped_for_a_reason")),
        sa.CheckConstraint("state IN ('open', 'done', 'skipped', 'lapsed')", name=op.f("ck_care_task_state_known")),
        sa.CheckConstraint("escalation BETWEEN 0 AND 3", name=op.f("ck_care_task_escalation_in_range")),
        sa.CheckConstraint("starts_on <= due_on", name=op.f("ck_care_task_starts_before_due")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_care_task_customer_id_customer")),
        sa.ForeignKeyConstraint(["manager_id"], ["manager.id"], name=op.f("fk_care_task_manager_id_manager")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_care_task")),
        sa.UniqueConstraint(
            "customer_id",
            "origin",
            "made_by",
            "occasion",
            "reference",
            name=op.f("uq_care_task_customer_id_origin_made_by_occasion_reference"),
        ),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_care_task_customer_id_due_on"),
        "care_task",
        ["customer_id", "due_on"],
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(op.f("ix_care_task_due_on"), "care_task", ["due_on"], postgresql_where=sa.text("state = 'open'"))
    op.create_index(op.f("ix_care_task_id"), "care_task", ["id"])
    asked_for = sa.text("origin = 'request' AND state = 'open'")
    op.create_index(
        op.f("ix_care_task_customer_id"), "care_task", ["customer_id"], unique=True, postgresql_where=asked_for
    )
    op.create_index(
        op.f("ix_care_task_manager_id_due_on_id"),
        "care_task",
        ["manager_id", "due_on", "id"],
        postgresql_where=sa.text("state = 'open'"),
    )


def _need() -> None:
    op.create_table(
        "need",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=True),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("text_enc", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("touch_id", sa.Uuid(), nullable=True),
        sa.Column("right_id", sa.Uuid(), nullable=True),
        sa.Column("proposal_id", sa.Uuid(), nullable=True),
        sa.Column("redemption_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state IN ('open', 'proposed')) = (ended_at IS NULL)", name=op.f("ck_need_ended")),
        sa.CheckConstraint(
            "category IN ('shopping', 'health', 'medical', 'education', 'social', 'financial', 'other')",
            name=op.f("ck_need_category_known"),
        ),
        sa.CheckConstraint(
            "state <> 'proposed' OR right_id IS NOT NULL", name=op.f("ck_need_proposed_names_the_right")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'proposed', 'served', 'declined', 'lapsed')", name=op.f("ck_need_state_known")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_need_customer_id_customer")),
        sa.ForeignKeyConstraint(["manager_id"], ["manager.id"], name=op.f("fk_need_manager_id_manager")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_need")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_need_customer_id_proposal_id"),
        "need",
        ["customer_id", "proposal_id"],
        postgresql_where=sa.text("proposal_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_need_manager_id_due_on_id"),
        "need",
        ["manager_id", "due_on", "id"],
        postgresql_where=sa.text("state IN ('open', 'proposed')"),
    )


def _promise() -> None:
    op.create_table(
        "promise",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=True),
        sa.Column("promised_by", sa.Uuid(), nullable=False),
        sa.Column("text_enc", sa.LargeBinary(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("touch_id", sa.Uuid(), nullable=True),
        sa.Column("handed_over", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_promise_ended")),
        sa.CheckConstraint("state IN ('open', 'kept', 'broken', 'released')", name=op.f("ck_promise_state_known")),
        sa.CheckConstraint(
            "state NOT IN ('broken', 'released') OR reason IS NOT NULL", name=op.f("ck_promise_ended_for_a_reason")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_promise_customer_id_customer")),
        sa.ForeignKeyConstraint(["manager_id"], ["manager.id"], name=op.f("fk_promise_manager_id_manager")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_promise")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(op.f("ix_promise_due_on"), "promise", ["due_on"], postgresql_where=sa.text("state = 'open'"))
    op.create_index(
        op.f("ix_promise_manager_id_due_on_id"),
        "promise",
        ["manager_id", "due_on", "id"],
        postgresql_where=sa.text("state = 'open'"),
    )


def _complaint() -> None:
    op.create_table(
        "complaint",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=True),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("text_enc", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer_due_on", sa.Date(), nullable=False),
        sa.Column("resolve_due_on", sa.Date(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution_enc", sa.LargeBinary(), nullable=True),
        sa.Column("redemption_id", sa.Uuid(), nullable=True),
        sa.Column("compensation", sa.Text(), nullable=True),
        sa.Column("satisfied", sa.Boolean(), nullable=True),
        sa.Column("touch_id", sa.Uuid(), nullable=True),
        sa.Column("handed_over", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_complaint_closed")),
        sa.CheckConstraint("(state = 'open') = (answered_at IS NULL)", name=op.f("ck_complaint_answered")),
        sa.CheckConstraint(
            "(state IN ('resolved', 'closed')) = (resolved_at IS NOT NULL)", name=op.f("ck_complaint_resolved")
        ),
        sa.CheckConstraint(
            "category IN ('service', 'product', 'fees', 'rights', 'points', 'supplier', 'privacy', 'other')",
            name=op.f("ck_complaint_category_known"),
        ),
        sa.CheckConstraint(
            "channel IN ('phone', 'in_person', 'video', 'sms', 'wechat', 'wecom', 'app', 'email', 'post')",
            name=op.f("ck_complaint_channel_known"),
        ),
        sa.CheckConstraint("severity IN ('minor', 'serious', 'grave')", name=op.f("ck_complaint_severity_known")),
        sa.CheckConstraint(
            "state IN ('open', 'answered', 'resolved', 'closed')", name=op.f("ck_complaint_state_known")
        ),
        sa.CheckConstraint("answer_due_on <= resolve_due_on", name=op.f("ck_complaint_answered_before_resolved")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_complaint_customer_id_customer")),
        sa.ForeignKeyConstraint(["manager_id"], ["manager.id"], name=op.f("fk_complaint_manager_id_manager")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_complaint")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(op.f("ix_complaint_created_at_id"), "complaint", ["created_at", "id"])
    op.create_index(
        op.f("ix_complaint_manager_id_resolve_due_on_id"),
        "complaint",
        ["manager_id", "resolve_due_on", "id"],
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_index(
        op.f("ix_complaint_resolve_due_on"),
        "complaint",
        ["resolve_due_on"],
        postgresql_where=sa.text("state <> 'closed'"),
    )


def _handover() -> None:
    op.create_table(
        "handover",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("giver_id", sa.Uuid(), nullable=False),
        sa.Column("taker_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("joint_until", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("giver_signed_by", sa.Uuid(), nullable=True),
        sa.Column("giver_signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taker_signed_by", sa.Uuid(), nullable=True),
        sa.Column("taker_signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notes_enc", sa.LargeBinary(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_on", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'confirmed') <= (confirmed_at IS NOT NULL)", name=op.f("ck_handover_confirmed")),
        sa.CheckConstraint(
            "state IN ('open', 'signed', 'confirmed', 'superseded')", name=op.f("ck_handover_state_known")
        ),
        sa.CheckConstraint(
            "state NOT IN ('signed', 'confirmed') OR (giver_signed_at IS NOT NULL AND taker_signed_at IS NOT NULL)",
            name=op.f("ck_handover_signed_by_both"),
        ),
        sa.CheckConstraint(
            "(giver_signed_by IS NULL) = (giver_signed_at IS NULL)", name=op.f("ck_handover_giver_signed")
        ),
        sa.CheckConstraint(
            "(taker_signed_by IS NULL) = (taker_signed_at IS NULL)", name=op.f("ck_handover_taker_signed")
        ),
        sa.CheckConstraint("giver_id <> taker_id", name=op.f("ck_handover_between_two")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_handover_customer_id_customer")),
        sa.ForeignKeyConstraint(["giver_id"], ["manager.id"], name=op.f("fk_handover_giver_id_manager")),
        sa.ForeignKeyConstraint(["taker_id"], ["manager.id"], name=op.f("fk_handover_taker_id_manager")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_handover")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(op.f("ix_handover_created_at_id"), "handover", ["created_at", "id"])
    op.create_index(
        op.f("ix_handover_customer_id"),
        "handover",
        ["customer_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(op.f("ix_handover_due_on"), "handover", ["due_on"], postgresql_where=sa.text("state = 'open'"))
    op.create_index(
        op.f("ix_handover_giver_id_due_on_id"),
        "handover",
        ["giver_id", "due_on", "id"],
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(op.f("ix_handover_id"), "handover", ["id"])
    op.create_index(
        op.f("ix_handover_taker_id_due_on_id"),
        "handover",
        ["taker_id", "due_on", "id"],
        postgresql_where=sa.text("state = 'open'"),
    )


def _handover_item() -> None:
    op.create_table(
        "handover_item",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("handover_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('complaint', 'promise', 'need', 'task', 'maturity', 'redemption', 'gift', 'link')",
            name=op.f("ck_handover_item_kind_known"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "handover_id"],
            ["handover.customer_id", "handover.id"],
            name=op.f("fk_handover_item_customer_id_handover_id_handover"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "handover_id", "kind", "subject_id", name=op.f("pk_handover_item")),
        info={"distribution": ("customer_id", "customer")},
    )
