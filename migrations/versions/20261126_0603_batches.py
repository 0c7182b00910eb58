"""Batches of feed files with their manifest, mappings, policies and data quality of lines; kinds beside the first."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

OLD_KINDS = ("parties", "holdings", "balances", "events")
KINDS = (*OLD_KINDS, "restrictions")
LINES = (
    *("personal_finance", "agri_credit", "credit_card", "consumer_credit", "e_finance", "small_enterprise"),
    "corporate_individual",
)
SERVING = "guibin_bank, guibin_worker"
GRANTS = (
    "SELECT, UPDATE (state, refusal, data_key, sealed_at, ended_at) ON feed_batch",
    "SELECT, UPDATE (file_id) ON feed_batch_file",
    "SELECT, UPDATE (id, size, sha256, content_enc, received_at) ON feed_batch_part",
    "INSERT ON feed_batch, feed_batch_file, feed_batch_part",
    "SELECT, INSERT, UPDATE (state) ON feed_mapping",
    "SELECT ON feed_quality",
    "SELECT, INSERT, UPDATE (cut_off, late, kinds, owner, revision) ON feed_policy",
)

OF_THE_BANK = (
    "INSERT, UPDATE (name_zh, name_en, city_code) ON branch",
    "INSERT ON branch_closure",
    "UPDATE (branch_id) ON staff",
)
FIGURES = (
    *("records", "numbered", "certified", "phoned", "placed", "rows_read", "rows_rejected"),
    *("duplicates", "conflicts"),
)


def upgrade() -> None:
    _kinds(KINDS)
    _batches()
    _parts()
    _mappings()
    _policies()
    _quality()
    op.add_column("customer_restriction", sa.Column("line", sa.Text(), nullable=True))
    for grant in GRANTS:
        op.execute(f"GRANT {grant} TO {SERVING}")
    for grant in OF_THE_BANK:
        op.execute(f"GRANT {grant} TO guibin_bank")


def downgrade() -> None:
    for grant in OF_THE_BANK:
        op.execute(f"REVOKE {grant} FROM guibin_bank")
    op.drop_column("customer_restriction", "line")
    for column in ("columns", "drift", "mapping_version"):
        op.drop_column("feed_file", column)
    for table in ("feed_quality", "feed_policy", "feed_mapping", "feed_batch_part", "feed_batch_file", "feed_batch"):
        op.drop_table(table)
    files = sa.table("feed_file", sa.column("id"), sa.column("kind"))
    rejects = sa.table("feed_reject", sa.column("file_id"))
    newer = files.c.kind.not_in(OLD_KINDS)
    op.execute(sa.delete(rejects).where(rejects.c.file_id.in_(sa.select(files.c.id).where(newer))))
    op.execute(sa.delete(files).where(newer))
    _kinds(OLD_KINDS)


def _kinds(kinds: tuple[str, ...]) -> None:
    name = op.f("ck_feed_file_kind_known")
    op.drop_constraint(name, "feed_file")
    op.create_check_constraint(name, "feed_file", f"kind IN ({_listed(kinds)})")


def _batches() -> None:
    op.create_table(
        "feed_batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("business_date", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("data_key", sa.LargeBinary(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"line IN ({_listed(LINES)})", name=op.f("ck_feed_batch_line_known")),
        sa.CheckConstraint("mode IN ('full', 'delta')", name=op.f("ck_feed_batch_mode_known")),
        sa.CheckConstraint(
            "state IN ('open', 'sealed', 'done', 'refused', 'abandoned')", name=op.f("ck_feed_batch_state_known")
        ),
        sa.CheckConstraint(
            "(state IN ('done', 'refused', 'abandoned')) = (ended_at IS NOT NULL)", name=op.f("ck_feed_batch_ended")
        ),
        sa.CheckConstraint(
            "(data_key IS NULL) = (ended_at IS NOT NULL)", name=op.f("ck_feed_batch_readable_until_its_end")
        ),
        sa.CheckConstraint("(state = 'refused') = (refusal IS NOT NULL)", name=op.f("ck_feed_batch_refused_with_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_batch")),
        info={"distribution": "local"},
    )
    op.create_index(
        op.f("ix_feed_batch_created_at"),
        "feed_batch",
        ["created_at"],
        postgresql_where=sa.text("state IN ('open', 'sealed')"),
    )


def _parts() -> None:
    op.create_table(
        "feed_batch_file",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("control_fen", sa.BigInteger(), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(f"kind IN ({_listed(KINDS)})", name=op.f("ck_feed_batch_file_kind_known")),
        sa.ForeignKeyConstraint(["batch_id"], ["feed_batch.id"], name=op.f("fk_feed_batch_file_batch_id_feed_batch")),
        sa.ForeignKeyConstraint(["file_id"], ["feed_file.id"], name=op.f("fk_feed_batch_file_file_id_feed_file")),
        sa.PrimaryKeyConstraint("batch_id", "name", name=op.f("pk_feed_batch_file")),
        info={"distribution": "local"},
    )
    op.create_table(
        "feed_batch_part",
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("content_enc", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id", "name"],
            ["feed_batch_file.batch_id", "feed_batch_file.name"],
            name=op.f("fk_feed_batch_part_batch_id_name_feed_batch_file"),
        ),
        sa.PrimaryKeyConstraint("batch_id", "name", "number", name=op.f("pk_feed_batch_part")),
        info={"distribution": "local"},
    )


def _mappings() -> None:
    op.add_column("feed_file", sa.Column("columns", sa.ARRAY(sa.Text()), nullable=True))
    op.add_column("feed_file", sa.Column("drift", postgresql.JSONB(none_as_null=True), nullable=True))
    op.add_column("feed_file", sa.Column("mapping_version", sa.Integer(), nullable=True))
    op.create_table(
        "feed_mapping",
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.JSONB(), nullable=False),
        sa.Column("values", postgresql.JSONB(), nullable=False),
        sa.Column("ignored", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"line IN ({_listed(LINES)})", name=op.f("ck_feed_mapping_line_known")),
        sa.CheckConstraint(f"kind IN ({_listed(KINDS)})", name=op.f("ck_feed_mapping_kind_known")),
        sa.CheckConstraint(
            "state IN ('draft', 'pending', 'active', 'replaced')", name=op.f("ck_feed_mapping_state_known")
        ),
        sa.PrimaryKeyConstraint("line", "kind", "version", name=op.f("pk_feed_mapping")),
        info={"distribution": "reference"},
    )
    op.create_index(
        op.f("ix_feed_mapping_line_kind"),
        "feed_mapping",
        ["line", "kind"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )


def _policies() -> None:
    op.create_table(
        "feed_policy",
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("cut_off", sa.Time(), nullable=False),
        sa.Column("late", sa.Text(), nullable=False),
        sa.Column("kinds", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"line IN ({_listed(LINES)})", name=op.f("ck_feed_policy_line_known")),
        sa.CheckConstraint("late IN ('wait', 'run_without_and_mark_stale')", name=op.f("ck_feed_policy_late_known")),
        sa.CheckConstraint("'balances' = ANY(kinds)", name=op.f("ck_feed_policy_with_balances")),
        sa.PrimaryKeyConstraint("line", name=op.f("pk_feed_policy")),
        info={"distribution": "reference"},
    )


def _quality() -> None:
    op.create_table(
        "feed_quality",
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in FIGURES),
        sa.Column("days_behind", sa.Integer(), nullable=True),
        sa.CheckConstraint(f"line IN ({_listed(LINES)})", name=op.f("ck_feed_quality_line_known")),
        sa.PrimaryKeyConstraint("line", "day", name=op.f("pk_feed_quality")),
        info={"distribution": "reference"},
    )
    op.execute("GRANT INSERT, UPDATE ON feed_quality TO guibin_worker")


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)
