"""What stands between a service and the owner's rights, tightened.

`privacy_forget` works with its owner's rights: its second version names the schema of every table and looks into a
session's temporary tables last, so that nothing a service creates for itself can take the place of a table.
Nothing shortens a cover that was agreed, so no role may. A customer is not told who asked for restrictions.
"""

from pathlib import Path

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"


def upgrade() -> None:
    _create("privacy_forget", 2)
    _create("my_access_log", 2)
    op.execute("REVOKE UPDATE (valid_to) ON staff_delegation FROM guibin_bank")


def downgrade() -> None:
    op.execute("GRANT UPDATE (valid_to) ON staff_delegation TO guibin_bank")
    _create("my_access_log", 1)
    _create("privacy_forget", 1)


def _create(name: str, version: int) -> None:
    op.execute((FUNCTIONS / name / f"v{version}.sql").read_text(encoding="utf-8"))
