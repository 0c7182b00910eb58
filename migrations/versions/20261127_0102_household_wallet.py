"""Points at their end: a share of them goes, or they roll over into another wallet. Households put points together.

Files of events tell of returns too.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
NEWER = {
    "points_account_lock": (6, 5),
    "points_balances": (3, 2),
    "points_enter": (5, 4),
    "rights_facts": (5, 4),
}
"""Functions with other versions: after this revision, and before."""

LAPSE = "points_lapse(uuid, text, timestamptz, date)"
ROLL_OVER = "points_roll_over(uuid, text, text, uuid[], uuid[], date, text[], text[], text, uuid, timestamptz, date)"
POOL_DRAW = "points_pool_draw(uuid, uuid, uuid[], text, bigint, uuid[], uuid[], uuid[], text[], text[], uuid, timestamptz, date)"
POOL_RETURN = "points_pool_return(uuid, uuid, uuid[], uuid[], uuid[], text[], text[], uuid, timestamptz, date)"
PURPOSES_BEFORE = ("service", "marketing", "profiling", "supplier", "family", "external", "sensitive")
LINES_BEFORE = ("waiting", "posted", "earned", "nothing", "replayed", "refused")
ROLLS = ("roll_out", "roll_in")
KINDS_BEFORE = (
    *("opening", "earn", "redeem", "order", "refund", "claw_back", "adjust_credit", "adjust_debit", "expire"),
    *("expire_early", "pending_add", "pending_activate", "pending_cancel", "transfer_out", "transfer_in"),
    *("merge_out", "merge_in"),
)
KIND_FITS_BEFORE = (
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
KIND_FITS = (
    KIND_FITS_BEFORE.replace("merge_in merge}", "merge_in merge,roll_out roll,roll_in roll}")
    .replace("adjust_debit,transfer_out}", "adjust_debit,transfer_out,roll_out}")
    .replace("pending_activate,pending_cancel}'::text[]))", "pending_activate,pending_cancel,roll_in}'::text[]))")
)


def upgrade() -> None:
    _terms()
    _lots()
    _kinds(KIND_FITS)
    for name, (after, _) in NEWER.items():
        _install(name, after)
    for name, signature in (("points_lapse", LAPSE), ("points_roll_over", ROLL_OVER)):
        _install(name, 1)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {ROLL_OVER} TO guibin_worker")
    op.execute("GRANT UPDATE (expiry_share, rolls_over_to, pooled) ON wallet TO guibin_bank")
    _pool()
    _lines((*LINES_BEFORE, "returned"))


def downgrade() -> None:
    op.execute("UPDATE points_file_line SET state = 'nothing' WHERE state = 'returned'")
    _lines(LINES_BEFORE)
    for signature in (POOL_DRAW, POOL_RETURN):
        op.execute(f"DROP FUNCTION {signature}")
    op.drop_table("points_pool_role")
    op.drop_column("points_transfer", "household_id")
    op.execute("DELETE FROM consent WHERE purpose = 'pooling'")
    op.execute("DELETE FROM consent_text WHERE purpose = 'pooling'")
    _purposes(PURPOSES_BEFORE)
    for name, (_, before) in NEWER.items():
        _install(name, before)
    op.execute(f"DROP FUNCTION {ROLL_OVER}")
    op.execute(f"DROP FUNCTION {LAPSE}")
    _kinds(KIND_FITS_BEFORE)
    for column in ("given_until", "lapsed", "rolled_from"):
        op.drop_column("points_lot", column)
    for column in ("pooled", "rolls_over_to", "expiry_share"):
        op.drop_column("wallet", column)


def _pool() -> None:
    op.add_column("points_transfer", sa.Column("household_id", sa.Uuid(), nullable=True))
    op.create_table(
        "points_pool_role",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("place_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("month_limit", sa.BigInteger(), nullable=True),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('owner', 'spender', 'viewer')", name=op.f("ck_points_pool_role_role_known")),
        sa.CheckConstraint("role <> 'owner'", name=op.f("ck_points_pool_role_owner_is_the_head")),
        sa.CheckConstraint("month_limit >= 0", name=op.f("ck_points_pool_role_limit_not_negative")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_points_pool_role_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("customer_id", "place_id", name=op.f("pk_points_pool_role")),
    )
    op.execute(
        "GRANT SELECT, INSERT, UPDATE (role, month_limit, set_by, set_at) ON points_pool_role TO guibin_customer"
    )
    op.execute("GRANT SELECT ON points_pool_role TO guibin_bank, guibin_worker")
    op.execute("ALTER TABLE points_pool_role ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_rows ON points_pool_role TO guibin_worker USING (true)")
    seen = "EXISTS (SELECT FROM customer c WHERE c.id = points_pool_role.customer_id)"
    own = "customer_id = (SELECT row_scope_customer())"
    for role, rows in (("bank", seen), ("customer", own)):
        op.execute(
            f"CREATE POLICY {role}_rows ON points_pool_role TO guibin_{role}"
            f" USING ((SELECT row_scope_bank()) OR {rows})"
        )
    _purposes((*PURPOSES_BEFORE, "pooling"))
    for name, signature, roles in (
        ("points_pool_draw", POOL_DRAW, "guibin_customer"),
        ("points_pool_return", POOL_RETURN, "guibin_customer, guibin_bank, guibin_worker"),
    ):
        _install(name, 1)
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {roles}")


def _lines(known: tuple[str, ...]) -> None:
    order = ("waiting", "posted", "earned", "nothing", "returned", "replayed", "refused")
    listed = ", ".join(f"'{state}'" for state in order if state in known)
    op.drop_constraint(op.f("ck_points_file_line_state_known"), "points_file_line", type_="check")
    op.create_check_constraint(op.f("ck_points_file_line_state_known"), "points_file_line", f"state IN ({listed})")


def _purposes(known: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{purpose}'" for purpose in known)
    op.drop_constraint(op.f("ck_consent_text_purpose_known"), "consent_text", type_="check")
    op.create_check_constraint(op.f("ck_consent_text_purpose_known"), "consent_text", f"purpose IN ({listed})")


def _terms() -> None:
    no = sa.text("false")
    op.add_column("wallet", sa.Column("pooled", sa.Boolean(), server_default=no, nullable=False))
    op.alter_column("wallet", "pooled", server_default=None)
    op.create_check_constraint(op.f("ck_wallet_growth_is_ones_own"), "wallet", "NOT (growth AND pooled)")
    op.add_column("wallet", sa.Column("expiry_share", sa.Integer(), server_default=sa.text("100"), nullable=False))
    op.alter_column("wallet", "expiry_share", server_default=None)
    op.add_column("wallet", sa.Column("rolls_over_to", sa.Text(), nullable=True))
    op.create_foreign_key(op.f("fk_wallet_rolls_over_to_wallet"), "wallet", "wallet", ["rolls_over_to"], ["code"])
    op.create_check_constraint(
        op.f("ck_wallet_expiry_share_fits"),
        "wallet",
        "expiry_share = 100 OR (expiry_share BETWEEN 1 AND 99 AND expiry = 'inactivity' AND rolls_over_to IS NULL)",
    )
    op.create_check_constraint(
        op.f("ck_wallet_rolls_over_elsewhere"),
        "wallet",
        "rolls_over_to IS NULL OR (expiry <> 'never' AND rolls_over_to <> code)",
    )


def _lots() -> None:
    op.add_column("points_lot", sa.Column("rolled_from", sa.Uuid(), nullable=True))
    # The functions that make lots say nothing of what only an end of them brings.
    op.add_column("points_lot", sa.Column("lapsed", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("points_lot", sa.Column("given_until", sa.Date(), nullable=True))


def _kinds(fits: str) -> None:
    known = ", ".join(f"'{kind}'" for kind in (*KINDS_BEFORE, *(ROLLS if fits == KIND_FITS else ())))
    op.drop_constraint(op.f("ck_ledger_grant_kind_known"), "ledger_grant")
    op.create_check_constraint(op.f("ck_ledger_grant_kind_known"), "ledger_grant", f"kind IN ({known})")
    op.drop_constraint(op.f("ck_points_entry_kind_fits"), "points_entry")
    op.create_check_constraint(op.f("ck_points_entry_kind_fits"), "points_entry", fits)


def _install(name: str, version: int) -> None:
    op.execute((FUNCTIONS / name / f"v{version}.sql").read_text(encoding="utf-8"))
