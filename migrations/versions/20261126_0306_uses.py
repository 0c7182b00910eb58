"""Uses of codes, value vouchers, ratings, and favourites."""

import re
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

FUNCTIONS = Path(__file__).parents[1] / "functions"
GRANTS = (
    "UPDATE (spent_fen) ON voucher_code TO guibin_bank",
    "SELECT ON voucher_use TO guibin_customer, guibin_bank, guibin_worker",
    "INSERT ON voucher_use TO guibin_bank",
    "SELECT, INSERT, UPDATE (stars, words_enc, changed_at) ON redemption_rating TO guibin_customer",
    "SELECT ON redemption_rating TO guibin_bank, guibin_worker",
    "SELECT, INSERT, UPDATE (ratings, stars) ON rights_rating TO guibin_customer",
    "SELECT ON rights_rating TO guibin_bank, guibin_worker",
    "SELECT, INSERT, UPDATE (marked_at, unmarked_at) ON favourite TO guibin_customer",
    "SELECT ON favourite TO guibin_bank, guibin_worker",
)
OF_CUSTOMERS = ("voucher_use", "redemption_rating", "favourite")
EVENTS = ("favourite.back_in_stock",)
KNOWN = "ck_outbox_event_type_known"
ALL_ROWS = "(SELECT row_scope_bank())"
OWN = "customer_id = (SELECT row_scope_customer())"
# What was used before there was a record of uses: the last of what is known of it.
EARLIER_USES = (
    "INSERT INTO voucher_use (right_id, id, code_id, redemption_id, customer_id, used_at, recorded_at, used_by,"
    " used_by_kind, branch_id, offline)"
    " SELECT right_id, id, id, redemption_id, customer_id, used_at, used_at, used_by,"
    " CASE WHEN used_at_branch IS NULL THEN 'service' ELSE 'staff' END, used_at_branch, false"
    " FROM voucher_code WHERE used_at IS NOT NULL"
)


