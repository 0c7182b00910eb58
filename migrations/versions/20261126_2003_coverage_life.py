"""The life of coverage: the roles of a team, absences and who stands in, what customers wish, claims, credit."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

ROLES = ("primary", "backup", "specialist", "branch_leader", "corporate_manager", "second")
OLD_ROLES = ("primary",)
GRANTS = (
    "SELECT ON manager_absence TO guibin_customer, guibin_bank, guibin_worker",
    "INSERT, UPDATE (valid_to) ON manager_absence TO guibin_bank",
    "SELECT ON book_cover TO guibin_customer, guibin_bank, guibin_worker",
    "INSERT, DELETE, UPDATE (valid_to) ON book_cover TO guibin_bank",
    "SELECT ON coverage_terms TO guibin_bank, guibin_worker",
    "INSERT ON coverage_terms TO guibin_bank",
    "SELECT, INSERT, UPDATE (state, ended_on) ON succession TO guibin_bank, guibin_worker",
    "SELECT, INSERT, UPDATE (state) ON manager_wish TO guibin_customer",
    "SELECT, UPDATE (state, answered_by, answered_at) ON manager_wish TO guibin_bank",
    "SELECT, UPDATE (state) ON manager_wish TO guibin_worker",
    "SELECT ON pool_place TO guibin_bank",
    "SELECT, INSERT, UPDATE ON pool_place TO guibin_worker",
)
FUNCTIONS = Path(__file__).parents[1] / "functions"
BANK = "(SELECT row_scope_bank())"
ONE = "(SELECT row_scope_customer())"
BRANCHES = (
    "SELECT b.descendant_id FROM branch_closure b WHERE b.ancestor_id = ANY ((SELECT row_scope_branches())::uuid[])"
)
BOOKS = "= ANY ((SELECT row_scope_books())::uuid[])"
OLD_BOOKS = "= (SELECT row_scope_staff())"


def upgrade() -> None:
    _roles(ROLES)
    _absences()
    _book_covers()
    _open_books()
    _stability()
    _pool()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    for table in ("succession", "manager_wish", "pool_place"):
        _protect(table)
    op.execute(f"CREATE POLICY customer_rows ON manager_wish TO guibin_customer USING ({BANK} OR customer_id = {ONE})")


def downgrade() -> None:
    for table in ("pool_place", "manager_wish", "succession", "coverage_terms"):
        op.drop_table(table)
    op.drop_constraint("ex_coverage_role_once", "coverage")
    _close_books()
    op.drop_table("book_cover")
    op.drop_table("manager_absence")
    op.execute("DELETE FROM customer_access WHERE role <> 'primary'")
    op.execute("DELETE FROM coverage WHERE role <> 'primary'")
    _roles(OLD_ROLES)


def _roles(roles: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{role}'" for role in roles)
    op.drop_constraint(op.f("ck_coverage_role_known"), "coverage")
    op.create_check_constraint(op.f("ck_coverage_role_known"), "coverage", f"role IN ({listed})")


def _absences() -> None:
    op.create_table(
        "manager_absence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column("backup_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('leave', 'sick', 'training', 'secondment')", name=op.f("ck_manager_absence_kind_known")
        ),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_manager_absence_in_order")),
        sa.CheckConstraint("backup_id <> manager_id", name=op.f("ck_manager_absence_of_two")),
        postgresql.ExcludeConstraint(
            (sa.column("manager_id"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_manager_absence_one_at_a_time",
        ),
        sa.ForeignKeyConstraint(["manager_id"], ["manager.id"], name=op.f("fk_manager_absence_manager_id_manager")),
        sa.ForeignKeyConstraint(["backup_id"], ["manager.id"], name=op.f("fk_manager_absence_backup_id_manager")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manager_absence")),
        info={"distribution": "reference"},
    )
    op.create_index(op.f("ix_manager_absence_manager_id_valid_to"), "manager_absence", ["manager_id", "valid_to"])


def _book_covers() -> None:
    op.create_table(
        "book_cover",
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("deputy_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("staff_id <> deputy_id", name=op.f("ck_book_cover_of_two")),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_book_cover_in_order")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_book_cover_staff_id_staff")),
        sa.ForeignKeyConstraint(["deputy_id"], ["staff.id"], name=op.f("fk_book_cover_deputy_id_staff")),
        sa.PrimaryKeyConstraint("staff_id", "valid_from", name=op.f("pk_book_cover")),
        info={"distribution": "reference"},
    )
    op.create_index(op.f("ix_book_cover_deputy_id_valid_to"), "book_cover", ["deputy_id", "valid_to"])


def _open_books() -> None:
    """Let a transaction open several books: the own one, and those of colleagues who are away."""
    _create("row_scope_books", 1)
    op.execute("REVOKE ALL ON FUNCTION row_scope_books() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION row_scope_books() TO guibin_customer, guibin_bank, guibin_worker")
    _create("row_scope_opens", 2)
    _policies(BOOKS)
    op.execute("DROP FUNCTION row_scope_staff()")


def _close_books() -> None:
    _create("row_scope_staff", 1)
    op.execute("REVOKE ALL ON FUNCTION row_scope_staff() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION row_scope_staff() TO guibin_customer, guibin_bank, guibin_worker")
    _create("row_scope_opens", 1)
    _policies(OLD_BOOKS)
    op.execute("DROP FUNCTION row_scope_books()")


def _create(name: str, version: int) -> None:
    op.execute((FUNCTIONS / name / f"v{version}.sql").read_text(encoding="utf-8"))


def _policies(books: str) -> None:
    in_book = (
        "EXISTS (SELECT FROM customer_access a"
        f" WHERE a.customer_id = customer.id AND a.staff_id {books} AND a.valid_to IS NULL)"
    )
    op.execute(
        f"ALTER POLICY bank_rows ON customer USING ({BANK} OR id = {ONE} OR branch_id IN ({BRANCHES}) OR {in_book})"
    )
    op.execute(
        f"ALTER POLICY bank_rows ON customer_access USING ({BANK} OR staff_id {books} OR row_scope_opens(customer_id))"
    )


def _stability() -> None:
    op.execute(
        "ALTER TABLE coverage ADD CONSTRAINT ex_coverage_role_once EXCLUDE USING gist"
        " (customer_id WITH =, manager_id WITH =, role WITH =, daterange(valid_from, valid_to) WITH &&)"
        " WHERE (role <> 'primary')"
    )
    op.create_table(
        "coverage_terms",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("approval_id", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_coverage_terms")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "succession",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("successor_id", sa.Uuid(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.CheckConstraint("cause IN ('tier_forbidden', 'tier_settled')", name=op.f("ck_succession_cause_known")),
        sa.CheckConstraint("state IN ('open', 'done', 'cancelled')", name=op.f("ck_succession_state_known")),
        sa.CheckConstraint("due_on > started_on", name=op.f("ck_succession_in_order")),
        sa.CheckConstraint("(state = 'open') = (ended_on IS NULL)", name=op.f("ck_succession_ended")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_succession_customer_id_customer")),
        sa.ForeignKeyConstraint(["successor_id"], ["manager.id"], name=op.f("fk_succession_successor_id_manager")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_succession")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_succession_customer_id"),
        "succession",
        ["customer_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "manager_wish",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column("wish", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("uttered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_by", sa.Uuid(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("wish IN ('keep', 'change')", name=op.f("ck_manager_wish_wish_known")),
        sa.CheckConstraint(
            "reason IN ('trust', 'distance', 'language', 'expertise', 'availability', 'conduct', 'other')",
            name=op.f("ck_manager_wish_reason_known"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'declined', 'superseded')", name=op.f("ck_manager_wish_state_known")
        ),
        sa.CheckConstraint(
            "(state IN ('accepted', 'declined')) = (answered_by IS NOT NULL)", name=op.f("ck_manager_wish_answered")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_manager_wish_customer_id_customer")),
        sa.ForeignKeyConstraint(["manager_id"], ["manager.id"], name=op.f("fk_manager_wish_manager_id_manager")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_manager_wish")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_manager_wish_customer_id"),
        "manager_wish",
        ["customer_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )


def _pool() -> None:
    op.create_table(
        "pool_place",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column("noticed_on", sa.Date(), nullable=False),
        sa.Column("returns_on", sa.Date(), nullable=False),
        sa.Column("returned_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.CheckConstraint("returns_on >= noticed_on", name=op.f("ck_pool_place_in_order")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_pool_place_customer_id_customer")),
        sa.ForeignKeyConstraint(["manager_id"], ["manager.id"], name=op.f("fk_pool_place_manager_id_manager")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_pool_place")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_pool_place_manager_id"),
        "pool_place",
        ["manager_id"],
        postgresql_where=sa.text("left_on IS NULL"),
    )


def _protect(table: str) -> None:
    seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ({BANK} OR {seen})")
