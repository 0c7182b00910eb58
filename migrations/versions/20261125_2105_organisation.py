"""Staff: revocation, delegation, links between accounts, limits of grants."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OLD_DOMAINS = (
    "customers, feeds, products, holdings, tags, tiers, managers, points, rights, approvals, audit, runs, organisation"
)
NEW_DOMAINS = f"{OLD_DOMAINS}, privacy, exports"
OLD_DATA = "own_customers, subtree, whole_bank, none"
NEW_DATA = "own_customers, subtree, whole_bank, aggregates, none"


def upgrade() -> None:
    _know("domain", NEW_DOMAINS)
    _know("data", NEW_DATA)
    op.add_column("role_grant", sa.Column("per_day", sa.Integer(), nullable=True, comment="commands of a day"))
    op.add_column("role_grant", sa.Column("row_limit", sa.Integer(), nullable=True, comment="rows of one answer"))
    active = sa.Column(
        "active",
        sa.Boolean(),
        nullable=False,
        server_default=sa.true(),
        comment="false: taken away, and no seed brings it back",
    )
    op.add_column("role_grant", active)
    op.alter_column("role_grant", "active", server_default=None)
    op.add_column("staff_role", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("staff", sa.Column("not_before", sa.DateTime(timezone=True), nullable=True))
    op.add_column("staff", sa.Column("person_ref", sa.LargeBinary(), nullable=True))
    op.add_column("staff", sa.Column("customer_ref", sa.LargeBinary(), nullable=True))
    op.create_index(op.f("ix_staff_person_ref"), "staff", ["person_ref"])
    _make_delegations()
    _make_revoked_tokens()
    op.execute("GRANT SELECT ON staff_delegation, revoked_token TO guibin_bank, guibin_worker")
    op.execute("GRANT INSERT ON staff, staff_role, role_grant, staff_delegation, revoked_token TO guibin_bank")
    op.execute("GRANT UPDATE (active, not_before) ON staff TO guibin_bank")
    op.execute("GRANT UPDATE (ended_at) ON staff_role TO guibin_bank")
    op.execute("GRANT UPDATE (data, limit_fen, per_day, row_limit, active) ON role_grant TO guibin_bank")
    op.execute("GRANT UPDATE (valid_to) ON staff_delegation TO guibin_bank")


def downgrade() -> None:
    op.execute("REVOKE INSERT, UPDATE (active, not_before) ON staff FROM guibin_bank")
    op.execute("REVOKE INSERT, UPDATE (ended_at) ON staff_role FROM guibin_bank")
    op.execute("REVOKE INSERT, UPDATE (data, limit_fen, per_day, row_limit, active) ON role_grant FROM guibin_bank")
    op.drop_table("revoked_token")
    op.drop_table("staff_delegation")
    op.drop_index(op.f("ix_staff_person_ref"), "staff")
    for column in ("customer_ref", "person_ref", "not_before"):
        op.drop_column("staff", column)
    op.execute("DELETE FROM staff_role WHERE ended_at IS NOT NULL")  # without the column they would hold again
    op.drop_column("staff_role", "ended_at")
    op.execute("DELETE FROM role_grant WHERE NOT active")
    for column in ("active", "row_limit", "per_day"):
        op.drop_column("role_grant", column)
    op.execute("DELETE FROM role_grant WHERE domain IN ('privacy', 'exports') OR data = 'aggregates'")
    _know("data", OLD_DATA)
    _know("domain", OLD_DOMAINS)


def _make_delegations() -> None:
    op.create_table(
        "staff_delegation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("deputy_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("staff_id <> deputy_id", name=op.f("ck_staff_delegation_of_two")),
        sa.CheckConstraint(
            "valid_to > valid_from AND valid_to <= valid_from + interval '30 days'",
            name=op.f("ck_staff_delegation_at_most_thirty_days"),
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_delegation_staff_id_staff")),
        sa.ForeignKeyConstraint(["deputy_id"], ["staff.id"], name=op.f("fk_staff_delegation_deputy_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_delegation")),
    )
    for column in ("staff_id", "deputy_id"):
        op.create_index(op.f(f"ix_staff_delegation_{column}"), "staff_delegation", [column])


def _make_revoked_tokens() -> None:
    op.create_table(
        "revoked_token",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_by", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "token_id", name=op.f("pk_revoked_token")),
    )


def _know(column: str, names: str) -> None:
    op.drop_constraint(op.f(f"ck_role_grant_{column}_known"), "role_grant", type_="check")
    quoted = ", ".join(f"'{name}'" for name in names.split(", "))
    op.create_check_constraint(op.f(f"ck_role_grant_{column}_known"), "role_grant", f"{column} IN ({quoted})")
