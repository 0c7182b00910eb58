"""Staff: revocation, delegation, links between accounts."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OLD_DOMAINS = (
    "customers, feeds, products, holdings, tags, tiers, managers, points, rights, approvals, audit, runs, organisation"
)
NEW_DOMAINS = f"{OLD_DOMAINS}, privacy, exports"


def upgrade() -> None:
    _know_domains(NEW_DOMAINS)


def downgrade() -> None:
    op.execute("DELETE FROM role_grant WHERE domain IN ('privacy', 'exports')")
    _know_domains(OLD_DOMAINS)


def _know_domains(names: str) -> None:
    op.drop_constraint(op.f("ck_role_grant_domain_known"), "role_grant", type_="check")
    quoted = ", ".join(f"'{name}'" for name in names.split(", "))
    op.create_check_constraint(op.f("ck_role_grant_domain_known"), "role_grant", f"domain IN ({quoted})")
