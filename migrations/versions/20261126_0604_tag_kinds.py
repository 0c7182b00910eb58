"""Kinds of tags: a membership has a value; tags can be suspended."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

KINDS_BEFORE = ("manual", "rule")
KINDS = (
    *KINDS_BEFORE,
    *("values", "life_cycle", "aggregate", "arithmetic", "preference", "rfm", "score", "model", "imported", "segment"),
)
STATES_BEFORE = ("draft", "pending", "published", "retired")
STATES = ("draft", "pending", "published", "suspended", "retired")
SOURCES_BEFORE = ("manual", "rule")
SOURCES = ("manual", "rule", "import")
KEY_BEFORE = ["customer_id", "tag_code", "source", "since"]
KEY = ["customer_id", "tag_code", "source", "value", "since"]


def upgrade() -> None:
    _known("tag", "kind", KINDS)
    _known("tag", "state", STATES)
    _known("customer_tag", "source", SOURCES)
    op.add_column("customer_tag", sa.Column("value", sa.Text(), server_default="", nullable=False))
    _key(KEY)


def downgrade() -> None:
    op.execute("DELETE FROM customer_tag WHERE value <> '' OR source = 'import'")
    for delete in (
        "DELETE FROM customer_tag USING tag WHERE tag.code = tag_code AND tag.kind NOT IN ('manual', 'rule')",
        "DELETE FROM tag_version USING tag WHERE tag.code = tag_code AND tag.kind NOT IN ('manual', 'rule')",
        "DELETE FROM tag WHERE kind NOT IN ('manual', 'rule')",
    ):
        op.execute(delete)
    op.execute("UPDATE tag SET state = 'retired' WHERE state = 'suspended'")
    _key(KEY_BEFORE)
    op.drop_column("customer_tag", "value")
    _known("customer_tag", "source", SOURCES_BEFORE)
    _known("tag", "state", STATES_BEFORE)
    _known("tag", "kind", KINDS_BEFORE)


def _known(table: str, column: str, values: tuple[str, ...]) -> None:
    name = op.f(f"ck_{table}_{column}_known")
    op.drop_constraint(name, table, type_="check")
    listed = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(name, table, f"{column} IN ({listed})")


def _key(columns: list[str]) -> None:
    op.drop_constraint(op.f("pk_customer_tag"), "customer_tag", type_="primary")
    op.create_primary_key(op.f("pk_customer_tag"), "customer_tag", columns)
