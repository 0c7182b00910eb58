"""Links between persons and companies."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
SERVING = "guibin_bank, guibin_worker"
LINK_KINDS = ("owner", "legal_representative", "finance_head", "employee", "guarantor")


def upgrade() -> None:
    _links()
    op.execute(f"GRANT SELECT, INSERT, UPDATE (other_id, valid_to, ended_by) ON customer_link TO {SERVING}")
    _protect("customer_link", f"{_seen('customer_link.customer_id')} OR {_seen('customer_link.other_id')}")
    _forget(4)


def downgrade() -> None:
    _forget(3)
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
