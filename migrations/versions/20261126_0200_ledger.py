"""The ledger's whole list of movements: pending points, holds, refunds, reversals; wallets as data.

Functions whose arguments or columns change are dropped first: another list of arguments would be another function.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"

LOCK = "points_account_lock(uuid, text, timestamptz, date)"
POST_BEFORE = "points_post(uuid, text, text, bigint, uuid, uuid, date, text, text, text, text, uuid, timestamptz, date)"
POST_BATCH_BEFORE = (
    "points_post_batch(uuid[], text[], text, bigint[], uuid[], uuid[], date[], text[], text[], text, text[], uuid,"
    " timestamptz, date)"
)
INNER = {"points_known": 1, "points_enter": 1, "points_take": 1}
"""Called by the ledger's own functions only."""

DOORS = {
    "points_account_lock": 3,
    "points_post": 2,
    "points_post_batch": 2,
    "points_refund": 1,
    "points_claw_back": 1,
    "points_hold": 1,
    "points_capture": 1,
    "points_release": 1,
}
BEFORE = {"points_account_lock": 2, "points_post": 1, "points_post_batch": 1}

# Which kinds of entries each role may post beside those of revision 0002: the customer role gives back and spends, and
# cannot make points.
LEDGER_GRANTS = {
    "guibin_customer": ("refund",),
    "guibin_bank": (
        "opening",
        "order",
        "refund",
        "claw_back",
        "expire_early",
        "pending_add",
        "pending_activate",
        "pending_cancel",
    ),
    "guibin_worker": (
        "opening",
        "adjust_credit",
        "adjust_debit",
        "refund",
        "claw_back",
        "pending_add",
        "pending_activate",
        "pending_cancel",
    ),
}

GRANTS = sa.table("ledger_grant", sa.column("role", sa.Text), sa.column("kind", sa.Text))

KINDS_BEFORE = ("earn", "redeem", "expire", "adjust_credit", "adjust_debit")
KINDS = (
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
)
SOURCES_BEFORE = ("event", "redemption", "approval", "run")
SOURCES = (*SOURCES_BEFORE, "rule", "file", "hold", "entry")

KIND_FITS_BEFORE = (
    "(kind = 'earn' AND contra = 'issuance' AND points >= 0 AND debt_change <= 0 AND points > debt_change)"
    " OR (kind = 'redeem' AND contra = 'redemption' AND points < 0 AND debt_change = 0)"
    " OR (kind = 'expire' AND contra = 'expiry' AND points < 0 AND debt_change = 0)"
    " OR (kind = 'adjust_credit' AND contra = 'adjustment' AND points >= 0 AND debt_change <= 0"
    " AND points > debt_change)"
    " OR (kind = 'adjust_debit' AND contra = 'adjustment' AND points < 0 AND debt_change >= 0)"
)
KIND_FITS = (
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
)


def upgrade() -> None:
    _wallets()
    _accounts()
    _entries()
    _lots()
    _holds()
    _functions()


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {', '.join(DOORS)}, {', '.join(INNER)}")
    op.drop_table("points_hold_lot")
    op.drop_table("points_hold")
    for name, version in BEFORE.items():
        _create(name, version)
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO guibin_customer, guibin_bank, guibin_worker")
    for role, kinds in LEDGER_GRANTS.items():
        op.execute(GRANTS.delete().where(GRANTS.c.role == role, GRANTS.c.kind.in_(kinds)))
    op.drop_constraint(op.f("ck_points_lot_held_within_remaining"), "points_lot")
    op.drop_constraint(op.f("ck_points_lot_use_points_not_zero"), "points_lot_use")
    op.create_check_constraint(op.f("ck_points_lot_use_points_positive"), "points_lot_use", "points > 0")
    for column in ("funding_line", "cost_fen", "pending_until", "pending", "held"):
        op.drop_column("points_lot", column)
    op.drop_column("points_lot_use", "place")
    op.drop_index(op.f("ix_points_entry_customer_id_refers_to"), "points_entry")
    _known("points_entry", "kind_fits", KIND_FITS_BEFORE)
    for column in ("refers_to", "pending_change"):
        op.drop_column("points_entry", column)
    for table in ("points_entry", "ledger_grant"):
        _known(table, "kind_known", _one_of("kind", KINDS_BEFORE))
    _known("points_entry", "source_kind_known", _one_of("source_kind", SOURCES_BEFORE))
    op.drop_index(op.f("ix_points_account_lapses_on"), "points_account")
    op.drop_constraint(op.f("ck_points_account_pending_not_negative"), "points_account")
    for column in ("lapses_on", "pending"):
        op.drop_column("points_account", column)
    op.drop_constraint(op.f("ck_wallet_expiry_known"), "wallet")
    op.drop_constraint(op.f("ck_wallet_expiry_rounding_known"), "wallet")
    op.drop_constraint(op.f("ck_wallet_expiry_complete"), "wallet")
    for column in (
        "revision",
        "refund_grace_days",
        "may_owe",
        "caps",
        "balance_cap",
        "pending_days",
        "expiry_rounding",
        "expiry_months",
        "expiry",
        "transferable",
        "buys_goods",
        "spendable",
        "funding_line",
    ):
        op.drop_column("wallet", column)


