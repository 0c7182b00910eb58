"""How tags are used, and when the night freezes one that nobody uses."""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

WAYS = ("filtered", "counted", "exported", "explained", "given", "shown")
GRANTS = (
    "SELECT, INSERT, UPDATE (times) ON tag_use TO guibin_bank",
    "SELECT ON tag_use TO guibin_worker",
    "SELECT, INSERT, UPDATE ON tag_policy TO guibin_bank",
    "SELECT ON tag_policy TO guibin_worker",
)


def upgrade() -> None:
    _use()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")


def downgrade() -> None:
    op.drop_table("tag_policy")
    op.drop_table("tag_use")
    op.drop_column("tag", "live_since")


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
