"""A debt that comes over late is paid first out of what came over by the same merge."""

from pathlib import Path

from alembic import op

revision = "0081"
down_revision = "0080"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"


def upgrade() -> None:
    _install(2)


def downgrade() -> None:
    _install(1)


def _install(version: int) -> None:
    op.execute((FUNCTIONS / "points_merge" / f"v{version}.sql").read_text(encoding="utf-8"))
