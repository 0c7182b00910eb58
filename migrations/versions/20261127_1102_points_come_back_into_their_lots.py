"""Points of a merge that is undone come back into the lots that they came from."""

from pathlib import Path

from alembic import op

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"


def upgrade() -> None:
    _install(2)


def downgrade() -> None:
    _install(1)


def _install(version: int) -> None:
    op.execute((FUNCTIONS / "points_unmerge" / f"v{version}.sql").read_text(encoding="utf-8"))
