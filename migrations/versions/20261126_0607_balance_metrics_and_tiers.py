"""The balance metrics beside the month-daily average, as facts."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

METRICS = ("quarter_daily", "three_months", "best_of_three", "six_months", "year_daily")


def upgrade() -> None:
    for metric in METRICS:
        op.add_column("customer_fact", sa.Column(f"aum_{metric}_fen", sa.BigInteger(), nullable=True))
    op.add_column("customer_fact", sa.Column("spike_percent", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("customer_fact", "spike_percent")
    for metric in METRICS:
        op.drop_column("customer_fact", f"aum_{metric}_fen")
