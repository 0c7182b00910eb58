"""Pictures of rights, and whose terminal a service is."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

GRANTS = (
    "SELECT ON rights_image TO guibin_customer, guibin_bank, guibin_worker",
    "INSERT, UPDATE (media_type, width, height, sha256, content, changed_at) ON rights_image TO guibin_bank",
    "SELECT, INSERT, UPDATE (supplier_id, set_by, set_at) ON supplier_terminal TO guibin_bank",
    "SELECT ON settlement_line, settlement_difference, supplier_prepayment, supplier_prepayment_entry TO guibin_worker",
)


def upgrade() -> None:
    _images()
    _terminals()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")


def downgrade() -> None:
    op.drop_table("supplier_terminal")
    op.drop_table("rights_image")


def _images() -> None:
    op.create_table(
        "rights_image",
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "media_type IN ('image/png', 'image/jpeg', 'image/webp')", name=op.f("ck_rights_image_media_type_known")
        ),
        sa.CheckConstraint("number BETWEEN 1 AND 5", name=op.f("ck_rights_image_number_in_range")),
        sa.CheckConstraint(
            "octet_length(content) BETWEEN 1 AND 524288", name=op.f("ck_rights_image_content_in_bounds")
        ),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("ck_rights_image_sha256_whole")),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("ck_rights_image_sides_positive")),
        sa.ForeignKeyConstraint(["right_id"], ["rights_item.id"], name=op.f("fk_rights_image_right_id_rights_item")),
        sa.PrimaryKeyConstraint("right_id", "number", name=op.f("pk_rights_image")),
        info={"distribution": ("right_id", "rights_stock")},
    )
    # Pictures are packed already: another attempt costs time and gains nothing.
    op.execute("ALTER TABLE rights_image ALTER COLUMN content SET STORAGE EXTERNAL")


def _terminals() -> None:
    op.create_table(
        "supplier_terminal",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=True),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["service_id"], ["service_client.id"], name=op.f("fk_supplier_terminal_service_id_service_client")
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"], ["supplier.id"], name=op.f("fk_supplier_terminal_supplier_id_supplier")
        ),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_supplier_terminal")),
        info={"distribution": "reference"},
    )
    op.create_index(op.f("ix_supplier_terminal_supplier_id"), "supplier_terminal", ["supplier_id"])
