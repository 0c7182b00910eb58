"""Kinds of tags: a membership has a value and may expire; categories, owners and reviews; tags can be suspended."""

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
PURPOSES_BEFORE = ("service", "marketing", "profiling", "supplier", "family", "external")
PURPOSES = (*PURPOSES_BEFORE, "sensitive")
MEMBERSHIP_DATES = ("confirmed_on", "expires_on")
GRANTS = (
    "SELECT ON tag_category TO guibin_bank, guibin_worker",
    "INSERT ON tag_category TO guibin_bank",
    "SELECT ON tag_import TO guibin_bank, guibin_worker",
    "INSERT ON tag_import TO guibin_bank",
    "UPDATE (state, revision, suspended_on, retires_on) ON tag TO guibin_worker",
)
KEY_BEFORE = ["customer_id", "tag_code", "source", "since"]
KEY = ["customer_id", "tag_code", "source", "value", "since"]


def upgrade() -> None:
    _known("tag", "kind", KINDS)
    _known("tag", "state", STATES)
    _known("customer_tag", "source", SOURCES)
    op.add_column("customer_tag", sa.Column("value", sa.Text(), server_default="", nullable=False))
    _key(KEY)
    _categories()
    for column in _tag_columns():
        op.add_column("tag", column)
    op.create_foreign_key(op.f("fk_tag_category_code_tag_category"), "tag", "tag_category", ["category_code"], ["code"])
    _known("tag", "update_policy", ("daily", "manual"), before=False)
    _known("tag", "sensitivity", ("public", "internal", "sensitive"), before=False)
    _known("consent_text", "purpose", PURPOSES)
    op.create_check_constraint(op.f("ck_tag_value_days_positive"), "tag", "value_days > 0")
    for name in MEMBERSHIP_DATES:
        op.add_column("customer_tag", sa.Column(name, sa.Date(), nullable=True))
    op.create_index(
        op.f("ix_customer_tag_expires_on"),
        "customer_tag",
        ["expires_on"],
        postgresql_where=sa.text("until IS NULL AND expires_on IS NOT NULL"),
    )
    op.add_column("customer_tag", sa.Column("probability", sa.Numeric(6, 5), nullable=True))
    op.add_column("customer_tag", sa.Column("import_id", sa.Uuid(), nullable=True))
    _imports()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")


def downgrade() -> None:
    op.execute("REVOKE UPDATE (state, revision, suspended_on, retires_on) ON tag FROM guibin_worker")
    op.drop_index(op.f("ix_customer_tag_expires_on"), "customer_tag")
    op.drop_table("tag_import")
    for name in (*MEMBERSHIP_DATES, "probability", "import_id"):
        op.drop_column("customer_tag", name)
    op.execute("DELETE FROM consent WHERE purpose = 'sensitive'")
    op.execute("DELETE FROM consent_text WHERE purpose = 'sensitive'")
    _known("consent_text", "purpose", PURPOSES_BEFORE)
    for name in ("value_days_positive", "update_policy_known", "sensitivity_known"):
        op.drop_constraint(op.f(f"ck_tag_{name}"), "tag")
    op.drop_constraint(op.f("fk_tag_category_code_tag_category"), "tag")
    for column in _tag_columns():
        op.drop_column("tag", column.name)
    op.drop_table("tag_category")
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


def _tag_columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("category_code", sa.Text(), nullable=True),
        sa.Column("sensitivity", sa.Text(), server_default="internal", nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("value_days", sa.Integer(), nullable=True),
        sa.Column("update_policy", sa.Text(), server_default="daily", nullable=False),
        sa.Column("suspended_on", sa.Date(), nullable=True),
        sa.Column("retires_on", sa.Date(), nullable=True),
    )


def _imports() -> None:
    op.create_table(
        "tag_import",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tag_code", sa.Text(), nullable=False),
        sa.Column("key_kind", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("model_version", sa.Text(), nullable=True),
        sa.Column("scored_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("rows", "matched", "unknown", "ambiguous", "duplicate", "invalid", "no_consent", "ended")
        ),
        sa.Column("made_by", sa.Uuid(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "key_kind IN ('customer', 'customer_no', 'certificate', 'phone', 'record')",
            name=op.f("ck_tag_import_key_kind_known"),
        ),
        sa.CheckConstraint("mode IN ('delta', 'full')", name=op.f("ck_tag_import_mode_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_import")),
        info={"distribution": "local"},
    )
    op.create_index(op.f("ix_tag_import_tag_code_id"), "tag_import", ["tag_code", "id"])


def _categories() -> None:
    op.create_table(
        "tag_category",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("axis", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("name_en", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "axis IN ('asset_structure', 'source', 'liabilities', 'products_held', 'transactions', 'service')",
            name=op.f("ck_tag_category_axis_known"),
        ),
        sa.ForeignKeyConstraint(
            ["parent_code"], ["tag_category.code"], name=op.f("fk_tag_category_parent_code_tag_category")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_tag_category")),
        info={"distribution": "reference"},
    )


def _known(table: str, column: str, values: tuple[str, ...], *, before: bool = True) -> None:
    name = op.f(f"ck_{table}_{column}_known")
    if before:
        op.drop_constraint(name, table, type_="check")
    listed = ", ".join(f"'{value}'" for value in values)
    op.create_check_constraint(name, table, f"{column} IN ({listed})")


def _key(columns: list[str]) -> None:
    op.drop_constraint(op.f("pk_customer_tag"), "customer_tag", type_="primary")
    op.create_primary_key(op.f("pk_customer_tag"), "customer_tag", columns)
