"""What tiers are called by a scheme; how many tiers by hand a branch may have; what each tier is promised."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


CAUSES = ("first", "up", "down", "prolonged", "override", "override_ended")
MERGES = ("merged", "parted")


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

    _standards()
    _know_causes((*CAUSES, *MERGES))
    op.execute("GRANT INSERT, UPDATE ON tier_standing TO guibin_bank")


def downgrade() -> None:
    op.execute("REVOKE INSERT, UPDATE ON tier_standing FROM guibin_bank")
    cause = sa.column("cause", sa.Text)
    op.execute(sa.delete(sa.table("tier_history", cause)).where(cause.in_(MERGES)))
    _know_causes(CAUSES)
    op.drop_table("service_standard")
    op.drop_table("tier_override_quota")
    op.execute("REVOKE UPDATE (name_zh, name_en) ON tier FROM guibin_bank, guibin_worker")
    op.drop_constraint(op.f("ck_tier_scheme_line_named_in_both"), "tier_scheme_line")
    for column in ("name_en", "name_zh"):
        op.drop_column("tier_scheme_line", column)


def _know_causes(causes: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{cause}'" for cause in causes)
    op.drop_constraint(op.f("ck_tier_history_cause_known"), "tier_history")
    op.create_check_constraint(op.f("ck_tier_history_cause_known"), "tier_history", f"cause IN ({listed})")


def _standards() -> None:
    op.create_table(
        "service_standard",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sheets", postgresql.JSONB(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'pending', 'published')", name=op.f("ck_service_standard_state_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_standard")),
    )
    op.create_index(
        op.f("ix_service_standard_effective_from"),
        "service_standard",
        ["effective_from"],
        unique=True,
        postgresql_where=sa.text("state = 'published'"),
    )
    op.execute("GRANT SELECT ON service_standard TO guibin_customer, guibin_bank, guibin_worker")
    op.execute(
        "GRANT INSERT, UPDATE (name, state, sheets, effective_from, revision) ON service_standard TO guibin_bank"
    )
    op.execute("GRANT UPDATE (state) ON service_standard TO guibin_worker")


def _names() -> None:
    for column in ("name_zh", "name_en"):
        op.add_column("tier_scheme_line", sa.Column(column, sa.Text(), nullable=True))
    both = "(name_zh IS NULL) = (name_en IS NULL)"
    op.create_check_constraint(op.f("ck_tier_scheme_line_named_in_both"), "tier_scheme_line", both)
    op.execute("GRANT UPDATE (name_zh, name_en) ON tier TO guibin_bank, guibin_worker")