def upgrade() -> None:
    _events(lambda known: (*known, *EVENTS))
    op.add_column("rights_item", sa.Column("value_fen", sa.BigInteger(), nullable=True))
    op.add_column(
        "rights_item",
        sa.Column(
            "code_pattern",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="Of the codes of our own that were made last",
        ),
    )
    op.create_check_constraint(
        op.f("ck_rights_item_value_of_codes"),
        "rights_item",
        "value_fen IS NULL OR (value_fen > 0 AND stock_mode = 'codes')",
    )
    op.add_column("redemption", sa.Column("valid_from", sa.Date(), nullable=True))
    _codes()
    _uses()
    _ratings()
    _favourites()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    for table in OF_CUSTOMERS:
        _protect(table)
    op.execute(EARLIER_USES)
    op.execute((FUNCTIONS / "privacy_forget" / "v3.sql").read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute((FUNCTIONS / "privacy_forget" / "v2.sql").read_text(encoding="utf-8"))
    for table in ("favourite", "rights_rating", "redemption_rating", "voucher_use"):
        op.drop_table(table)
    for name in ("spent_within_value", "used_when_spent"):
        op.drop_constraint(op.f(f"ck_voucher_code_{name}"), "voucher_code")
    for column in ("spent_fen", "value_fen"):
        op.drop_column("voucher_code", column)
    op.drop_column("redemption", "valid_from")
    op.drop_constraint(op.f("ck_rights_item_value_of_codes"), "rights_item")
    for column in ("code_pattern", "value_fen"):
        op.drop_column("rights_item", column)
    for table, column in (("event_delivery", "event_type"), ("outbox_event", "type")):
        named = sa.column(column, sa.Text)
        op.execute(sa.delete(sa.table(table, named)).where(named.in_(EVENTS)))
    _events(lambda known: tuple(name for name in known if name not in EVENTS))


def _events(change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
    """Change the list of events as it stands: other revisions add theirs."""
    definition = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
    known: str = op.get_bind().execute(sa.text(definition), {"name": KNOWN}).scalar_one()
    names = change(tuple(re.findall(r"'([a-z_.]+)'", known)))
    listed = ", ".join(f"'{name}'" for name in names)
    op.drop_constraint(op.f(KNOWN), "outbox_event")
    op.create_check_constraint(op.f(KNOWN), "outbox_event", f"type IN ({listed})")


def _codes() -> None:
    op.add_column("voucher_code", sa.Column("value_fen", sa.BigInteger(), nullable=True))
    op.add_column("voucher_code", sa.Column("spent_fen", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("voucher_code", "spent_fen", server_default=None)
    op.create_check_constraint(
        op.f("ck_voucher_code_spent_within_value"), "voucher_code", "spent_fen BETWEEN 0 AND coalesce(value_fen, 0)"
    )
    op.create_check_constraint(
        op.f("ck_voucher_code_used_when_spent"),
        "voucher_code",
        "value_fen IS NULL OR (used_at IS NOT NULL) = (spent_fen = value_fen)",
    )


def _uses() -> None:
    op.create_table(
        "voucher_use",
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_by", sa.Uuid(), nullable=False),
        sa.Column("used_by_kind", sa.Text(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.CheckConstraint("used_by_kind IN ('staff', 'service')", name=op.f("ck_voucher_use_used_by_kind_known")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_voucher_use_amount_positive")),
        sa.ForeignKeyConstraint(
            ["right_id", "code_id"],
            ["voucher_code.right_id", "voucher_code.id"],
            name=op.f("fk_voucher_use_right_id_code_id_voucher_code"),
        ),
        sa.PrimaryKeyConstraint("right_id", "id", name=op.f("pk_voucher_use")),
        info={"distribution": ("right_id", "rights_stock")},
    )
    op.create_index(op.f("ix_voucher_use_right_id_code_id"), "voucher_use", ["right_id", "code_id"])
    op.create_index(op.f("ix_voucher_use_customer_id_redemption_id"), "voucher_use", ["customer_id", "redemption_id"])
    op.create_index(op.f("ix_voucher_use_recorded_at_id"), "voucher_use", ["recorded_at", "id"])
    op.create_index(
        op.f("ix_voucher_use_right_id_used_by_reference"),
        "voucher_use",
        ["right_id", "used_by", "reference"],
        unique=True,
        postgresql_where=sa.text("reference IS NOT NULL"),
    )


def _ratings() -> None:
    op.create_table(
        "redemption_rating",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("redemption_id", sa.Uuid(), nullable=False),
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("words_enc", sa.LargeBinary(), nullable=True),
        sa.Column("rated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name=op.f("ck_redemption_rating_stars_in_range")),
        sa.ForeignKeyConstraint(
            ["customer_id", "redemption_id"],
            ["redemption.customer_id", "redemption.id"],
            name=op.f("fk_redemption_rating_customer_id_redemption_id_redemption"),
        ),
        sa.ForeignKeyConstraint(
            ["right_id"], ["rights_item.id"], name=op.f("fk_redemption_rating_right_id_rights_item")
        ),
        sa.PrimaryKeyConstraint("customer_id", "redemption_id", name=op.f("pk_redemption_rating")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_redemption_rating_right_id_rated_at_redemption_id"),
        "redemption_rating",
        ["right_id", "rated_at", "redemption_id"],
    )
    op.create_table(
        "rights_rating",
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("ratings", sa.BigInteger(), nullable=False),
        sa.Column("stars", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("stars BETWEEN ratings AND 5 * ratings", name=op.f("ck_rights_rating_stars_of_ratings")),
        sa.PrimaryKeyConstraint("right_id", name=op.f("pk_rights_rating")),
        info={"distribution": ("right_id", "rights_stock")},
    )


def _favourites() -> None:
    op.create_table(
        "favourite",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("right_id", sa.Uuid(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("unmarked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_favourite_customer_id_customer")),
        sa.ForeignKeyConstraint(["right_id"], ["rights_item.id"], name=op.f("fk_favourite_right_id_rights_item")),
        sa.PrimaryKeyConstraint("customer_id", "right_id", name=op.f("pk_favourite")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_favourite_right_id_customer_id"),
        "favourite",
        ["right_id", "customer_id"],
        postgresql_where=sa.text("unmarked_at IS NULL"),
    )


def _protect(table: str) -> None:
    seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ({ALL_ROWS} OR {seen})")
    op.execute(f"CREATE POLICY customer_rows ON {table} TO guibin_customer USING ({ALL_ROWS} OR {OWN})")
