"""Cheaper doors: batches lock with a look at each account, and a customer is let in without statements of no need."""

from pathlib import Path

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
NEWER = {"customer_enter": (2, 1), "points_account_lock": (4, 3), "points_post_batch": (3, 2)}
"""Functions with other versions: after this revision, and before."""


def upgrade() -> None:
    for name, (after, _) in NEWER.items():
        _install(name, after)


def downgrade() -> None:
    for name, (_, before) in NEWER.items():
        _install(name, before)


def _install(name: str, version: int) -> None:
    op.execute((FUNCTIONS / name / f"v{version}.sql").read_text(encoding="utf-8"))
