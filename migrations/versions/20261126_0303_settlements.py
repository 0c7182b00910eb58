"""Settlement with suppliers: statements, their lines, what differs, and prepayments."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

WRITTEN = (
    "state, lines, quantity, gross_fen, prepaid_fen, statement_no, statement_sha256, statement_lines, equal_lines,"
    " statement_at, supplier_reference, supplier_agreed_on, invoice_no, invoice_day, invoiced_at, revision, confirmed_at"
)
GRANTS = (
    f"SELECT, INSERT, UPDATE ({WRITTEN}) ON settlement TO guibin_bank",
    "SELECT, UPDATE (state, revision) ON settlement TO guibin_worker",
    "SELECT, INSERT ON settlement_line TO guibin_bank",
    "SELECT, INSERT, UPDATE (state, words, decided_by, decided_at) ON settlement_difference TO guibin_bank",
    "SELECT, INSERT, UPDATE (balance_fen) ON supplier_prepayment TO guibin_bank",
    "SELECT, INSERT ON supplier_prepayment_entry TO guibin_bank",
)
TABLES = (
    "supplier_prepayment_entry",
    "supplier_prepayment",
    "settlement_difference",
    "settlement_line",
    "settlement",
)


def upgrade() -> None:
    _settlements()
    _lines()
    _differences()
    _prepayments()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


def _settlements() -> None:
    op.create_table(
        "settlement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("unused_returned", sa.Boolean(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("gross_fen", sa.BigInteger(), nullable=False),
        sa.Column("prepaid_fen", sa.BigInteger(), nullable=False),
        sa.Column("statement_no", sa.Integer(), nullable=False),
        sa.Column("statement_sha256", sa.LargeBinary()),
        sa.Column("statement_lines", sa.Integer(), nullable=False),
        sa.Column("equal_lines", sa.Integer(), nullable=False),
        sa.Column("statement_at", sa.DateTime(timezone=True)),
        sa.Column("supplier_reference", sa.Text()),
        sa.Column("supplier_agreed_on", sa.Date()),
        sa.Column("invoice_no", sa.Text()),
        sa.Column("invoice_day", sa.Date()),
        sa.Column("invoiced_at", sa.DateTime(timezone=True)),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("maker_id", sa.Uuid(), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'confirmed', 'superseded')", name=op.f("ck_settlement_state_known")
        ),
        sa.CheckConstraint("basis IN ('issued', 'used')", name=op.f("ck_settlement_basis_known")),
        sa.CheckConstraint("extract(day FROM month) = 1", name=op.f("ck_settlement_month_by_its_first_day")),
        sa.CheckConstraint(
            "(state = 'confirmed') = (confirmed_at IS NOT NULL)", name=op.f("ck_settlement_confirmed_with_instant")
        ),
        sa.CheckConstraint(
            "(invoice_no IS NULL) = (invoiced_at IS NULL)", name=op.f("ck_settlement_invoice_with_instant")
        ),
        sa.CheckConstraint(
            "invoice_no IS NULL OR state = 'confirmed'", name=op.f("ck_settlement_invoiced_once_confirmed")
        ),
        sa.CheckConstraint(
            "prepaid_fen >= 0 AND prepaid_fen <= greatest(gross_fen, 0)",
            name=op.f("ck_settlement_prepaid_within_gross"),
        ),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], name=op.f("fk_settlement_supplier_id_supplier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settlement")),
    )
    op.create_index(
        op.f("ix_settlement_supplier_id_month"),
        "settlement",
        ["supplier_id", "month"],
        unique=True,
        postgresql_where=sa.text("state <> 'superseded'"),
    )
    op.create_index(
        op.f("ix_settlement_invoice_no"),
        "settlement",
        ["supplier_id", "invoice_no"],
        unique=True,
        postgresql_where=sa.text("invoice_no IS NOT NULL"),
    )


def _lines() -> None:
    op.create_table(
        "settlement_line",
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("redemption_id", sa.Uuid()),
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("tax_rate_bp", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('supply', 'correction', 'unused', 'dispute')", name=op.f("ck_settlement_line_kind_known")
        ),
        sa.CheckConstraint("price_fen >= 0", name=op.f("ck_settlement_line_price_not_negative")),
        sa.CheckConstraint("quantity <> 0", name=op.f("ck_settlement_line_quantity_not_zero")),
        sa.ForeignKeyConstraint(
            ["settlement_id"], ["settlement.id"], name=op.f("fk_settlement_line_settlement_id_settlement")
        ),
        sa.ForeignKeyConstraint(["right_id"], ["rights_item.id"], name=op.f("fk_settlement_line_right_id_rights_item")),
        sa.PrimaryKeyConstraint("settlement_id", "number", name=op.f("pk_settlement_line")),
    )
    op.create_index(op.f("ix_settlement_line_redemption_id"), "settlement_line", ["redemption_id"])


def _differences() -> None:
    op.create_table(
        "settlement_difference",
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("statement_no", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("line", sa.Integer()),
        sa.Column("file_line", sa.Integer()),
        sa.Column("redemption_id", sa.Uuid()),
        sa.Column("right_id", sa.Uuid()),
        sa.Column("quantity", sa.Integer()),
        sa.Column("price_fen", sa.BigInteger()),
        sa.Column("their_quantity", sa.Integer()),
        sa.Column("their_price_fen", sa.BigInteger()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("words", sa.Text()),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "finding IN ('equal', 'only_ours', 'only_theirs', 'price_differs', 'quantity_differs', 'both_differ',"
            " 'doubled', 'unreadable')",
            name=op.f("ck_settlement_difference_finding_known"),
        ),
        sa.CheckConstraint("state IN ('open', 'ours', 'theirs')", name=op.f("ck_settlement_difference_state_known")),
        sa.CheckConstraint("finding <> 'equal'", name=op.f("ck_settlement_difference_differs")),
        sa.CheckConstraint(
            "(state = 'open') = (decided_at IS NULL)", name=op.f("ck_settlement_difference_decided_with_instant")
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id"], ["settlement.id"], name=op.f("fk_settlement_difference_settlement_id_settlement")
        ),
        sa.ForeignKeyConstraint(
            ["right_id"], ["rights_item.id"], name=op.f("fk_settlement_difference_right_id_rights_item")
        ),
        sa.PrimaryKeyConstraint("settlement_id", "statement_no", "number", name=op.f("pk_settlement_difference")),
    )


def _prepayments() -> None:
    op.create_table(
        "supplier_prepayment",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("balance_fen >= 0", name=op.f("ck_supplier_prepayment_balance_not_negative")),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["supplier.id"], name=op.f("fk_supplier_prepayment_supplier_id_supplier")
        ),
        sa.PrimaryKeyConstraint("supplier_id", name=op.f("pk_supplier_prepayment")),
    )
    op.create_table(
        "supplier_prepayment_entry",
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("settlement_id", sa.Uuid()),
        sa.Column("noted_by", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen <> 0", name=op.f("ck_supplier_prepayment_entry_amount_not_zero")),
        sa.CheckConstraint(
            "(amount_fen < 0) = (settlement_id IS NOT NULL)",
            name=op.f("ck_supplier_prepayment_entry_drawn_by_a_settlement"),
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"],
            ["supplier_prepayment.supplier_id"],
            name=op.f("fk_supplier_prepayment_entry_supplier_id_supplier_prepayment"),
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id"], ["settlement.id"], name=op.f("fk_supplier_prepayment_entry_settlement_id_settlement")
        ),
        sa.PrimaryKeyConstraint("supplier_id", "reference", name=op.f("pk_supplier_prepayment_entry")),
    )
