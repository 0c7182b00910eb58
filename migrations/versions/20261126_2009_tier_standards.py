"""What tiers are called by a scheme; how many tiers by hand a branch may have."""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _names()
    op.create_table(
        "tier_override_quota",
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("most >= 0", name=op.f("ck_tier_override_quota_not_negative")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_tier_override_quota_branch_id_branch")),
        sa.PrimaryKeyConstraint("branch_id", name=op.f("pk_tier_override_quota")),
    )
    op.execute("GRANT SELECT, INSERT, UPDATE (most, revision) ON tier_override_quota TO guibin_bank")


def downgrade() -> None:
    op.drop_table("tier_override_quota")
    op.execute("REVOKE UPDATE (name_zh, name_en) ON tier FROM guibin_bank, guibin_worker")
    op.drop_constraint(op.f("ck_tier_scheme_line_named_in_both"), "tier_scheme_line")
    for column in ("name_en", "name_zh"):
        op.drop_column("tier_scheme_line", column)


def _names() -> None:
    for column in ("name_zh", "name_en"):
        op.add_column("tier_scheme_line", sa.Column(column, sa.Text(), nullable=True))
    both = "(name_zh IS NULL) = (name_en IS NULL)"
    op.create_check_constraint(op.f("ck_tier_scheme_line_named_in_both"), "tier_scheme_line", both)
    op.execute("GRANT UPDATE (name_zh, name_en) ON tier TO guibin_bank, guibin_worker")
