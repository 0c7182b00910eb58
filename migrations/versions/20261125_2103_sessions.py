"""Sessions of customers: families of refresh tokens, one-time passwords, tickets of binding."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TABLES = ("customer_session", "binding_ticket", "one_time_code", "code_quota")
CUSTOMER = (
    "SELECT, INSERT ON customer_session, binding_ticket, one_time_code, code_quota",
    (
        "UPDATE (idle_expires_at, refresh_hash, generation, rotated_at, rotated_by, revoked_at, end_reason)"
        " ON customer_session"
    ),
    "UPDATE (phone_idx, used_at) ON binding_ticket",
    "UPDATE (code_hash, tries, created_at, expires_at, used_at) ON one_time_code",
    "UPDATE (asked_at) ON code_quota",
    "SELECT ON customer_ref",
)
BANK = ("SELECT ON customer_session", "UPDATE (revoked_at, end_reason) ON customer_session")


def upgrade() -> None:
    op.add_column("customer", sa.Column("not_before", MOMENT, nullable=True))
    op.create_table(
        "customer_session",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("binding_id", sa.Uuid(), nullable=True),
        sa.Column("device_ref", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("idle_expires_at", MOMENT, nullable=False),
        sa.Column("refresh_hash", sa.LargeBinary(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("rotated_at", MOMENT, nullable=False),
        sa.Column("rotated_by", sa.LargeBinary(), nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("way IN ('mp', 'oa', 'bank_app')", name=op.f("ck_customer_session_way_known")),
        sa.CheckConstraint(
            "end_reason IN ('logout', 'replaced', 'reused', 'other_device', 'unbound', 'revoked')",
            name=op.f("ck_customer_session_end_reason_known"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_customer_session_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_customer_session")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_table(
        "binding_ticket",
        sa.Column("ref", sa.LargeBinary(), nullable=False),
        sa.Column("appid", sa.Text(), nullable=False),
        sa.Column("openid_idx", sa.LargeBinary(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("device_ref", sa.LargeBinary(), nullable=True),
        sa.Column("phone_idx", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_binding_ticket")),
        info={"distribution": ("ref",)},
    )
    op.create_table(
        "one_time_code",
        sa.Column("phone_idx", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("bound_to", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.CheckConstraint("purpose IN ('bind')", name=op.f("ck_one_time_code_purpose_known")),
        sa.PrimaryKeyConstraint("phone_idx", "purpose", "bound_to", name=op.f("pk_one_time_code")),
        info={"distribution": ("phone_idx",)},
    )
    op.create_table(
        "code_quota",
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.ARRAY(MOMENT), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_code_quota")),
        info={"distribution": ("subject",)},
    )
    for grant in CUSTOMER:
        op.execute(f"GRANT {grant} TO guibin_customer")
    for grant in BANK:
        op.execute(f"GRANT {grant} TO guibin_bank")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute("REVOKE SELECT ON customer_ref FROM guibin_customer")
    op.drop_column("customer", "not_before")
