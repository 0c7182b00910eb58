"""Opportunities: what a customer may take next, and what became of it."""

import sqlalchemy as sa
from alembic import op

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None

ALL_ROWS = "(SELECT row_scope_bank())"
SEEN = "EXISTS (SELECT FROM customer c WHERE c.id = opportunity.customer_id)"
IS_OPEN = sa.text("state = 'open'")
ITEMS = ("complaint", "promise", "need", "task", "maturity", "redemption", "gift", "link")
FILES_BEFORE = ("parties", "holdings", "balances", "events", "restrictions", "links", "identity")
OF_FILES = ("feed_file", "feed_batch_file", "feed_mapping")
NOT_SEEN = sa.text("state = 'won' AND product_code IS NOT NULL AND proved_on IS NULL")


def upgrade() -> None:
    _opportunity()
    _indexes()
    _list((*ITEMS[:4], "opportunity", *ITEMS[4:]))
    _take((*FILES_BEFORE, "touches"))
    op.execute("GRANT SELECT, INSERT, UPDATE ON opportunity TO guibin_bank, guibin_worker")
    op.execute("ALTER TABLE opportunity ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_rows ON opportunity TO guibin_worker USING (true)")
    op.execute(f"CREATE POLICY bank_rows ON opportunity TO guibin_bank USING ({ALL_ROWS} OR {SEEN})")


def downgrade() -> None:
    op.execute("DELETE FROM handover_item WHERE kind = 'opportunity'")
    _list(ITEMS)
    _forget_files()
    _take(FILES_BEFORE)
    op.drop_table("opportunity")


def _take(kinds: tuple[str, ...]) -> None:
    """Hold what files can tell to some kinds."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    for table in OF_FILES:
        name = op.f(f"ck_{table}_kind_known")
        op.drop_constraint(name, table)
        op.create_check_constraint(name, table, f"kind IN ({listed})")


def _forget_files() -> None:
    """Remove the files of touches with what names them; the touches stay."""
    op.execute("DELETE FROM feed_reject WHERE file_id IN (SELECT id FROM feed_file WHERE kind = 'touches')")
    op.execute(
        "DELETE FROM feed_batch_part p USING feed_batch_file f"
        " WHERE f.batch_id = p.batch_id AND f.name = p.name AND f.kind = 'touches'"
    )
    for table in ("feed_batch_file", "feed_mapping", "feed_file"):
        op.execute(f"DELETE FROM {table} WHERE kind = 'touches'")  # noqa: S608 - names of the line above


def _list(kinds: tuple[str, ...]) -> None:
    """Hold what can stand on a handover's list to some kinds."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.drop_constraint(op.f("ck_handover_item_kind_known"), "handover_item")
    op.create_check_constraint(op.f("ck_handover_item_kind_known"), "handover_item", f"kind IN ({listed})")


def _opportunity() -> None:
    op.create_table(
        "opportunity",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("product_code", sa.Text(), nullable=True),
        sa.Column("need", sa.Text(), nullable=True),
        sa.Column("amount_fen", sa.BigInteger(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("note_enc", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("won_fen", sa.BigInteger(), nullable=True),
        sa.Column("sleeps_until", sa.Date(), nullable=True),
        sa.Column("proved_on", sa.Date(), nullable=True),
        sa.Column("holding_id", sa.Uuid(), nullable=True),
        sa.Column("touch_id", sa.Uuid(), nullable=True),
        sa.Column("ended_in", sa.Uuid(), nullable=True),
        sa.Column("handed_over", sa.Integer(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "source IN ('touch', 'trigger', 'tag', 'wish', 'staff')", name=op.f("ck_opportunity_source_known")
        ),
        sa.CheckConstraint(
            "need IN ('shopping', 'health', 'medical', 'education', 'social', 'financial', 'other')",
            name=op.f("ck_opportunity_need_known"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'won', 'refused', 'lost', 'lapsed')", name=op.f("ck_opportunity_state_known")
        ),
        sa.CheckConstraint(
            "result IN ('bought', 'need_met', 'no_need', 'terms', 'risk', 'not_now', 'no_offers', 'competitor',"
            " 'not_eligible', 'not_available', 'unreachable', 'overdue', 'customer_merged', 'erased')",
            name=op.f("ck_opportunity_result_known"),
        ),
        sa.CheckConstraint("num_nonnulls(product_code, need) = 1", name=op.f("ck_opportunity_about_one_thing")),
        sa.CheckConstraint("amount_fen >= 0 AND won_fen >= 0", name=op.f("ck_opportunity_amounts_not_negative")),
        sa.CheckConstraint(
            "(state = 'open') = (ended_at IS NULL) AND (state = 'open') = (result IS NULL)",
            name=op.f("ck_opportunity_ended"),
        ),
        sa.CheckConstraint(
            "(state = 'refused') = (sleeps_until IS NOT NULL) AND (state <> 'refused' OR reason IS NOT NULL)",
            name=op.f("ck_opportunity_refused_for_a_reason"),
        ),
        sa.CheckConstraint(
            "state = 'won' OR num_nonnulls(won_fen, proved_on, holding_id) = 0", name=op.f("ck_opportunity_won")
        ),
        sa.CheckConstraint(
            "(proved_on IS NULL) = (holding_id IS NULL)", name=op.f("ck_opportunity_proved_by_a_holding")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_opportunity_customer_id_customer")),
        sa.ForeignKeyConstraint(["manager_id"], ["manager.id"], name=op.f("fk_opportunity_manager_id_manager")),
        sa.ForeignKeyConstraint(["product_code"], ["product.code"], name=op.f("fk_opportunity_product_code_product")),
        sa.PrimaryKeyConstraint("customer_id", "id", name=op.f("pk_opportunity")),
        info={"distribution": ("customer_id", "customer")},
    )


def _indexes() -> None:
    for about in ("product_code", "need"):
        op.create_index(
            op.f(f"ix_opportunity_customer_id_{about}"),
            "opportunity",
            ["customer_id", about],
            unique=True,
            postgresql_where=IS_OPEN,
        )
    op.create_index(
        op.f("ix_opportunity_manager_id_due_on_id"),
        "opportunity",
        ["manager_id", "due_on", "id"],
        postgresql_where=IS_OPEN,
    )
    op.create_index(op.f("ix_opportunity_state_due_on_id"), "opportunity", ["state", "due_on", "id"])
    op.create_index(op.f("ix_opportunity_opened_on"), "opportunity", ["opened_on"])
    op.create_index(op.f("ix_opportunity_not_seen"), "opportunity", ["customer_id"], postgresql_where=NOT_SEEN)
