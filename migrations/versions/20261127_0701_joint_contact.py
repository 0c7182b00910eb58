"""Joint contact: who gave a customer away reads it for a while, where a call asks for it."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
OLD_ROLES = ("primary", "backup", "specialist", "branch_leader", "corporate_manager", "second")
ROLES = (*OLD_ROLES, "joint")
BANK = "(SELECT row_scope_bank())"
ONE = "(SELECT row_scope_customer())"
BRANCHES = (
    "SELECT b.descendant_id FROM branch_closure b WHERE b.ancestor_id = ANY ((SELECT row_scope_branches())::uuid[])"
)
IN_BOOK = (
    "EXISTS (SELECT FROM customer_access a WHERE a.customer_id = customer.id"
    " AND a.staff_id = ANY ((SELECT row_scope_books())::uuid[]) AND a.valid_to IS NULL)"
)
# What stands first is answered once for each statement: where a call asks not, no row is looked at.
ACCOMPANIED = (
    "((SELECT row_scope_accompanied_on()) IS NOT NULL"
    " AND EXISTS (SELECT FROM customer_access a WHERE a.customer_id = customer.id"
    " AND a.staff_id = (SELECT row_scope_actor()) AND a.role = 'joint'"
    " AND a.valid_to > (SELECT row_scope_accompanied_on())))"
)
CUSTOMER = f"{BANK} OR id = {ONE} OR branch_id IN ({BRANCHES}) OR {IN_BOOK}"


def upgrade() -> None:
    _roles(ROLES)
    op.create_index(
        "ix_customer_access_accompanied",
        "customer_access",
        ["staff_id", "valid_to"],
        postgresql_where=sa.text("role = 'joint'"),
    )
    _create("row_scope_accompanied_on", 1)
    op.execute("REVOKE ALL ON FUNCTION row_scope_accompanied_on() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION row_scope_accompanied_on() TO guibin_customer, guibin_bank, guibin_worker")
    _create("row_scope_opens", 3)
    op.execute(f"ALTER POLICY bank_rows ON customer USING ({CUSTOMER} OR {ACCOMPANIED})")


def downgrade() -> None:
    op.execute(f"ALTER POLICY bank_rows ON customer USING ({CUSTOMER})")
    _create("row_scope_opens", 2)
    op.execute("DROP FUNCTION row_scope_accompanied_on()")
    op.drop_index("ix_customer_access_accompanied", "customer_access")
    op.execute("DELETE FROM customer_access WHERE role = 'joint'")
    op.execute("DELETE FROM coverage WHERE role = 'joint'")
    _roles(OLD_ROLES)


def _roles(roles: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{role}'" for role in roles)
    op.drop_constraint(op.f("ck_coverage_role_known"), "coverage")
    op.create_check_constraint(op.f("ck_coverage_role_known"), "coverage", f"role IN ({listed})")


def _create(name: str, version: int) -> None:
    op.execute((FUNCTIONS / name / f"v{version}.sql").read_text(encoding="utf-8"))
