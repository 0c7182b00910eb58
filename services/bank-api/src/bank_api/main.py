"""The bank port: for the bank's internal tools."""

from fastapi import APIRouter, FastAPI

from bank_api.approvals.router import router as approvals
from bank_api.asset_rules.router import router as asset_rules
from bank_api.audit.router import router as audit
from bank_api.auth import BankIdentity
from bank_api.care.calls.router import router as calls
from bank_api.care.complaints import router as complaints
from bank_api.care.opportunities import router as opportunities
from bank_api.care.opportunity_report import router as opportunity_report
from bank_api.care.plans.preferences import router as care_preferences
from bank_api.care.plans.reports import router as care_reports
from bank_api.care.plans.router import router as care_plans
from bank_api.care.plans.spread import router as care_spread
from bank_api.care.records import router as care_records
from bank_api.care.standards import router as service_standards
from bank_api.care.tasks import router as care_tasks
from bank_api.care.touches import router as touches
from bank_api.contact.policy import router as contact_policy
from bank_api.contact.router import router as contact
from bank_api.customers.brief import router as brief
from bank_api.customers.cross_holding import router as cross_holding
from bank_api.customers.field_locks import router as field_locks
from bank_api.customers.identifiers import router as identifiers
from bank_api.customers.identity_events import router as identity_events
from bank_api.customers.matches import router as matches
from bank_api.customers.policy import router as identity_policy
from bank_api.customers.router import router as customers
from bank_api.earning_rules.router import router as earning_rules
from bank_api.earning_rules.templates import router as earning_rule_templates
from bank_api.exports.router import router as exports
from bank_api.feeds.batches import router as feed_batches
from bank_api.feeds.mappings import router as feed_mappings
from bank_api.feeds.policies import router as feed_policies
from bank_api.feeds.quality import router as feed_quality
from bank_api.feeds.router import router as feeds
from bank_api.gifts.router import router as gifts
from bank_api.handovers.router import router as handovers
from bank_api.managers.absences import router as absences
from bank_api.managers.arrivals import router as arrivals
from bank_api.managers.claims import router as claims
from bank_api.managers.credit import router as credit
from bank_api.managers.matrix import router as manager_matrix
from bank_api.managers.plans import router as assignment_plans
from bank_api.managers.pool import router as pool
from bank_api.managers.profiles import router as manager_profiles
from bank_api.managers.router import router as managers
from bank_api.managers.seconds import router as team_gaps
from bank_api.managers.stability import router as stability
from bank_api.managers.team import router as teams
from bank_api.organisation.calendars import router as calendars
from bank_api.organisation.files import router as organisation_files
from bank_api.organisation.router import router as organisation
from bank_api.points.attachments import router as points_attachments
from bank_api.points.corrections import router as points_corrections
from bank_api.points.event_files import router as event_files
from bank_api.points.files import router as points_files
from bank_api.points.holds import router as points_holds
from bank_api.points.household import router as household_points
from bank_api.points.inheritances import router as inheritances
from bank_api.points.reports import router as points_reports
from bank_api.points.returns import router as event_returns
from bank_api.points.router import router as points
from bank_api.points.statements import router as statements
from bank_api.points.transfers import router as transfers
from bank_api.points.velocity import router as points_velocity
from bank_api.points.wallets import router as wallets
from bank_api.privacy.router import router as privacy
from bank_api.products.router import router as products
from bank_api.programme.router import router as programme
from bank_api.relations.households import router as households
from bank_api.relations.links import router as links
from bank_api.rights.donations import router as donations
from bank_api.rights.images import router as images
from bank_api.rights.importing import router as catalogue_import
from bank_api.rights.packages import router as packages
from bank_api.rights.payments import router as payments
from bank_api.rights.proposals import router as proposals
from bank_api.rights.ratings import router as ratings
from bank_api.rights.releases import router as releases
from bank_api.rights.router import router as rights
from bank_api.rights.slots import router as slots
from bank_api.rights.substitutes import router as substitutes
from bank_api.rights.uses import router as voucher_uses
from bank_api.runs.router import router as runs
from bank_api.segments.router import router as segments
from bank_api.sessions.router import router as sessions
from bank_api.suppliers.orders import router as orders
from bank_api.suppliers.ratings import router as supplier_ratings
from bank_api.suppliers.recipients import router as tax_recipients
from bank_api.suppliers.router import router as suppliers
from bank_api.suppliers.service_level import router as service_level
from bank_api.suppliers.settlements import router as settlements
from bank_api.suppliers.terminals import router as terminals
from bank_api.tags.checking import router as rule_checks
from bank_api.tags.completion import router as tag_completion
from bank_api.tags.imports import router as tag_imports
from bank_api.tags.lineage import router as tag_lineage
from bank_api.tags.listed import router as listed_tags
from bank_api.tags.modifiers import router as score_modifiers
from bank_api.tags.overlap import router as tag_overlap
from bank_api.tags.router import router as tags
from bank_api.tags.runs import router as tag_runs
from bank_api.tags.why import router as tag_reasons
from bank_api.tiers.overrides import router as tier_overrides
from bank_api.tiers.rises import router as tier_rises
from bank_api.tiers.router import router as tiers
from bank_api.webhooks.router import router as webhooks
from bank_api.workbench.router import router as workbench
from guibin import wiring
from guibin.core.schema import SCHEMA_VERSION
from guibin.core.settings import Settings
from guibin.web import TokenSource, create_port
from guibin.web.serving import serve as serve_port

