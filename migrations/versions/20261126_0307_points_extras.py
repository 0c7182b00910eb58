"""Events by file, transfers and attachments."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

FILE_KINDS = "kind IN ('opening', 'grant', 'events')"
FILE_KINDS_BEFORE = "kind IN ('opening', 'grant')"
LINE_STATES = "state IN ('waiting', 'posted', 'earned', 'nothing', 'replayed', 'refused')"
LINE_STATES_BEFORE = "state IN ('waiting', 'posted', 'refused')"
NAMED = "state = 'waiting' OR (customer_ref IS NULL AND event IS NULL)"
NAMED_BEFORE = "state = 'waiting' OR customer_ref IS NULL"

# The worker records the events of a file and lets them earn; its rows of `points_file_line` it may already read.
GRANTS = (
    "UPDATE (points, event) ON points_file_line TO guibin_worker",
    "INSERT ON business_event, customer_event TO guibin_worker",
    "SELECT ON earning_rule_version TO guibin_customer",
    "SELECT (code, branch, state, active_version, revision, created_at, ended_at) ON earning_rule TO guibin_customer",
)


def upgrade() -> None:
    _events_by_file()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")


def downgrade() -> None:
    op.execute("REVOKE INSERT ON business_event, customer_event FROM guibin_worker")
    op.execute("REVOKE SELECT ON earning_rule, earning_rule_version FROM guibin_customer")
    _recheck("points_file_line", "named_while_waiting", NAMED_BEFORE)
    _recheck("points_file_line", "state_known", LINE_STATES_BEFORE)
    op.drop_column("points_file_line", "event")
    _recheck("points_file", "kind_known", FILE_KINDS_BEFORE)


def _events_by_file() -> None:
    _recheck("points_file", "kind_known", FILE_KINDS)
    op.add_column("points_file_line", sa.Column("event", JSONB()))
    _recheck("points_file_line", "state_known", LINE_STATES)
    _recheck("points_file_line", "named_while_waiting", NAMED)


def _recheck(table: str, name: str, condition: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
