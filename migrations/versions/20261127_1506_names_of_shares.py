"""Shares in others' holdings keep by which names they came."""

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0079"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("holding_party", sa.Column("named_by", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("holding_party", "named_by")
