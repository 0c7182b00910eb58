"""WeChat: identities and access tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
# Logins note, bind and unbind, the worker forgets strangers, merges move identities in both other roles.
GRANTS = (
    "SELECT, INSERT ON wechat_identity, wechat_token TO guibin_customer, guibin_worker",
    (
        "UPDATE (id, customer_id, data_key, openid_enc, unionid_idx, unionid_enc, first_seen_at, seen_at, bound_at,"
        " closed_at) ON wechat_identity TO guibin_customer, guibin_worker"
    ),
    (
        "UPDATE (id, data_key, token_enc, expires_at, fetched_at, generation, leased_until)"
        " ON wechat_token TO guibin_customer, guibin_worker"
    ),
    "SELECT ON wechat_identity TO guibin_bank",
    "UPDATE (customer_id) ON wechat_identity TO guibin_bank",
)


def upgrade() -> None:
    op.create_table(
        "wechat_identity",
        sa.Column("openid_idx", sa.LargeBinary(), nullable=False),
        sa.Column("appid", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("data_key", sa.LargeBinary(), nullable=True),
        sa.Column("openid_enc", sa.LargeBinary(), nullable=True),
        sa.Column("unionid_idx", sa.LargeBinary(), nullable=True),
        sa.Column("unionid_enc", sa.LargeBinary(), nullable=True),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("bound_at", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.CheckConstraint("kind IN ('mp', 'oa', 'app', 'wecom')", name=op.f("ck_wechat_identity_kind_known")),
        sa.PrimaryKeyConstraint("openid_idx", "appid", name=op.f("pk_wechat_identity")),
        info={"distribution": ("openid_idx",)},
    )
    op.create_index(op.f("ix_wechat_identity_customer_id"), "wechat_identity", ["customer_id"])
    op.create_index(op.f("ix_wechat_identity_unionid_idx"), "wechat_identity", ["unionid_idx"])
    op.create_table(
        "wechat_token",
        sa.Column("appid", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("data_key", sa.LargeBinary(), nullable=True),
        sa.Column("token_enc", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("fetched_at", MOMENT, nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("leased_until", MOMENT, nullable=True),
        sa.CheckConstraint("kind IN ('api')", name=op.f("ck_wechat_token_kind_known")),
        sa.PrimaryKeyConstraint("appid", "kind", name=op.f("pk_wechat_token")),
        info={"distribution": "local"},
    )
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")


def downgrade() -> None:
    op.drop_table("wechat_token")
    op.drop_table("wechat_identity")
