"""Who customers were day by day, and when the facts of a day were composed: rules are judged as of any day on record."""

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0067"
down_revision = "0066"
branch_labels = None
depends_on = None

GRANTS = (
    "SELECT, INSERT ON tag_import_reject TO guibin_bank",
    "SELECT ON customer_watch TO guibin_bank",
    "SELECT, INSERT, DELETE ON customer_watch TO guibin_worker",
    "INSERT ON customer_change TO guibin_bank",
    "SELECT, INSERT, UPDATE, DELETE ON customer_change TO guibin_worker",
    "SELECT, INSERT, UPDATE ON customer_profile, fact_day TO guibin_worker",
    "SELECT ON customer_profile, fact_day TO guibin_bank",
)


def upgrade() -> None:
    _profiles()
    _changes()
    _imports()
    _policies("'real_time'")
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    op.execute("ALTER TABLE customer_profile ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_rows ON customer_profile TO guibin_worker USING (true)")
    op.execute(
        "CREATE POLICY bank_rows ON customer_profile FOR SELECT TO guibin_bank USING ((SELECT row_scope_bank())"
        " OR EXISTS (SELECT FROM customer c WHERE c.id = customer_profile.customer_id))"
    )
    _forget(lambda tables: (*tables, "customer_profile"))
    # What the latest night judged by is the first that is on record; of earlier days nothing is known.
    op.execute(
        "INSERT INTO customer_profile (customer_id, valid_from, branch_id, manager_branch, gender, city_code, birth_year,"
        " birth_mmdd, opened_on, lines)"
        " SELECT f.customer_id, f.as_of, f.branch_id, f.manager_branch, f.gender, f.city_code, c.birth_year,"
        " c.birth_mmdd, c.opened_on, f.lines FROM customer_fact f JOIN customer c ON c.id = f.customer_id"
        " WHERE c.merged_into IS NULL AND c.erased_at IS NULL"
    )


def downgrade() -> None:
    op.drop_table("tag_import_reject")
    op.drop_column("tag_import", "sha256")
    op.drop_table("customer_change")
    op.drop_table("customer_watch")
    op.execute("UPDATE tag SET update_policy = 'daily' WHERE update_policy = 'real_time'")
    _policies()
    _forget(lambda tables: tuple(name for name in tables if name != "customer_profile"))
    op.drop_table("fact_day")
    op.drop_table("customer_profile")


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


def _policies(*more: str) -> None:
    known = ", ".join(("'daily'", "'manual'", *more))
    op.drop_constraint(op.f("ck_tag_update_policy_known"), "tag")
    op.create_check_constraint(op.f("ck_tag_update_policy_known"), "tag", f"update_policy IN ({known})")


def _changes() -> None:
    op.create_table(
        "customer_watch",
        sa.Column("watcher", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("watcher", name=op.f("pk_customer_watch")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "customer_change",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_customer_change")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.execute("ALTER TABLE customer_change ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_rows ON customer_change TO guibin_worker USING (true)")
    op.execute("CREATE POLICY everybody_writes ON customer_change FOR INSERT TO guibin_bank WITH CHECK (true)")


def _imports() -> None:
    op.add_column("tag_import", sa.Column("sha256", sa.LargeBinary(), nullable=True))
    op.create_table(
        "tag_import_reject",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("column", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["tag_import.id"], name=op.f("fk_tag_import_reject_import_id_tag_import")
        ),
        sa.PrimaryKeyConstraint("import_id", "row", name=op.f("pk_tag_import_reject")),
        info={"distribution": "local"},
    )


def _profiles() -> None:
    op.create_table(
        "customer_profile",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("manager_branch", sa.Text(), nullable=True),
        sa.Column("gender", sa.Text(), nullable=False),
        sa.Column("city_code", sa.Text(), nullable=True),
        sa.Column("birth_year", sa.Integer(), nullable=True),
        sa.Column("birth_mmdd", sa.Text(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=True),
        sa.Column("lines", sa.ARRAY(sa.Text()), nullable=False),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_customer_profile_ends_after_it_began")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_customer_profile_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("customer_id", "valid_from", name=op.f("pk_customer_profile")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_table(
        "fact_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("composed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_fact_day")),
        info={"distribution": "local"},
    )
