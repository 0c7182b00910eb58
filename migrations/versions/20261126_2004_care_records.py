"""Touches, care tasks, needs, promises and complaints: what is known of the care of a customer."""

from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

OLD_DOMAINS = (
    *("customers", "feeds", "products", "holdings", "tags", "tiers", "managers", "points", "rights", "approvals"),
    *("audit", "runs", "organisation", "compliance", "privacy", "exports", "accounting", "gifts"),
)


def upgrade() -> None:
    _know((*OLD_DOMAINS, "care"))


def downgrade() -> None:
    op.execute("DELETE FROM role_grant WHERE domain = 'care'")
    _know(OLD_DOMAINS)


def _know(domains: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{domain}'" for domain in domains)
    op.drop_constraint(op.f("ck_role_grant_domain_known"), "role_grant")
    op.create_check_constraint(op.f("ck_role_grant_domain_known"), "role_grant", f"domain IN ({listed})")
