"""SQL functions of the ledger and the rights of the three service roles.

Roles belong to the cluster and are made by `guibin roles`; this only grants. What a role is not granted here it cannot
do, whatever the code says.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
LEDGER_FUNCTIONS = ("points_account_lock", "points_post", "points_post_batch")
SERVICES = ("guibin_customer", "guibin_bank", "guibin_worker")
# Which kinds of entries each role may post through `points_post`: the customer role cannot make points.
LEDGER_GRANTS = {
    "guibin_customer": ("redeem",),
    "guibin_bank": ("earn", "adjust_credit", "adjust_debit"),
    "guibin_worker": ("earn", "expire"),
}

READ = {
    "guibin_customer": (
        "alembic_version, branch, staff, customer, tier, tier_scheme, tier_scheme_line, tier_history, customer_fact, "
        "manager, coverage, wallet, points_account, points_entry, points_lot, points_lot_use, rights_item, "
        "rights_stock, voucher_code, redemption, redemption_step, idempotency_key"
    ),
    "guibin_bank": "ALL TABLES IN SCHEMA public",
    "guibin_worker": "ALL TABLES IN SCHEMA public",
}

FUSION = "INSERT, UPDATE ON customer, source_record, customer_ref, match_review"
HOLDINGS = "INSERT, UPDATE ON holding, holding_party, holding_balance, business_event"
FEEDS = (FUSION, HOLDINGS, "INSERT ON line_day, customer_event, feed_file, feed_reject")
# A merge moves a customer's records and holdings to the surviving customer: copied, then deleted. So does a new owner.
MERGE = "DELETE ON source_record, holding, holding_balance, holding_party, customer_event"
TAGGING = "INSERT, UPDATE ON customer_tag"
ASSIGNING = (
    "INSERT, UPDATE ON customer_access",
    "INSERT ON coverage",
    "UPDATE (valid_to, end_reason) ON coverage",
)
NIGHTLY = ("INSERT, UPDATE ON customer_fact, unassigned, run, run_step, lease", "INSERT ON tier_history")
WRITE = {
    "guibin_customer": (
        "INSERT, UPDATE ON idempotency_key",
        "INSERT ON redemption, redemption_step",
        "UPDATE (free, sold) ON rights_stock",
        "UPDATE (redemption_id, customer_id, taken_at) ON voucher_code",
    ),
    "guibin_bank": (
        *FEEDS,
        MERGE,
        TAGGING,
        *ASSIGNING,
        "UPDATE (resolved_on) ON unassigned",
        "INSERT, UPDATE ON idempotency_key, approval, tag, tier_scheme, tier_scheme_line, manager",
        "INSERT ON audit_entry, approval_decision, product, run, tag_version, voucher_code, redemption_step",
        "INSERT, UPDATE ON rights_item, rights_stock",
        "UPDATE (used_at, used_by, used_at_branch) ON voucher_code",
        "UPDATE (state) ON redemption",
    ),
    # The worker never writes managers: it may lock them, which asks for a column that it could write.
    "guibin_worker": (
        *FEEDS,
        MERGE,
        TAGGING,
        *ASSIGNING,
        *NIGHTLY,
        "INSERT ON audit_entry",
        "UPDATE (revision) ON manager",
    ),
}


def upgrade() -> None:
    for name in LEDGER_FUNCTIONS:
        op.execute((FUNCTIONS / name / "v1.sql").read_text(encoding="utf-8"))
    functions = ", ".join(LEDGER_FUNCTIONS)
    op.execute(f"REVOKE ALL ON FUNCTION {functions} FROM PUBLIC")
    for role, kinds in LEDGER_GRANTS.items():
        op.execute(f"GRANT EXECUTE ON FUNCTION {functions} TO {role}")
        rows = [{"role": role, "kind": kind} for kind in kinds]
        op.bulk_insert(sa.table("ledger_grant", sa.column("role", sa.Text), sa.column("kind", sa.Text)), rows)
    for role in SERVICES:
        op.execute(f"GRANT USAGE ON SCHEMA public TO {role}")
        op.execute(f"GRANT SELECT ON {READ[role]} TO {role}")
        for grant in WRITE[role]:
            op.execute(f"GRANT {grant} TO {role}")


def downgrade() -> None:
    for role in SERVICES:
        op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
        op.execute(f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM {role}")
    op.execute("DELETE FROM ledger_grant")
    op.execute(f"DROP FUNCTION IF EXISTS {', '.join(LEDGER_FUNCTIONS)}")