AUDIENCE = "guibin-bank-api"
ROUTERS: tuple[APIRouter, ...] = (
    feeds,
    feed_batches,
    feed_mappings,
    feed_policies,
    feed_quality,
    customers,
    brief,
    cross_holding,
    matches,
    identity_policy,
    identifiers,
    identity_events,
    field_locks,
    links,
    households,
    sessions,
    contact,
    contact_policy,
    calls,
    products,
    tags,
    tag_reasons,
    listed_tags,
    tag_imports,
    tag_lineage,
    tag_overlap,
    tag_completion,
    score_modifiers,
    rule_checks,
    tag_runs,
    segments,
    tiers,
    tier_overrides,
    tier_rises,
    service_standards,
    managers,
    claims,
    team_gaps,
    credit,
    assignment_plans,
    absences,
    manager_matrix,
    manager_profiles,
    arrivals,
    care_plans,
    handovers,
    workbench,
    touches,
    care_records,
    opportunities,
    opportunity_report,
    complaints,
    care_tasks,
    care_preferences,
    care_reports,
    care_spread,
    teams,
    pool,
    stability,
    wallets,
    points,
    household_points,
    points_attachments,
    points_corrections,
    points_holds,
    inheritances,
    points_velocity,
    points_files,
    event_files,
    event_returns,
    earning_rule_templates,
    earning_rules,
    asset_rules,
    statements,
    points_reports,
    transfers,
    rights,
    payments,
    donations,
    releases,
    substitutes,
    voucher_uses,
    ratings,
    slots,
    packages,
    proposals,
    catalogue_import,
    images,
    gifts,
    suppliers,
    orders,
    settlements,
    terminals,
    supplier_ratings,
    service_level,
    tax_recipients,
    programme,
    privacy,
    exports,
    approvals,
    runs,
    organisation,
    organisation_files,
    calendars,
    audit,
    webhooks,
)

DESCRIPTION = """标签、层级、管户、积分与权益管理、审批、审计。What a caller may do stands in the bank's own tables
and is read on every request; what lies outside a caller's scope answers 404 like what does not exist.

Every refusal is `application/problem+json` with a stable `code`. Commands that need a second person answer 202 with an
`approval_id`."""


def create_app(settings: Settings) -> FastAPI:
    """Make the application.

    Raises:
        StartRefused: the settings are unsafe or incomplete.
    """
    wiring.connect()
    return create_port(
        settings,
        name="guibin-bank-api",
        title="Guibin bank port",
        description=DESCRIPTION,
        routers=ROUTERS,
        identity=BankIdentity(),
        database_url=settings.required("bank_database_url"),
        tokens=[TokenSource(settings.bank_issuer, AUDIENCE, settings.effective_bank_jwks, settings.bank_algorithm)],
        schema_version=SCHEMA_VERSION,
    )


def serve() -> None:
    """Serve the port until a signal, or until the parent process is gone."""
    settings = Settings()
    serve_port(lambda: create_app(settings), host=settings.host, port=settings.bank_port)


if __name__ == "__main__":
    serve()
