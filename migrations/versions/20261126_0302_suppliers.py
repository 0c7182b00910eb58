"""Suppliers, what they deliver, and at which prices."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

WRITTEN = "name, state, settlement_basis, tax_rate_bp, prepaid, contact_name_enc, contact_phone_enc, contact_email_enc, revision"
GRANTS = (
    f"SELECT, INSERT, UPDATE ({WRITTEN}) ON supplier TO guibin_bank",
    "SELECT, INSERT, UPDATE (supplier_id, product_code, set_by, set_at) ON right_supplier TO guibin_bank",
    "SELECT, INSERT, UPDATE (valid_to) ON supplier_price TO guibin_bank",
)
TABLES = ("supplier_price", "right_supplier", "supplier")


def upgrade() -> None:
    _suppliers()
    _rights()
    _prices()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


def _suppliers() -> None:
    op.create_table(
        "supplier",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("settlement_basis", sa.Text(), nullable=False),
        sa.Column("tax_rate_bp", sa.Integer(), nullable=False),
        sa.Column("prepaid", sa.Boolean(), nullable=False),
        sa.Column("contact_name_enc", sa.LargeBinary(), nullable=True),
        sa.Column("contact_phone_enc", sa.LargeBinary(), nullable=True),
        sa.Column("contact_email_enc", sa.LargeBinary(), nullable=True),
        sa.Column("data_key", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('active', 'off')", name=op.f("ck_supplier_state_known")),
        sa.CheckConstraint("settlement_basis IN ('issued', 'used')", name=op.f("ck_supplier_settlement_basis_known")),
        sa.CheckConstraint("tax_rate_bp BETWEEN 0 AND 10000", name=op.f("ck_supplier_tax_rate_in_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supplier")),
        sa.UniqueConstraint("code", name=op.f("uq_supplier_code")),
        info={"distribution": "reference"},
    )


def _rights() -> None:
    op.create_table(
        "right_supplier",
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("product_code", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["right_id"], ["rights_item.id"], name=op.f("fk_right_supplier_right_id_rights_item")),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], name=op.f("fk_right_supplier_supplier_id_supplier")),
        sa.PrimaryKeyConstraint("right_id", name=op.f("pk_right_supplier")),
        info={"distribution": "reference"},
    )
    op.create_index(op.f("ix_right_supplier_supplier_id"), "right_supplier", ["supplier_id"])


def _prices() -> None:
    op.create_table(
        "supplier_price",
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("price_fen >= 0", name=op.f("ck_supplier_price_price_not_negative")),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_supplier_price_ends_after_it_begins")
        ),
        postgresql.ExcludeConstraint(
            (sa.column("right_id"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_supplier_price_one_a_day",
        ),
        sa.ForeignKeyConstraint(["right_id"], ["rights_item.id"], name=op.f("fk_supplier_price_right_id_rights_item")),
        sa.ForeignKeyConstraint(["supplier_id"], ["supplier.id"], name=op.f("fk_supplier_price_supplier_id_supplier")),
        sa.PrimaryKeyConstraint("right_id", "valid_from", name=op.f("pk_supplier_price")),
        info={"distribution": "reference"},
    )
    op.create_index(op.f("ix_supplier_price_supplier_id_valid_from"), "supplier_price", ["supplier_id", "valid_from"])
