"""Links between persons and companies; households, their members and the facts of them.

A household belongs to several customers: its row is seen by whoever sees one of its members, and lies on a shard of its
own, while each member's row lies with the customer (docs/adr/0020).
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
SERVING = "guibin_bank, guibin_worker"
HOUSEHOLD_KINDS = ("family", "business")
ROLES = ("head", "spouse", "child", "parent", "sibling", "partner", "other")
LINK_KINDS = ("owner", "legal_representative", "finance_head", "employee", "guarantor")
FACTS = (("household_aum_fen", sa.BigInteger()), ("household_size", sa.Integer()), ("household_role", sa.Text()))
OWN = "(SELECT row_scope_bank()) OR customer_id = (SELECT row_scope_customer())"
# Asked of the members' own policy.
MEMBER_SEEN = "EXISTS (SELECT FROM household_member m WHERE m.household_id = household.id)"


def upgrade() -> None:
    _links()
    op.execute(f"GRANT SELECT, INSERT, UPDATE (other_id, valid_to, ended_by) ON customer_link TO {SERVING}")
    _protect("customer_link", f"{_seen('customer_link.customer_id')} OR {_seen('customer_link.other_id')}")
    _households()
    op.execute(f"GRANT SELECT, INSERT, UPDATE (ended_on, merged_into) ON household TO {SERVING}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE (is_primary, valid_to, ended_by) ON household_member TO {SERVING}")
    op.execute("GRANT SELECT ON household, household_member TO guibin_customer")
    _protect("household_member", _seen("household_member.customer_id"))
    _protect("household", MEMBER_SEEN)
    op.execute(f"CREATE POLICY customer_rows ON household_member TO guibin_customer USING ({OWN})")
    op.execute(f"CREATE POLICY customer_rows ON household TO guibin_customer USING ({MEMBER_SEEN})")
    for name, kind in FACTS:
        op.add_column("customer_fact", sa.Column(name, kind, nullable=True))
    _forget(4)


def downgrade() -> None:
    _forget(3)
    for name, _ in FACTS:
        op.drop_column("customer_fact", name)
    op.drop_table("household")  # its policies look at the members
    op.drop_table("household_member")
    op.drop_table("customer_link")


def _links() -> None:
    op.create_table(
        "customer_link",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("other_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(_one_of("kind", LINK_KINDS), name=op.f("ck_customer_link_kind_known")),
        sa.CheckConstraint("other_id <> customer_id", name=op.f("ck_customer_link_between_two")),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_customer_link_ends_after_it_began")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_customer_link_customer_id_customer")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_customer_link")),
    )
    op.create_index(op.f("ix_customer_link_other_id"), "customer_link", ["other_id"])


def _households() -> None:
    op.create_table(
        "household",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.CheckConstraint(_one_of("kind", HOUSEHOLD_KINDS), name=op.f("ck_household_kind_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household")),
    )
    op.create_table(
        "household_member",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("share_percent", sa.Integer(), nullable=False),
        sa.Column("shares_tier", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(_one_of("role", ROLES), name=op.f("ck_household_member_role_known")),
        sa.CheckConstraint("share_percent BETWEEN 0 AND 100", name=op.f("ck_household_member_share_in_per_cent")),
        sa.CheckConstraint(
            "valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_household_member_ends_after_it_began")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_household_member_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_household_member")),
    )
    op.create_index(
        op.f("ix_household_member_customer_id_household_id"),
        "household_member",
        ["customer_id", "household_id"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
    )
    op.create_index(op.f("ix_household_member_household_id"), "household_member", ["household_id"])


def _protect(table: str, seen: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ((SELECT row_scope_bank()) OR {seen})")


def _seen(owner: str) -> str:
    return f"EXISTS (SELECT FROM customer c WHERE c.id = {owner})"


def _one_of(column: str, values: tuple[str, ...]) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"


def _forget(version: int) -> None:
    op.execute((FUNCTIONS / "privacy_forget" / f"v{version}.sql").read_text(encoding="utf-8"))
