"""What was returned of an event by parts is kept with the event: the parts are together at most the whole."""

import sqlalchemy as sa
from alembic import op

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("business_event", sa.Column("returned_fen", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE business_event b SET returned_fen = r.fen"
        " FROM (SELECT line, returns, sum(amount_fen) AS fen FROM event_return"
        " WHERE amount_fen IS NOT NULL GROUP BY line, returns) r"
        " WHERE b.reference = r.returns AND b.line = r.line"
    )


def downgrade() -> None:
    op.drop_column("business_event", "returned_fen")
