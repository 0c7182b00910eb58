"""What a posting costs: fewer statements and a shorter CHECK on the way of a redemption; sums of each kind are kept."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
NEWER = {
    "points_account_lock": (5, 4),
    "points_balances": (2, 1),
    "points_enter": (4, 3),
    "points_post": (4, 3),
    "points_post_batch": (4, 3),
    "rights_redeem": (2, 1),
}
"""Functions with other versions: after this revision, and before."""

SPEND = "points_spend(uuid, text, uuid, text, bigint, date, text, text, text, text, uuid, timestamptz, date)"
FACTS = "rights_facts(jsonb, boolean)"
BEFORE_MERGES = "rights_used_by_origins(uuid, uuid, timestamptz)"
KINDS_BEFORE = (
    "kind IN ('opening', 'earn', 'redeem', 'order', 'refund', 'claw_back', 'adjust_credit', 'adjust_debit',"
    " 'expire', 'expire_early', 'pending_add', 'pending_activate', 'pending_cancel', 'transfer_out', 'transfer_in',"
    " 'merge_out', 'merge_in')"
)
KIND_FITS_BEFORE = (
    "(kind IN ('opening', 'earn') AND contra = 'issuance' AND points >= 0 AND debt_change <= 0"
    " AND points > debt_change AND pending_change = 0)"
    " OR (kind = 'adjust_credit' AND contra = 'adjustment' AND points >= 0 AND debt_change <= 0"
    " AND points > debt_change AND pending_change = 0)"
    " OR (kind = 'refund' AND contra = 'redemption' AND points >= 0 AND debt_change <= 0"
    " AND points > debt_change AND pending_change = 0 AND refers_to IS NOT NULL)"
    " OR (kind IN ('redeem', 'order') AND contra = 'redemption' AND points < 0 AND debt_change = 0"
    " AND pending_change = 0)"
    " OR (kind IN ('expire', 'expire_early') AND contra = 'expiry' AND points < 0 AND debt_change = 0"
    " AND pending_change = 0)"
    " OR (kind = 'adjust_debit' AND contra = 'adjustment' AND points < 0 AND debt_change = 0 AND pending_change = 0)"
    " OR (kind = 'claw_back' AND contra = 'issuance' AND points <= 0 AND debt_change >= 0 AND points < debt_change"
    " AND pending_change = 0 AND refers_to IS NOT NULL)"
    " OR (kind = 'pending_add' AND contra = 'issuance' AND points = 0 AND debt_change = 0 AND pending_change > 0)"
    " OR (kind = 'pending_activate' AND contra = 'pending' AND points >= 0 AND debt_change <= 0"
    " AND points - debt_change = -pending_change AND pending_change < 0 AND refers_to IS NOT NULL)"
    " OR (kind = 'pending_cancel' AND contra = 'issuance' AND points = 0 AND debt_change = 0 AND pending_change < 0"
    " AND refers_to IS NOT NULL)"
    " OR (kind = 'transfer_out' AND contra = 'transfer' AND points < 0 AND debt_change = 0 AND pending_change = 0)"
    " OR (kind = 'transfer_in' AND contra = 'transfer' AND points >= 0 AND debt_change <= 0 AND points > debt_change"
    " AND pending_change = 0)"
    " OR (kind = 'merge_out' AND contra = 'merge' AND points <= 0 AND debt_change <= 0 AND points + debt_change < 0"
    " AND pending_change = 0)"
    " OR (kind = 'merge_in' AND contra = 'merge' AND (points >= 0 OR debt_change >= 0) AND pending_change = 0)"
)

KIND_FITS = (
    "(kind || ' ' || contra) = ANY ('{opening issuance,earn issuance,claw_back issuance,pending_add issuance,"
    "pending_cancel issuance,pending_activate pending,redeem redemption,order redemption,refund redemption,"
    "expire expiry,expire_early expiry,adjust_credit adjustment,adjust_debit adjustment,transfer_out transfer,"
    "transfer_in transfer,merge_out merge,merge_in merge}'::text[])"
    " AND CASE WHEN kind = ANY ('{redeem,order,expire,expire_early,adjust_debit,transfer_out}'::text[])"
    " THEN points < 0 AND debt_change = 0 AND pending_change = 0"
    " WHEN kind = 'claw_back' THEN points <= 0 AND points < debt_change AND debt_change >= 0 AND pending_change = 0"
    " WHEN kind = 'pending_activate' THEN points >= 0 AND debt_change <= 0 AND pending_change < 0"
    " AND points - debt_change = -pending_change"
    " WHEN kind = ANY ('{pending_add,pending_cancel}'::text[]) THEN points = 0 AND debt_change = 0"
    " AND pending_change <> 0 AND (kind = 'pending_add') = (pending_change > 0)"
    " WHEN kind = 'merge_out' THEN points <= 0 AND debt_change <= 0 AND points + debt_change < 0 AND pending_change = 0"
    " WHEN kind = 'merge_in' THEN (points >= 0 OR debt_change >= 0) AND pending_change = 0"
    " ELSE points >= 0 AND points > debt_change AND debt_change <= 0 AND pending_change = 0 END"
    " AND (refers_to IS NOT NULL OR kind <> ALL ('{refund,claw_back,pending_activate,pending_cancel}'::text[]))"
)


def upgrade() -> None:
    op.add_column(
        "points_account", sa.Column("moved", postgresql.JSONB(), nullable=False, server_default=sa.text("'{}'"))
    )
    op.alter_column("points_account", "moved", server_default=None)
    op.execute(
        "UPDATE points_account a SET moved = s.moved FROM ("
        " SELECT customer_id, wallet, jsonb_object_agg(kind, points) AS moved FROM ("
        "  SELECT customer_id, wallet, kind, sum(points - debt_change)::bigint AS points FROM points_entry"
        "   GROUP BY customer_id, wallet, kind) AS k"
        "  GROUP BY customer_id, wallet) AS s WHERE a.customer_id = s.customer_id AND a.wallet = s.wallet"
    )
    # One CHECK says of a kind all that there is to say, that it is known included.
    op.drop_constraint(op.f("ck_points_entry_kind_known"), "points_entry")
    op.drop_constraint(op.f("ck_points_entry_kind_fits"), "points_entry")
    op.create_check_constraint(op.f("ck_points_entry_kind_fits"), "points_entry", KIND_FITS)
    _install("points_spend", 1)
    op.execute(f"REVOKE ALL ON FUNCTION {SPEND} FROM PUBLIC")
    for name, (after, _) in NEWER.items():
        _install(name, after)
    _install("rights_used_by_origins", 1)
    op.execute(f"REVOKE ALL ON FUNCTION {BEFORE_MERGES} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {BEFORE_MERGES} TO guibin_customer")
    _facts(3)


def downgrade() -> None:
    for name, (_, before) in NEWER.items():
        _install(name, before)
    _facts(2)
    op.execute(f"DROP FUNCTION {BEFORE_MERGES}")
    op.execute(f"DROP FUNCTION {SPEND}")
    op.drop_constraint(op.f("ck_points_entry_kind_fits"), "points_entry")
    op.create_check_constraint(op.f("ck_points_entry_kind_fits"), "points_entry", KIND_FITS_BEFORE)
    op.create_check_constraint(op.f("ck_points_entry_kind_known"), "points_entry", KINDS_BEFORE)
    op.drop_column("points_account", "moved")


def _install(name: str, version: int) -> None:
    op.execute((FUNCTIONS / name / f"v{version}.sql").read_text(encoding="utf-8"))


def _facts(version: int) -> None:
    op.execute(f"DROP FUNCTION {FACTS}")
    _install("rights_facts", version)
    op.execute(f"REVOKE ALL ON FUNCTION {FACTS} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {FACTS} TO guibin_customer")
