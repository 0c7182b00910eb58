"""Merges take the ledger along and can be undone: two kinds of entries, both sides linked, and a journal of merges."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
SERVING = "guibin_bank, guibin_worker"
OWN = ("points_merge", "points_unmerge")

KINDS_BEFORE = (
    "opening",
    "earn",
    "redeem",
    "order",
    "refund",
    "claw_back",
    "adjust_credit",
    "adjust_debit",
    "expire",
    "expire_early",
    "pending_add",
    "pending_activate",
    "pending_cancel",
    "transfer_out",
    "transfer_in",
)
NEW_KINDS = ("merge_out", "merge_in")
SOURCES_BEFORE = ("event", "redemption", "approval", "run", "rule", "file", "hold", "entry", "transfer")
SOURCES = (*SOURCES_BEFORE, "merge")
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
)
KIND_FITS = (
    f"{KIND_FITS_BEFORE}"
    " OR (kind = 'merge_out' AND contra = 'merge' AND points <= 0 AND debt_change <= 0 AND points + debt_change < 0"
    " AND pending_change = 0)"
    " OR (kind = 'merge_in' AND contra = 'merge' AND (points >= 0 OR debt_change >= 0) AND pending_change = 0)"
)


def upgrade() -> None:
    _kinds((*KINDS_BEFORE, *NEW_KINDS), SOURCES, KIND_FITS)
    op.create_index(
        op.f("ix_customer_merged_into"),
        "customer",
        ["merged_into"],
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    for column in (
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_reason", sa.Text(), nullable=True),
    ):
        op.add_column("match_review", column)
    _journal()
    _points()
    _create("points_enter", 3)
    for name in OWN:
        _create(name, 1)
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO {SERVING}")
    _create("customer_origins", 1)
    op.execute("REVOKE ALL ON FUNCTION customer_origins FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION customer_origins TO guibin_customer, guibin_bank, guibin_worker")
    op.execute(f"GRANT INSERT, UPDATE (marked_at, unmarked_at) ON favourite TO {SERVING}")
    op.execute("GRANT EXECUTE ON FUNCTION points_account_state TO guibin_worker")


def downgrade() -> None:
    op.execute("REVOKE EXECUTE ON FUNCTION points_account_state FROM guibin_worker")
    op.execute(f"REVOKE INSERT, UPDATE (marked_at, unmarked_at) ON favourite FROM {SERVING}")
    for name in (*OWN, "customer_origins"):
        op.execute(f"DROP FUNCTION {name}")
    _create("points_enter", 2)
    op.drop_table("points_merge")
    op.drop_table("customer_merge")
    for column in ("decided_reason", "decided_by", "decided_at"):
        op.drop_column("match_review", column)
    op.drop_index(op.f("ix_customer_merged_into"), "customer")
    _kinds(KINDS_BEFORE, SOURCES_BEFORE, KIND_FITS_BEFORE)


def _kinds(kinds: tuple[str, ...], sources: tuple[str, ...], fits: str) -> None:
    for table in ("points_entry", "ledger_grant"):
        _recheck(table, "kind_known", _one_of("kind", kinds))
    for table in ("points_entry", "points_hold"):
        _recheck(table, "source_kind_known", _one_of("source_kind", sources))
    _recheck("points_entry", "kind_fits", fits)


def _journal() -> None:
    op.create_table(
        "customer_merge",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("losing_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("moved", postgresql.JSONB(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_by", sa.Uuid(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Uuid(), nullable=True),
        sa.Column("undone_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("losing_id <> customer_id", name=op.f("ck_customer_merge_of_two")),
        sa.CheckConstraint(
            "(undone_at IS NULL) = (undone_by IS NULL) AND (undone_at IS NULL) = (undone_reason IS NULL)",
            name=op.f("ck_customer_merge_undone_by_somebody"),
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_customer_merge_customer_id_customer")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_customer_merge")),
    )
    op.create_index(op.f("ix_customer_merge_losing_id"), "customer_merge", ["losing_id"])
    op.create_index(op.f("ix_customer_merge_id"), "customer_merge", ["id"], postgresql_where=sa.text("stale"))
    op.execute(
        f"GRANT SELECT, INSERT, UPDATE (stale, undone_at, undone_by, undone_reason) ON customer_merge TO {SERVING}"
    )
    _policies("customer_merge")


def _points() -> None:
    op.create_table(
        "points_merge",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("merge_id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("wallet", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("debt", sa.BigInteger(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("undoes", sa.Boolean(), nullable=False),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.CheckConstraint(_one_of("side", ("out", "in")), name=op.f("ck_points_merge_side_known")),
        sa.CheckConstraint("points >= 0 AND debt >= 0 AND points + debt > 0", name=op.f("ck_points_merge_something")),
        sa.CheckConstraint("other_id <> customer_id", name=op.f("ck_points_merge_between_two")),
        sa.ForeignKeyConstraint(
            ["customer_id", "entry_id"],
            ["points_entry.customer_id", "points_entry.id"],
            name=op.f("fk_points_merge_customer_id_entry_id_points_entry"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_points_merge")),
    )
    op.create_index(op.f("ix_points_merge_customer_id_merge_id"), "points_merge", ["customer_id", "merge_id"])
    op.execute(f"GRANT SELECT ON points_merge TO {SERVING}")
    _policies("points_merge")


def _policies(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ((SELECT row_scope_bank()) OR {seen})")


def _create(name: str, version: int) -> None:
    op.execute((FUNCTIONS / name / f"v{version}.sql").read_text(encoding="utf-8"))


def _recheck(table: str, name: str, condition: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def _one_of(column: str, values: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"
