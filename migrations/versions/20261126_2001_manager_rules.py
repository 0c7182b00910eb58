"""Who may serve whom: the matrix in versions, capacity counted twice, eligibility, and the rules for arrivals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

GRADES = "('lobby', 'intermediate', 'senior', 'expert', 'private_banker')"
STRATEGIES = "('round_robin', 'least_load', 'weighted_random')"
OLD_REASONS = "('no_rule', 'no_eligible_manager', 'no_capacity')"
REASONS = "('no_rule', 'no_eligible_manager', 'none_available', 'not_permitted', 'no_capacity', 'too_old')"
NEW_TABLES = (
    *("assignment_turn", "assignment_rule", "manager_conflict", "service_need", "manager_licence"),
    *("capacity_override", "tier_load", "grade_capacity"),
)
ALL_ROWS = "(SELECT row_scope_bank())"
READ = (
    *("manager_matrix", "grade_capacity", "tier_load", "capacity_override", "manager_licence", "service_need"),
    *("manager_conflict", "assignment_rule", "assignment_turn"),
)
GRANTS = (
    f"SELECT ON {', '.join(READ)} TO guibin_bank, guibin_worker",
    "INSERT, UPDATE ON manager_matrix, grade_capacity, tier_load, manager_licence TO guibin_bank",
    "INSERT, UPDATE ON service_need, assignment_rule, assignment_turn, unassigned TO guibin_bank",
    "INSERT ON capacity_override TO guibin_bank",
    "INSERT, UPDATE (reason, declared_by, declared_at, withdrawn_at) ON manager_conflict TO guibin_bank",
    "UPDATE (state) ON manager_matrix TO guibin_worker",
    "UPDATE (turn) ON assignment_rule TO guibin_worker",
    "INSERT, UPDATE ON assignment_turn, tier_load TO guibin_worker",
)


def upgrade() -> None:
    _matrix()
    _manager_columns()
    _capacities()
    _eligibility()
    _arrivals()
    _queue()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")
    for table in ("service_need", "manager_conflict"):
        seen = f"EXISTS (SELECT FROM customer c WHERE c.id = {table}.customer_id)"
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY worker_rows ON {table} TO guibin_worker USING (true)")
        op.execute(f"CREATE POLICY bank_rows ON {table} TO guibin_bank USING ({ALL_ROWS} OR {seen})")


def downgrade() -> None:
    _queue_back()
    for table in NEW_TABLES:
        op.drop_table(table)
    op.drop_constraint(op.f("ck_manager_limits_not_negative"), "manager")
    for column in ("skills", "languages", "serves_subtree", "soft_minutes", "hard_minutes", "soft_capacity"):
        op.drop_column("manager", column)
    _matrix_back()


def _manager_columns() -> None:
    for name in ("soft_capacity", "hard_minutes", "soft_minutes"):
        op.add_column("manager", sa.Column(name, sa.Integer(), nullable=True))
    op.add_column("manager", sa.Column("serves_subtree", sa.Boolean(), nullable=False, server_default=sa.text("false")))
    for name in ("languages", "skills"):
        words = sa.Column(name, sa.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'"))
        op.add_column("manager", words)
    op.create_check_constraint(
        op.f("ck_manager_limits_not_negative"),
        "manager",
        "soft_capacity >= 0 AND hard_minutes >= 0 AND soft_minutes >= 0",
    )


def _capacities() -> None:
    op.create_table(
        "grade_capacity",
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("soft_customers", sa.Integer(), nullable=False),
        sa.Column("hard_customers", sa.Integer(), nullable=False),
        sa.Column("soft_minutes", sa.Integer(), nullable=False),
        sa.Column("hard_minutes", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(f"grade IN {GRADES}", name=op.f("ck_grade_capacity_grade_known")),
        sa.CheckConstraint(
            "soft_customers BETWEEN 0 AND hard_customers", name=op.f("ck_grade_capacity_customers_in_order")
        ),
        sa.CheckConstraint("soft_minutes BETWEEN 0 AND hard_minutes", name=op.f("ck_grade_capacity_minutes_in_order")),
        sa.PrimaryKeyConstraint("grade", name=op.f("pk_grade_capacity")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "tier_load",
        sa.Column("tier_code", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.CheckConstraint("minutes >= 0", name=op.f("ck_tier_load_not_negative")),
        sa.ForeignKeyConstraint(["tier_code"], ["tier.code"], name=op.f("fk_tier_load_tier_code_tier")),
        sa.PrimaryKeyConstraint("tier_code", name=op.f("pk_tier_load")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "capacity_override",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column("extra_customers", sa.Integer(), nullable=False),
        sa.Column("extra_minutes", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("approval_id", sa.Uuid(), nullable=False),
        sa.Column("maker_id", sa.Uuid(), nullable=False),
        sa.Column("approver_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_capacity_override_ends_after_it_begins")),
        sa.CheckConstraint("extra_customers >= 0 AND extra_minutes >= 0", name=op.f("ck_capacity_override_not_less")),
        postgresql.ExcludeConstraint(
            (sa.column("manager_id"), "="),
            (sa.text("daterange(valid_from, valid_to)"), "&&"),
            using="gist",
            name="ex_capacity_override_one_at_a_time",
        ),
        sa.ForeignKeyConstraint(["manager_id"], ["manager.id"], name=op.f("fk_capacity_override_manager_id_manager")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_capacity_override")),
        info={"distribution": "reference"},
    )


def _eligibility() -> None:
    op.create_table(
        "manager_licence",
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.CheckConstraint("valid_to > valid_from", name=op.f("ck_manager_licence_ends_after_it_begins")),
        sa.ForeignKeyConstraint(["manager_id"], ["manager.id"], name=op.f("fk_manager_licence_manager_id_manager")),
        sa.PrimaryKeyConstraint("manager_id", "licence", name=op.f("pk_manager_licence")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "service_need",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("skills", sa.ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("wished_manager_id", sa.Uuid(), nullable=True),
        sa.Column("introducer_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_service_need_customer_id_customer")),
        sa.ForeignKeyConstraint(
            ["wished_manager_id"], ["manager.id"], name=op.f("fk_service_need_wished_manager_id_manager")
        ),
        sa.ForeignKeyConstraint(["introducer_id"], ["manager.id"], name=op.f("fk_service_need_introducer_id_manager")),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_service_need")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_table(
        "manager_conflict",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("declared_by", sa.Uuid(), nullable=False),
        sa.Column("declared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_manager_conflict_customer_id_customer")
        ),
        sa.ForeignKeyConstraint(["manager_id"], ["manager.id"], name=op.f("fk_manager_conflict_manager_id_manager")),
        sa.PrimaryKeyConstraint("customer_id", "manager_id", name=op.f("pk_manager_conflict")),
        info={"distribution": ("customer_id", "customer")},
    )
    op.create_index(op.f("ix_manager_conflict_manager_id"), "manager_conflict", ["manager_id"])


def _arrivals() -> None:
    op.create_table(
        "assignment_rule",
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("otherwise", sa.Text(), nullable=False),
        sa.Column("max_wait_days", sa.Integer(), nullable=True),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "strategy IN ('round_robin', 'least_load', 'weighted_random', 'preference_first')",
            name=op.f("ck_assignment_rule_strategy_known"),
        ),
        sa.CheckConstraint(f"otherwise IN {STRATEGIES}", name=op.f("ck_assignment_rule_otherwise_known")),
        sa.CheckConstraint("max_wait_days > 0", name=op.f("ck_assignment_rule_waits_a_day")),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_assignment_rule_branch_id_branch")),
        sa.PrimaryKeyConstraint("branch_id", name=op.f("pk_assignment_rule")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "assignment_turn",
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["branch_id"],
            ["assignment_rule.branch_id"],
            name=op.f("fk_assignment_turn_branch_id_assignment_rule"),
        ),
        sa.ForeignKeyConstraint(["manager_id"], ["manager.id"], name=op.f("fk_assignment_turn_manager_id_manager")),
        sa.PrimaryKeyConstraint("branch_id", "manager_id", name=op.f("pk_assignment_turn")),
        info={"distribution": "reference"},
    )


def _queue() -> None:
    op.add_column("unassigned", sa.Column("cause", sa.Text(), nullable=True))
    op.add_column("unassigned", sa.Column("escalated_on", sa.Date(), nullable=True))
    op.drop_constraint(op.f("ck_unassigned_reason_known"), "unassigned")
    op.create_check_constraint(op.f("ck_unassigned_reason_known"), "unassigned", f"reason IN {REASONS}")


def _queue_back() -> None:
    op.execute("REVOKE INSERT, UPDATE ON unassigned FROM guibin_bank")
    op.execute("GRANT UPDATE (resolved_on) ON unassigned TO guibin_bank")
    op.execute("UPDATE unassigned SET reason = cause WHERE reason = 'too_old'")
    op.execute(
        "UPDATE unassigned SET reason = 'no_eligible_manager' WHERE reason IN ('none_available', 'not_permitted')"
    )
    op.drop_constraint(op.f("ck_unassigned_reason_known"), "unassigned")
    op.create_check_constraint(op.f("ck_unassigned_reason_known"), "unassigned", f"reason IN {OLD_REASONS}")
    op.drop_column("unassigned", "escalated_on")
    op.drop_column("unassigned", "cause")


def _matrix() -> None:
    op.create_table(
        "manager_matrix",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('draft', 'pending', 'approved')", name=op.f("ck_manager_matrix_state_known")),
        sa.CheckConstraint("effective_to >= effective_from", name=op.f("ck_manager_matrix_ends_after_it_begins")),
        postgresql.ExcludeConstraint(
            (sa.text("daterange(effective_from, effective_to)"), "&&"),
            where=sa.text("state = 'approved'"),
            using="gist",
            name="ex_manager_matrix_one_in_force",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manager_matrix")),
        info={"distribution": "reference"},
    )
    # The matrix as it stands becomes the version that has been in force for ever.
    op.execute(
        "INSERT INTO manager_matrix (id, name, state, revision, content, created_at, activated_at)"
        " SELECT gen_random_uuid(), '默认对应表', 'approved', 1, jsonb_build_object('tiers', jsonb_object_agg(tier_code,"
        " jsonb_build_object('primary', should, 'fallback', may))), now(), now()"
        " FROM (SELECT tier_code,"
        " coalesce(jsonb_agg(grade) FILTER (WHERE preference = 1), '[]') AS should,"
        " coalesce(jsonb_agg(grade) FILTER (WHERE preference <> 1), '[]') AS may"
        " FROM grade_tier GROUP BY tier_code) AS line HAVING count(*) > 0"
    )
    op.drop_table("grade_tier")


def _matrix_back() -> None:
    op.create_table(
        "grade_tier",
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("tier_code", sa.Text(), nullable=False),
        sa.Column("preference", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "grade IN ('lobby', 'intermediate', 'senior', 'expert', 'private_banker')",
            name=op.f("ck_grade_tier_grade_known"),
        ),
        sa.ForeignKeyConstraint(["tier_code"], ["tier.code"], name=op.f("fk_grade_tier_tier_code_tier")),
        sa.PrimaryKeyConstraint("grade", "tier_code", name=op.f("pk_grade_tier")),
        info={"distribution": "reference"},
    )
    op.execute(
        "INSERT INTO grade_tier (grade, tier_code, preference)"
        " SELECT grade, line.key, preference FROM manager_matrix"
        " CROSS JOIN jsonb_each(content -> 'tiers') AS line"
        " CROSS JOIN (VALUES ('primary', 1), ('fallback', 2)) AS p(name, preference)"
        " CROSS JOIN jsonb_array_elements_text(line.value -> p.name) AS grade"
        " WHERE state = 'approved' AND (effective_from IS NULL OR effective_from <= current_date)"
        " AND (effective_to IS NULL OR effective_to > current_date)"
    )
    op.drop_table("manager_matrix")
    op.execute("GRANT SELECT ON grade_tier TO guibin_bank, guibin_worker")
