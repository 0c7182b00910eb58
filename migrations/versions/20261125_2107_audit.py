"""The audit trail: where from, seals."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
ACCESS_LOG = "my_access_log(uuid, timestamptz, uuid, int)"
ADDED = (
    sa.Column(
        "xact",
        sa.BigInteger(),
        server_default=sa.text("((pg_current_xact_id())::text)::bigint"),
        nullable=False,
        comment="the writing transaction; the sealer reads below those that are still open",
    ),
    sa.Column("on_behalf_id", sa.Uuid(), nullable=True),
    sa.Column("permission", sa.Text(), server_default="", nullable=False),
    sa.Column("ticket", sa.Text(), nullable=True),
    sa.Column("ip", sa.Text(), nullable=True),
    sa.Column("device", sa.Text(), nullable=True),
    sa.Column(
        "changes",
        postgresql.JSONB(),
        server_default=sa.text("'{}'"),
        nullable=False,
        comment="field: keyed hashes before and after",
    ),
)


def upgrade() -> None:
    for column in ADDED:
        op.add_column("audit_entry", column)
    op.create_index(op.f("ix_audit_entry_actor_id_at"), "audit_entry", ["actor_id", "at"], unique=False)
    op.create_index(op.f("ix_audit_entry_xact_id"), "audit_entry", ["xact", "id"], unique=False)
    op.create_table(
        "audit_seal",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("xact", sa.BigInteger(), nullable=False),
        sa.Column("algorithm", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit_seal")),
    )
    op.create_index(op.f("ix_audit_seal_owner_id_entry_id"), "audit_seal", ["owner_id", "entry_id"], unique=True)
    op.execute("GRANT INSERT ON audit_entry TO guibin_customer")
    op.execute("GRANT SELECT ON audit_seal TO guibin_bank, guibin_worker")
    op.execute("GRANT INSERT ON audit_seal TO guibin_worker")
    op.execute((FUNCTIONS / "my_access_log/v1.sql").read_text(encoding="utf-8"))
    op.execute(f"REVOKE ALL ON FUNCTION {ACCESS_LOG} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {ACCESS_LOG} TO guibin_customer")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {ACCESS_LOG}")
    op.execute("REVOKE INSERT ON audit_entry FROM guibin_customer")
    op.drop_table("audit_seal")
    op.drop_index(op.f("ix_audit_entry_xact_id"), table_name="audit_entry")
    op.drop_index(op.f("ix_audit_entry_actor_id_at"), table_name="audit_entry")
    for column in reversed(ADDED):
        op.drop_column("audit_entry", column.name)
