"""Files of opening balances and of grants, line by line."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

GRANTS = (
    "SELECT, INSERT, UPDATE (state, ended_at) ON points_file TO guibin_bank",
    "SELECT, INSERT ON points_file_line TO guibin_bank",
    "SELECT, UPDATE (state, ended_at) ON points_file TO guibin_worker",
    "SELECT, UPDATE (customer_ref, state, code, entry_id) ON points_file_line TO guibin_worker",
)


def upgrade() -> None:
    op.create_table(
        "points_file",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("lines_refused", sa.Integer(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("debits", sa.BigInteger(), nullable=False),
        sa.Column("cost_fen", sa.BigInteger(), nullable=False),
        sa.Column("maker_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("kind IN ('opening', 'grant')", name=op.f("ck_points_file_kind_known")),
        sa.CheckConstraint(
            "state IN ('submitted', 'approved', 'done', 'rejected', 'failed')", name=op.f("ck_points_file_state_known")
        ),
        sa.CheckConstraint(
            "(state IN ('done', 'failed', 'rejected')) = (ended_at IS NOT NULL)", name=op.f("ck_points_file_ended")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_file")),
    )
    op.create_index(op.f("ix_points_file_reference"), "points_file", ["reference"], unique=True)
    op.create_index(
        op.f("ix_points_file_state"), "points_file", ["state"], postgresql_where=sa.text("state = 'approved'")
    )
    op.create_table(
        "points_file_line",
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("customer_ref", sa.LargeBinary()),
        sa.Column("wallet", sa.Text()),
        sa.Column("points", sa.BigInteger()),
        sa.Column("expires_on", sa.Date()),
        sa.Column("reason", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("code", sa.Text()),
        sa.Column("entry_id", sa.Uuid()),
        sa.CheckConstraint("state IN ('waiting', 'posted', 'refused')", name=op.f("ck_points_file_line_state_known")),
        sa.CheckConstraint(
            "(state = 'refused') = (code IS NOT NULL)", name=op.f("ck_points_file_line_refused_with_code")
        ),
        sa.CheckConstraint(
            "state = 'waiting' OR customer_ref IS NULL", name=op.f("ck_points_file_line_named_while_waiting")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["points_file.id"], name=op.f("fk_points_file_line_file_id_points_file")),
        sa.PrimaryKeyConstraint("file_id", "line", name=op.f("pk_points_file_line")),
    )
    op.create_index(
        op.f("ix_points_file_line_file_id_line"),
        "points_file_line",
        ["file_id", "line"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")


def downgrade() -> None:
    op.drop_table("points_file_line")
    op.drop_table("points_file")