def _wallets() -> None:
    _add(
        "wallet",
        (
            sa.Column("funding_line", sa.Text()),
            sa.Column("spendable", postgresql.JSONB(none_as_null=True)),
            sa.Column("buys_goods", sa.Boolean(), nullable=False, server_default="false"),
            sa.Column("transferable", sa.Boolean(), nullable=False, server_default="false"),
            sa.Column("expiry", sa.Text(), nullable=False, server_default="never"),
            sa.Column("expiry_months", sa.Integer()),
            sa.Column("expiry_rounding", sa.Text(), nullable=False, server_default="none"),
            sa.Column("pending_days", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("balance_cap", sa.BigInteger()),
            sa.Column("caps", postgresql.JSONB(), nullable=False, server_default="[]"),
            sa.Column("may_owe", sa.Boolean(), nullable=False, server_default="true"),
            sa.Column("refund_grace_days", sa.Integer(), nullable=False, server_default="30"),
            sa.Column("revision", sa.Integer(), nullable=False, server_default="1"),
        ),
    )
    op.execute("UPDATE wallet SET expiry = 'calendar' WHERE expiry_years IS NOT NULL")
    op.execute("UPDATE wallet SET buys_goods = true WHERE code = 'reward'")
    op.create_check_constraint(
        op.f("ck_wallet_expiry_known"), "wallet", _one_of("expiry", ("never", "rolling", "calendar", "inactivity"))
    )
    op.create_check_constraint(
        op.f("ck_wallet_expiry_rounding_known"),
        "wallet",
        _one_of("expiry_rounding", ("none", "month", "quarter", "half_year", "year")),
    )
    op.create_check_constraint(
        op.f("ck_wallet_expiry_complete"),
        "wallet",
        "(expiry = 'calendar') = (expiry_years IS NOT NULL)"
        " AND (expiry IN ('rolling', 'inactivity')) = (expiry_months IS NOT NULL)",
    )


def _accounts() -> None:
    _add(
        "points_account",
        (
            sa.Column("pending", sa.BigInteger(), nullable=False, server_default="0"),
            sa.Column("lapses_on", sa.Date()),
        ),
    )
    op.create_check_constraint(op.f("ck_points_account_pending_not_negative"), "points_account", "pending >= 0")
    op.create_index(
        op.f("ix_points_account_lapses_on"),
        "points_account",
        ["lapses_on"],
        postgresql_where=sa.text("lapses_on IS NOT NULL"),
    )


def _entries() -> None:
    _add(
        "points_entry",
        (
            sa.Column("pending_change", sa.BigInteger(), nullable=False, server_default="0"),
            sa.Column("refers_to", sa.Uuid()),
        ),
    )
    for table in ("points_entry", "ledger_grant"):
        _known(table, "kind_known", _one_of("kind", KINDS))
    _known("points_entry", "source_kind_known", _one_of("source_kind", SOURCES))
    _known("points_entry", "kind_fits", KIND_FITS)
    op.create_index(
        op.f("ix_points_entry_customer_id_refers_to"),
        "points_entry",
        ["customer_id", "refers_to"],
        postgresql_where=sa.text("refers_to IS NOT NULL"),
    )


def _lots() -> None:
    _add(
        "points_lot",
        (
            sa.Column("held", sa.BigInteger(), nullable=False, server_default="0"),
            sa.Column("pending", sa.Boolean(), nullable=False, server_default="false"),
            sa.Column("pending_until", sa.Date()),
            sa.Column("cost_fen", sa.Integer(), nullable=False, server_default="0"),
            sa.Column("funding_line", sa.Text()),
        ),
    )
    op.execute("UPDATE points_lot l SET cost_fen = w.cost_fen FROM wallet w WHERE w.code = l.wallet")
    op.create_check_constraint(
        op.f("ck_points_lot_held_within_remaining"),
        "points_lot",
        "held BETWEEN 0 AND remaining AND NOT (pending AND held > 0)",
    )
    _add("points_lot_use", (sa.Column("place", sa.Integer(), nullable=False, server_default="1"),))
    op.execute(
        "UPDATE points_lot_use u SET place = n.place FROM ("
        " SELECT o.customer_id, o.entry_id, o.lot_id, row_number() OVER (PARTITION BY o.customer_id, o.entry_id"
        " ORDER BY l.expires_on NULLS LAST, l.earned_at, l.id) AS place FROM points_lot_use o"
        " JOIN points_lot l ON l.customer_id = o.customer_id AND l.id = o.lot_id) n"
        " WHERE n.customer_id = u.customer_id AND n.entry_id = u.entry_id AND n.lot_id = u.lot_id"
    )
    op.drop_constraint(op.f("ck_points_lot_use_points_positive"), "points_lot_use")
    op.create_check_constraint(op.f("ck_points_lot_use_points_not_zero"), "points_lot_use", "points <> 0")
    op.create_index(
        op.f("ix_points_lot_pending_until"),
        "points_lot",
        ["pending_until"],
        postgresql_where=sa.text("pending AND remaining > 0"),
    )


def _holds() -> None:
    op.create_table(
        "points_hold",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wallet", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("captured", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason_zh", sa.Text(), nullable=False),
        sa.Column("reason_en", sa.Text(), nullable=False),
        sa.Column("source_kind", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("points > 0", name=op.f("ck_points_hold_points_positive")),
        sa.CheckConstraint("captured BETWEEN 0 AND points", name=op.f("ck_points_hold_captured_within_points")),
        sa.CheckConstraint("(state = 'open') = (closed_at IS NULL)", name=op.f("ck_points_hold_closed")),
        sa.CheckConstraint(
            _one_of("state", ("open", "captured", "released", "lapsed")), name=op.f("ck_points_hold_state_known")
        ),
        sa.CheckConstraint(_one_of("source_kind", SOURCES), name=op.f("ck_points_hold_source_kind_known")),
        sa.ForeignKeyConstraint(
            ["customer_id", "wallet"],
            ["points_account.customer_id", "points_account.wallet"],
            name=op.f("fk_points_hold_customer_id_wallet_points_account"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_points_hold")),
    )
    op.create_index(
        op.f("ix_points_hold_customer_id_source_kind_source_id"),
        "points_hold",
        ["customer_id", "source_kind", "source_id"],
        unique=True,
    )
    op.create_index(
        op.f("ix_points_hold_expires_at"), "points_hold", ["expires_at"], postgresql_where=sa.text("state = 'open'")
    )
    op.create_table(
        "points_hold_lot",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_points_hold_lot_points_positive")),
        sa.ForeignKeyConstraint(
            ["customer_id", "hold_id"],
            ["points_hold.customer_id", "points_hold.id"],
            name=op.f("fk_points_hold_lot_customer_id_hold_id_points_hold"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id", "lot_id"],
            ["points_lot.customer_id", "points_lot.id"],
            name=op.f("fk_points_hold_lot_customer_id_lot_id_points_lot"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "hold_id", "lot_id", name=op.f("pk_points_hold_lot")),
    )
    for table in ("points_hold", "points_hold_lot"):
        op.execute(f"GRANT SELECT ON {table} TO guibin_customer, guibin_bank, guibin_worker")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
        seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
        op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ((SELECT row_scope_bank()) OR {seen})")
        op.execute(
            f"CREATE POLICY customer_rows ON {table} TO guibin_customer"
            " USING ((SELECT row_scope_bank()) OR customer_id = (SELECT row_scope_customer()))"
        )


def _functions() -> None:
    op.execute(f"DROP FUNCTION {LOCK}, {POST_BEFORE}, {POST_BATCH_BEFORE}")
    for name, version in (INNER | DOORS).items():
        _create(name, version)
        op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    for name in DOORS:
        op.execute(f"GRANT EXECUTE ON FUNCTION {name} TO guibin_customer, guibin_bank, guibin_worker")
    op.bulk_insert(GRANTS, [{"role": role, "kind": kind} for role, kinds in LEDGER_GRANTS.items() for kind in kinds])


def _create(name: str, version: int) -> None:
    op.execute((FUNCTIONS / name / f"v{version}.sql").read_text(encoding="utf-8"))


def _add(table: str, columns: tuple[sa.Column, ...]) -> None:
    """Add columns; a default that only fills the rows that stand goes again."""
    for column in columns:
        filled = column.server_default is not None
        op.add_column(table, column)
        if filled:
            op.alter_column(table, column.name, server_default=None)


def _known(table: str, name: str, condition: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def _one_of(column: str, values: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"
