"""Who may serve whom: the matrix of grades and tiers in versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

GRANTS = (
    "SELECT ON manager_matrix TO guibin_bank, guibin_worker",
    "INSERT, UPDATE ON manager_matrix TO guibin_bank",
    "UPDATE (state) ON manager_matrix TO guibin_worker",
)


def upgrade() -> None:
    _matrix()
    for grant in GRANTS:
        op.execute(f"GRANT {grant}")


def downgrade() -> None:
    _matrix_back()


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
