"""How tags are used and when the night freezes one, since when rules hold, what staff add to scores."""

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

BY_CUSTOMER = {"distribution": ("customer_id", "customer")}
WAYS = ("filtered", "counted", "exported", "explained", "given", "shown")
GRANTS = (
    "SELECT, INSERT, UPDATE (times) ON tag_use TO guibin_bank",
    "SELECT ON tag_use TO guibin_worker",
    "SELECT, INSERT, UPDATE ON tag_policy TO guibin_bank",
    "SELECT ON tag_policy TO guibin_worker",
    "SELECT, INSERT, UPDATE (until, points, set_by, set_at, reason) ON score_modifier TO guibin_bank",
    "SELECT, INSERT, UPDATE (until) ON score_modifier TO guibin_worker",
    "SELECT, INSERT, UPDATE, DELETE ON held_since TO guibin_bank, guibin_worker",
    "SELECT, INSERT, UPDATE ON held_rule TO guibin_bank, guibin_worker",
    "SELECT ON tag_completion TO guibin_bank",
    "SELECT, INSERT, UPDATE ON tag_completion TO guibin_worker",
)
AXES = ("asset_structure", "source", "liabilities", "products_held", "transactions")
OWN_ROWS = ("score_modifier", "held_since")


def upgrade() -> None:
    _use()
    _modifiers()
    _held()
    _runs()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    for table in OWN_ROWS:
        _protect(table)
    _forget(lambda tables: (*tables, *OWN_ROWS))


def downgrade() -> None:
    _forget(lambda tables: tuple(table for table in tables if table not in OWN_ROWS))
    for table in ("held_since", "held_rule", "score_modifier", "tag_completion"):
        op.drop_table(table)
    op.drop_column("tag_run", "schema_version")
    op.drop_column("customer_fact", "manager_branch")
    op.drop_table("tag_policy")
    op.drop_table("tag_use")
    op.drop_column("tag", "live_since")


def _runs() -> None:
    op.add_column("tag_run", sa.Column("schema_version", sa.Text(), nullable=True))
    counts = ("customers", "complete", *AXES)
    op.create_table(
        "tag_completion",
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in counts),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_tag_completion_branch_id_branch")),
        sa.PrimaryKeyConstraint("business_date", "branch_id", name=op.f("pk_tag_completion")),
        info={"distribution": "local"},
    )


def _modifiers() -> None:
    op.add_column("customer_fact", sa.Column("manager_branch", sa.Text(), nullable=True))
    op.create_table(
        "score_modifier",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("tag_code", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "points <> 0 AND points BETWEEN -1000000 AND 1000000", name=op.f("ck_score_modifier_points_known")
        ),
        sa.CheckConstraint("until IS NULL OR until >= since", name=op.f("ck_score_modifier_ends_after_it_began")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_score_modifier_customer_id_customer")),
        sa.ForeignKeyConstraint(["tag_code"], ["tag.code"], name=op.f("fk_score_modifier_tag_code_tag")),
        sa.PrimaryKeyConstraint("customer_id", "tag_code", "since", name=op.f("pk_score_modifier")),
        info=BY_CUSTOMER,
    )


def _held() -> None:
    op.create_table(
        "held_rule",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("recorded_for", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_held_rule")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "held_since",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_held_since_customer_id_customer")),
        sa.PrimaryKeyConstraint("customer_id", "key", "since", name=op.f("pk_held_since")),
        info=BY_CUSTOMER,
    )
    op.create_index(op.f("ix_held_since_key_customer_id"), "held_since", ["key", "customer_id"])


def _protect(table: str) -> None:
    seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ((SELECT row_scope_bank()) OR {seen})")


def _forget(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
    """Change the list of tables in the function as it stands: other revisions add theirs."""
    read = sa.text("SELECT pg_get_functiondef('privacy_forget(uuid, text)'::regprocedure)")
    written: str = op.get_bind().execute(read).scalar_one()
    listed = re.search(r"p_table NOT IN \(([^)]*)\)", written)
    if listed is None:
        raise LookupError("the function lists the tables that it may empty")
    tables = change(tuple(re.findall(r"'([a-z_]+)'", listed[1])))
    start, end = listed.span(1)
    op.execute(written[:start] + ", ".join(f"'{table}'" for table in tables) + written[end:])


def _use() -> None:
    op.add_column("tag", sa.Column("live_since", sa.Date(), nullable=True))
    op.execute("UPDATE tag SET live_since = current_date WHERE state = 'published'")
    listed = ", ".join(f"'{way}'" for way in WAYS)
    op.create_table(
        "tag_use",
        sa.Column("tag_code", sa.Text(), nullable=False),
        sa.Column("used_on", sa.Date(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"way IN ({listed})", name=op.f("ck_tag_use_way_known")),
        sa.CheckConstraint("times > 0", name=op.f("ck_tag_use_times_positive")),
        sa.ForeignKeyConstraint(["tag_code"], ["tag.code"], name=op.f("fk_tag_use_tag_code_tag")),
        sa.PrimaryKeyConstraint("tag_code", "used_on", "way", "staff_id", name=op.f("pk_tag_use")),
        info={"distribution": "local"},
    )
    op.create_index(op.f("ix_tag_use_used_on"), "tag_use", ["used_on"])
    op.create_table(
        "tag_policy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unused_days", sa.Integer(), nullable=True),
        sa.Column("announced_days", sa.Integer(), nullable=False),
        sa.Column("full_every_days", sa.Integer(), nullable=False),
        sa.Column("checked_percent", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_tag_policy_one_row")),
        sa.CheckConstraint("unused_days BETWEEN 1 AND 3660", name=op.f("ck_tag_policy_unused_days_known")),
        sa.CheckConstraint("announced_days BETWEEN 1 AND 365", name=op.f("ck_tag_policy_announced_days_known")),
        sa.CheckConstraint("full_every_days BETWEEN 1 AND 31", name=op.f("ck_tag_policy_full_every_days_known")),
        sa.CheckConstraint("checked_percent BETWEEN 1 AND 100", name=op.f("ck_tag_policy_checked_percent_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_policy")),
        info={"distribution": "reference"},
    )
