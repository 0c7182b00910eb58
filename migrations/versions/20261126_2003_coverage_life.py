"""The life of coverage: the roles of a team, absences and who stands in, what customers wish, claims, credit."""

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
    "INSERT, UPDATE (backup_id, valid_to, note, revision) ON manager_absence TO guibin_bank",
)


def upgrade() -> None:
    _roles(ROLES)
    _absences()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")


def downgrade() -> None:
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
        sa.Column("revision", sa.Integer(), nullable=False),
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
