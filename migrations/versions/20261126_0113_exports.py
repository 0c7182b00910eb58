"""Lists that staff export: what was asked for, and the file while it lies ready. The row is its requester's alone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BANK_ROWS = "(SELECT row_scope_bank()) OR requested_by = (SELECT row_scope_actor())"
GRANTS = {
    "guibin_bank": "SELECT, INSERT, UPDATE (state, data_key, content_enc, link_hash, link_expires_at, fetched_at)",
    "guibin_worker": (
        "SELECT, UPDATE (state, failure, rows, made_at, expires_at, data_key, content_enc, link_hash, link_expires_at)"
    ),
}


def upgrade() -> None:
    op.create_table(
        "list_export",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("filters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("approval_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("data_key", sa.LargeBinary(), nullable=True),
        sa.Column("content_enc", sa.LargeBinary(), nullable=True),
        sa.Column("link_hash", sa.LargeBinary(), nullable=True),
        sa.Column("link_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('customers')", name=op.f("ck_list_export_kind_known")),
        sa.CheckConstraint(
            "state IN ('waiting', 'ready', 'fetched', 'expired', 'failed')", name=op.f("ck_list_export_state_known")
        ),
        sa.CheckConstraint(
            "failure IN ('forbidden', 'scope_changed', 'export_too_large', 'not_made')",
            name=op.f("ck_list_export_failure_known"),
        ),
        sa.CheckConstraint("verb IN ('export', 'submit')", name=op.f("ck_list_export_verb_known")),
        sa.CheckConstraint(
            "(verb = 'submit') = (approval_id IS NOT NULL)", name=op.f("ck_list_export_submitted_is_approved")
        ),
        sa.CheckConstraint(
            "(content_enc IS NOT NULL) = (state = 'ready')", name=op.f("ck_list_export_file_while_ready")
        ),
        sa.CheckConstraint("(content_enc IS NULL) = (data_key IS NULL)", name=op.f("ck_list_export_file_with_key")),
        sa.CheckConstraint(
            "(failure IS NOT NULL) = (state = 'failed')", name=op.f("ck_list_export_failed_with_reason")
        ),
        sa.CheckConstraint(
            "(link_hash IS NULL) = (link_expires_at IS NULL)", name=op.f("ck_list_export_link_with_end")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_export")),
        info={"distribution": "local"},
    )
    op.create_index(
        op.f("ix_list_export_requested_by_created_at_id"), "list_export", ["requested_by", "created_at", "id"]
    )
    op.create_index(op.f("ix_list_export_state_created_at"), "list_export", ["state", "created_at"])
    op.execute("ALTER TABLE list_export ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_rows ON list_export TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON list_export TO guibin_bank USING ({BANK_ROWS})")
    for role, grant in GRANTS.items():
        op.execute(f"GRANT {grant} ON list_export TO {role}")


def downgrade() -> None:
    op.drop_table("list_export")
