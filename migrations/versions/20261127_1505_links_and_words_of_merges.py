"""Links of lines keep by which names they came; a word that came by an undone merge can be said to be none."""

import sqlalchemy as sa
from alembic import op

revision = "0079"
down_revision = "0078"
branch_labels = None
depends_on = None

CHECK = "ck_consent_state_known"
BEFORE = "state IN ('granted', 'denied', 'revoked')"
NOW = "state IN ('granted', 'denied', 'revoked', 'unsaid')"


def upgrade() -> None:
    for column in ("named_by", "other_named_by"):
        op.add_column("customer_link", sa.Column(column, sa.LargeBinary(), nullable=True))
    _hold_states_to(NOW)


def downgrade() -> None:
    op.execute("UPDATE consent SET state = 'denied' WHERE state = 'unsaid'")
    _hold_states_to(BEFORE)
    for column in ("other_named_by", "named_by"):
        op.drop_column("customer_link", column)


def _hold_states_to(known: str) -> None:
    op.drop_constraint(op.f(CHECK), "consent")
    op.create_check_constraint(op.f(CHECK), "consent", known)
