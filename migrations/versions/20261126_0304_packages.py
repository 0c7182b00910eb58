"""Packages, reservations and the release of stock."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
PACKAGE_LEFT = "rights_package_left(uuid, date)"
TAKE_PACKAGE = "rights_take_package(uuid, uuid, uuid, uuid, integer, timestamptz, date)"
OF_A_DRAFT = "state, revision, name_zh, name_en, period, tiers, rights, last_day, first_day"

GRANTS = (
    "SELECT ON rights_package TO guibin_customer",
    f"SELECT, INSERT, UPDATE ({OF_A_DRAFT}) ON rights_package TO guibin_bank",
    # A draft that waits for approval too long is given back by the worker.
    "SELECT, UPDATE (state) ON rights_package TO guibin_worker",
    "SELECT, INSERT, UPDATE (rights, changed_at, taken) ON package_choice TO guibin_customer",
    "SELECT, UPDATE (taken) ON package_choice TO guibin_bank",
    "SELECT, UPDATE (taken) ON package_choice TO guibin_worker",
)
ALL_ROWS = "(SELECT row_scope_bank())"
OWN = "customer_id = (SELECT row_scope_customer())"


def upgrade() -> None:
    _packages()
    _choices()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    _protect("package_choice")
    for name, signature in {"rights_package_left": PACKAGE_LEFT, "rights_take_package": TAKE_PACKAGE}.items():
        op.execute((FUNCTIONS / name / "v1.sql").read_text(encoding="utf-8"))
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO guibin_customer")
    op.execute(f"GRANT EXECUTE ON FUNCTION {PACKAGE_LEFT} TO guibin_bank, guibin_worker")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {PACKAGE_LEFT}, {TAKE_PACKAGE}")
    op.drop_constraint(op.f("fk_redemption_customer_id_package_id_package_period_package_choice"), "redemption")
    op.drop_constraint(op.f("ck_redemption_package_for_a_period"), "redemption")
    op.drop_column("redemption", "package_period")
    op.drop_column("redemption", "package_id")
    op.drop_table("package_choice")
    op.drop_table("rights_package")


def _packages() -> None:
    op.create_table(
        "rights_package",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("tiers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rights", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('draft', 'pending', 'published')", name=op.f("ck_rights_package_state_known")),
        sa.CheckConstraint("period IN ('month', 'quarter', 'year')", name=op.f("ck_rights_package_period_known")),
        sa.CheckConstraint(
            "(state = 'published') = (first_day IS NOT NULL)", name=op.f("ck_rights_package_published_from_a_day")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rights_package")),
        info={"distribution": "reference"},
    )
    op.create_index(op.f("ix_rights_package_code_version"), "rights_package", ["code", "version"], unique=True)
    op.create_index(
        "ix_rights_package_one_open",
        "rights_package",
        ["code"],
        unique=True,
        postgresql_where=sa.text("state IN ('draft', 'pending')"),
    )


def _choices() -> None:
    op.create_table(
        "package_choice",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("package_id", sa.Uuid(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("rights", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("taken >= 0", name=op.f("ck_package_choice_taken_not_negative")),
        sa.CheckConstraint("period_start <= period_end", name=op.f("ck_package_choice_period_in_order")),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_package_choice_customer_id_customer")),
        sa.ForeignKeyConstraint(
            ["package_id"], ["rights_package.id"], name=op.f("fk_package_choice_package_id_rights_package")
        ),
        sa.PrimaryKeyConstraint("customer_id", "package_id", "period_start", name=op.f("pk_package_choice")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.add_column("redemption", sa.Column("package_id", sa.Uuid(), nullable=True))
    op.add_column("redemption", sa.Column("package_period", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_redemption_package_for_a_period"), "redemption", "(package_id IS NULL) = (package_period IS NULL)"
    )
    op.create_foreign_key(
        op.f("fk_redemption_customer_id_package_id_package_period_package_choice"),
        "redemption",
        "package_choice",
        ["customer_id", "package_id", "package_period"],
        ["customer_id", "package_id", "period_start"],
    )


def _protect(table: str) -> None:
    seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ({ALL_ROWS} OR {seen})")
    op.execute(f"CREATE POLICY customer_rows ON {table} TO guibin_customer USING ({ALL_ROWS} OR {OWN})")
