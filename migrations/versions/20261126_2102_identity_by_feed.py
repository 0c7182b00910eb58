"""What files bring beside the first kinds, links and identity events; how they write; fields that people hold."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

OLD_KINDS = ("parties", "holdings", "balances", "events", "restrictions")
KINDS = (*OLD_KINDS, "links", "identity")
OF_KINDS = ("feed_file", "feed_batch_file", "feed_mapping")
FIELDS = ("name", "certificate_no", "phone", "birth_date", "address", "employer", "gender", "city_code")
LINES = (
    *("personal_finance", "agri_credit", "credit_card", "consumer_credit", "e_finance", "small_enterprise"),
    "corporate_individual",
)


def upgrade() -> None:
    empty = sa.text("'{}'")
    op.add_column("feed_mapping", sa.Column("dates", postgresql.JSONB(), nullable=False, server_default=empty))
    op.add_column("feed_mapping", sa.Column("fills", sa.ARRAY(sa.Text()), nullable=False, server_default=empty))
    _kinds(KINDS)
    op.add_column("customer_link", sa.Column("line", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_customer_link_line_known"), "customer_link", f"line IN ({_listed(LINES)})")
    op.execute("GRANT SELECT, INSERT ON identity_event TO guibin_worker")
    _locks()


def downgrade() -> None:
    op.drop_table("customer_field_lock")
    op.execute("REVOKE SELECT, INSERT ON identity_event FROM guibin_worker")
    op.drop_column("customer_link", "line")
    _forget_files()
    _kinds(OLD_KINDS)
    for column in ("fills", "dates"):
        op.drop_column("feed_mapping", column)


def _locks() -> None:
    op.create_table(
        "customer_field_lock",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("held_by", sa.Uuid(), nullable=False),
        sa.Column("line", sa.Text(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("locked_by", sa.Uuid(), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=False),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"field IN ({_listed(FIELDS)})", name=op.f("ck_customer_field_lock_field_known")),
        sa.CheckConstraint(f"line IN ({_listed(LINES)})", name=op.f("ck_customer_field_lock_line_known")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_customer_field_lock_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("customer_id", "field", name=op.f("pk_customer_field_lock")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.execute("GRANT SELECT, INSERT, DELETE ON customer_field_lock TO guibin_bank, guibin_worker")
    seen = "EXISTS (SELECT FROM customer c WHERE c.id = customer_field_lock.customer_id)"
    op.execute("ALTER TABLE customer_field_lock ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_rows ON customer_field_lock TO guibin_worker USING (true)")
    op.execute(
        f"CREATE POLICY bank_rows ON customer_field_lock TO guibin_bank USING ((SELECT row_scope_bank()) OR {seen})"
    )


def _forget_files() -> None:
    """Remove the files of the kinds that there were not before, with what names them."""
    files = sa.table("feed_file", sa.column("id"), sa.column("kind"))
    newer = sa.select(files.c.id).where(files.c.kind.not_in(OLD_KINDS))
    rejects = sa.table("feed_reject", sa.column("file_id"))
    op.execute(sa.delete(rejects).where(rejects.c.file_id.in_(newer)))
    parts = sa.table("feed_batch_part", sa.column("batch_id"), sa.column("name"))
    announced = sa.table("feed_batch_file", sa.column("batch_id"), sa.column("name"), sa.column("kind"))
    of_newer = sa.select(announced.c.batch_id, announced.c.name).where(announced.c.kind.not_in(OLD_KINDS))
    op.execute(sa.delete(parts).where(sa.tuple_(parts.c.batch_id, parts.c.name).in_(of_newer)))
    for name in ("feed_batch_file", "feed_mapping", "feed_file"):
        table = sa.table(name, sa.column("kind"))
        op.execute(sa.delete(table).where(table.c.kind.not_in(OLD_KINDS)))


def _kinds(kinds: tuple[str, ...]) -> None:
    for table in OF_KINDS:
        name = op.f(f"ck_{table}_kind_known")
        op.drop_constraint(name, table)
        op.create_check_constraint(name, table, f"kind IN ({_listed(kinds)})")


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)
