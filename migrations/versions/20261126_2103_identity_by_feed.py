"""What files bring beside the first kinds: links and identity events; date formats and columns that only fill."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    empty = sa.text("'{}'")
    op.add_column("feed_mapping", sa.Column("dates", postgresql.JSONB(), nullable=False, server_default=empty))
    op.add_column("feed_mapping", sa.Column("fills", sa.ARRAY(sa.Text()), nullable=False, server_default=empty))


def downgrade() -> None:
    for column in ("fills", "dates"):
        op.drop_column("feed_mapping", column)
