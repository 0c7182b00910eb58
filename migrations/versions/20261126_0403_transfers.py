"""Points that pass from one customer to another: two kinds of entries, both sides linked, limits by kind of points.

And the documents that the maker of a change of points by hand shows to the approver.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
ROLES = "guibin_customer, guibin_bank, guibin_worker"
NEWER = {"points_post": (3, 2), "points_enter": (2, 1)}
"""Functions with other versions: after this revision, and before."""

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
)
NEW_KINDS = ("transfer_out", "transfer_in")
SOURCES_BEFORE = ("event", "redemption", "approval", "run", "rule", "file", "hold", "entry")
SOURCES = (*SOURCES_BEFORE, "transfer")
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
)
KIND_FITS = (
    f"{KIND_FITS_BEFORE}"
    " OR (kind = 'transfer_out' AND contra = 'transfer' AND points < 0 AND debt_change = 0 AND pending_change = 0)"
    " OR (kind = 'transfer_in' AND contra = 'transfer' AND points >= 0 AND debt_change <= 0 AND points > debt_change"
    " AND pending_change = 0)"
)
# A customer passes points on; the bank takes that back. The function posts both kinds in one step or none.
LEDGER_GRANTS = [{"role": role, "kind": kind} for role in ("guibin_customer", "guibin_bank") for kind in NEW_KINDS]
GRANTS = sa.table("ledger_grant", sa.column("role", sa.Text), sa.column("kind", sa.Text))


def upgrade() -> None:
    _kinds((*KINDS_BEFORE, *NEW_KINDS), SOURCES, KIND_FITS)
    op.add_column("wallet", sa.Column("transfer_limits", postgresql.JSONB(), nullable=False, server_default="{}"))
    op.alter_column("wallet", "transfer_limits", server_default=None)
    _transfers()
    _attachments()
    for name, (after, _) in NEWER.items():
        _create(name, after)
    _create("points_transfer", 1)
    op.execute("REVOKE ALL ON FUNCTION points_transfer FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION points_transfer TO guibin_customer, guibin_bank")
    op.execute("GRANT SELECT (id, wallet, state, weights, compliance_document) ON asset_rule TO guibin_customer")
    op.execute("GRANT UPDATE (transfer_limits) ON wallet TO guibin_bank")
    op.bulk_insert(GRANTS, LEDGER_GRANTS)


def downgrade() -> None:
    op.execute(GRANTS.delete().where(GRANTS.c.kind.in_(NEW_KINDS)))
    op.execute("REVOKE SELECT (id, wallet, state, weights, compliance_document) ON asset_rule FROM guibin_customer")
    op.execute("REVOKE UPDATE (transfer_limits) ON wallet FROM guibin_bank")
    op.execute("DROP FUNCTION points_transfer")
    for name, (_, before) in NEWER.items():
        _create(name, before)
    op.drop_table("points_attachment")
    op.drop_table("points_transfer")
    op.drop_column("wallet", "transfer_limits")
    _kinds(KINDS_BEFORE, SOURCES_BEFORE, KIND_FITS_BEFORE)


def _kinds(kinds: tuple[str, ...], sources: tuple[str, ...], fits: str) -> None:
    for table in ("points_entry", "ledger_grant"):
        _recheck(table, "kind_known", _one_of("kind", kinds))
    for table in ("points_entry", "points_hold"):
        _recheck(table, "source_kind_known", _one_of("source_kind", sources))
    _recheck("points_entry", "kind_fits", fits)


def _transfers() -> None:
    op.create_table(
        "points_transfer",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("wallet", sa.Text(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("reverses", sa.Uuid(), nullable=True),
        sa.Column("posted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.CheckConstraint(_one_of("side", ("out", "in")), name=op.f("ck_points_transfer_side_known")),
        sa.CheckConstraint("points > 0", name=op.f("ck_points_transfer_points_positive")),
        sa.CheckConstraint("other_id <> customer_id", name=op.f("ck_points_transfer_between_two")),
        sa.ForeignKeyConstraint(
            ["customer_id", "entry_id"],
            ["points_entry.customer_id", "points_entry.id"],
            name=op.f("fk_points_transfer_customer_id_entry_id_points_entry"),
        ),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_points_transfer")),
    )
    op.create_index(
        op.f("ix_points_transfer_customer_id_reverses"),
        "points_transfer",
        ["customer_id", "reverses"],
        postgresql_where=sa.text("reverses IS NOT NULL"),
    )
    op.execute(f"GRANT SELECT ON points_transfer TO {ROLES}")
    op.execute("ALTER TABLE points_transfer ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_rows ON points_transfer TO guibin_worker USING (true)")
    seen = "EXISTS (SELECT FROM customer c WHERE c.id = points_transfer.customer_id)"
    op.execute(f"CREATE POLICY bank_rows ON points_transfer TO guibin_bank USING ((SELECT row_scope_bank()) OR {seen})")
    op.execute(
        "CREATE POLICY customer_rows ON points_transfer TO guibin_customer"
        " USING ((SELECT row_scope_bank()) OR customer_id = (SELECT row_scope_customer()))"
    )


def _attachments() -> None:
    op.create_table(
        "points_attachment",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("approval_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("content_enc", sa.LargeBinary(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            _one_of("media_type", ("application/pdf", "image/png", "image/jpeg")),
            name=op.f("ck_points_attachment_media_type_known"),
        ),
        sa.CheckConstraint("number BETWEEN 1 AND 5", name=op.f("ck_points_attachment_number_in_range")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_points_attachment_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("customer_id", "approval_id", "number", name=op.f("pk_points_attachment")),
    )
    op.execute("GRANT SELECT, INSERT ON points_attachment TO guibin_bank")
    op.execute("GRANT SELECT ON points_attachment TO guibin_worker")
    op.execute("ALTER TABLE points_attachment ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_rows ON points_attachment TO guibin_worker USING (true)")
    seen = "EXISTS (SELECT FROM customer c WHERE c.id = points_attachment.customer_id)"
    op.execute(
        f"CREATE POLICY bank_rows ON points_attachment TO guibin_bank USING ((SELECT row_scope_bank()) OR {seen})"
    )


def _create(name: str, version: int) -> None:
    op.execute((FUNCTIONS / name / f"v{version}.sql").read_text(encoding="utf-8"))


def _recheck(table: str, name: str, condition: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)


def _one_of(column: str, values: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"
