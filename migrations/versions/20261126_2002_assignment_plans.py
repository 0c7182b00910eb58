"""Plans of assignment: the whole book placed at the least cost, and managers who leave."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

GRANTS = (
    "SELECT ON assignment_plan, assignment_plan_book, assignment_plan_move TO guibin_bank, guibin_worker",
    "INSERT, UPDATE ON assignment_plan TO guibin_bank",
    (
        "UPDATE (state, step, claimed_until, computed_at, cost_before, cost_after, customers, failure)"
        " ON assignment_plan TO guibin_worker"
    ),
    "INSERT, DELETE ON assignment_plan_book, assignment_plan_move TO guibin_worker",
    "UPDATE (left_out) ON assignment_plan_move TO guibin_bank",
    "DELETE ON assignment_plan_move TO guibin_bank",
    "INSERT, UPDATE ON unassigned TO guibin_bank",
    "UPDATE (active, left_on) ON manager TO guibin_worker",
)


def upgrade() -> None:
    op.add_column("manager", sa.Column("leaving_since", sa.Date(), nullable=True))
    op.add_column("manager", sa.Column("left_on", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_manager_freezes_before_it_ends"), "manager", "left_on IS NULL OR leaving_since IS NOT NULL"
    )
    _plans()
    _books()
    _moves()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")


def downgrade() -> None:
    op.execute("REVOKE INSERT, UPDATE ON unassigned FROM guibin_bank")
    op.execute("GRANT UPDATE (resolved_on) ON unassigned TO guibin_bank")
    op.execute("REVOKE UPDATE (active) ON manager FROM guibin_worker")
    op.drop_table("assignment_plan_move")
    op.drop_table("assignment_plan_book")
    op.drop_table("assignment_plan")
    op.drop_constraint(op.f("ck_manager_freezes_before_it_ends"), "manager")
    op.drop_column("manager", "left_on")
    op.drop_column("manager", "leaving_since")


def _plans() -> None:
    op.create_table(
        "assignment_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=True),
        sa.Column("movable", sa.Text(), nullable=False),
        sa.Column("reach", sa.Text(), nullable=False),
        sa.Column("unplaced", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("weights", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approval_id", sa.Uuid(), nullable=True),
        sa.Column("customers", sa.Integer(), nullable=True),
        sa.Column("cost_before", sa.BigInteger(), nullable=True),
        sa.Column("cost_after", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('rebalance', 'leave')", name=op.f("ck_assignment_plan_kind_known")),
        sa.CheckConstraint(
            "movable IN ('unassigned', 'overfull', 'everybody')", name=op.f("ck_assignment_plan_movable_known")
        ),
        sa.CheckConstraint("reach IN ('branch', 'region', 'bank')", name=op.f("ck_assignment_plan_reach_known")),
        sa.CheckConstraint("unplaced IN ('stay', 'branch_head')", name=op.f("ck_assignment_plan_unplaced_known")),
        sa.CheckConstraint(
            "state IN ('waiting', 'computing', 'ready', 'failed', 'submitted', 'applied', 'cancelled')",
            name=op.f("ck_assignment_plan_state_known"),
        ),
        sa.CheckConstraint("step IN ('reading', 'solving', 'writing')", name=op.f("ck_assignment_plan_step_known")),
        sa.CheckConstraint(
            "(kind = 'leave') = (manager_id IS NOT NULL)", name=op.f("ck_assignment_plan_of_who_leaves")
        ),
        sa.CheckConstraint(
            "(state = 'applied') = (applied_at IS NOT NULL)", name=op.f("ck_assignment_plan_applied_when")
        ),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_assignment_plan_branch_id_branch")),
        sa.ForeignKeyConstraint(["manager_id"], ["manager.id"], name=op.f("fk_assignment_plan_manager_id_manager")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_plan")),
        info={"distribution": "local"},
    )
    op.create_index(op.f("ix_assignment_plan_state_created_at"), "assignment_plan", ["state", "created_at"])
    op.create_index(
        "uq_assignment_plan_one_leave",
        "assignment_plan",
        ["manager_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('waiting', 'computing', 'ready', 'submitted')"),
    )


def _books() -> None:
    op.create_table(
        "assignment_plan_book",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=False),
        sa.Column("after", sa.Integer(), nullable=False),
        sa.Column("load_before", sa.BigInteger(), nullable=False),
        sa.Column("load_after", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["assignment_plan.id"], name=op.f("fk_assignment_plan_book_plan_id_assignment_plan")
        ),
        sa.PrimaryKeyConstraint("plan_id", "manager_id", name=op.f("pk_assignment_plan_book")),
        info={"distribution": "local"},
    )


def _moves() -> None:
    op.create_table(
        "assignment_plan_move",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("tier_code", sa.Text(), nullable=True),
        sa.Column("coverage_id", sa.Uuid(), nullable=True),
        sa.Column("from_manager_id", sa.Uuid(), nullable=True),
        sa.Column("to_manager_id", sa.Uuid(), nullable=True),
        sa.Column("unplaced", sa.Text(), nullable=True),
        sa.Column("costs", postgresql.JSONB(), nullable=False),
        sa.Column("next_manager_id", sa.Uuid(), nullable=True),
        sa.Column("next_costs", postgresql.JSONB(), nullable=False),
        sa.Column("why_not", sa.Text(), nullable=True),
        sa.Column("left_out", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(to_manager_id IS NULL) = (unplaced IS NOT NULL)", name=op.f("ck_assignment_plan_move_placed_or_why_not")
        ),
        sa.CheckConstraint("why_not IN ('full', 'dearer')", name=op.f("ck_assignment_plan_move_why_not_known")),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_assignment_plan_move_customer_id_customer")
        ),
        sa.PrimaryKeyConstraint("customer_id", "plan_id", name=op.f("pk_assignment_plan_move")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(
        op.f("ix_assignment_plan_move_plan_id_customer_id"), "assignment_plan_move", ["plan_id", "customer_id"]
    )
    op.execute("ALTER TABLE assignment_plan_move ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY worker_rows ON assignment_plan_move TO guibin_worker USING (true) WITH CHECK (true)")
    op.execute(
        "CREATE POLICY bank_rows ON assignment_plan_move TO guibin_bank USING ((SELECT row_scope_bank())"
        " OR EXISTS (SELECT FROM customer c WHERE c.id = assignment_plan_move.customer_id))"
    )
