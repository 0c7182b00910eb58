"""Imports every table of the product: for migrations and tests only."""

from guibin.approvals import models as approvals
from guibin.audit import models as audit
from guibin.care import models as care
from guibin.care.calls import models as calls
from guibin.care.opportunities import models as opportunities
from guibin.care.plans import models as care_plans
from guibin.care.standards import models as service_standards
from guibin.care.triggers import models as care_triggers
from guibin.channels import models as channels
from guibin.contact import models as contact
from guibin.core import leases
from guibin.core.models import metadata
from guibin.customers import models as customers
from guibin.customers.changes import models as customer_changes
from guibin.customers.locks import models as customer_locks
from guibin.exports import models as exports
from guibin.feeds import models as feeds
from guibin.feeds.batches import models as feed_batches
from guibin.feeds.mappings import models as feed_mappings
from guibin.feeds.policies import models as feed_policies
from guibin.feeds.quality import models as feed_quality
from guibin.gifts import models as gifts
from guibin.handovers import models as handovers
from guibin.holdings import models as holdings
from guibin.idempotency import models as idempotency
from guibin.managers import models as managers
from guibin.managers.absences import models as manager_absences
from guibin.managers.arrivals import models as manager_arrivals
from guibin.managers.capacity import models as manager_capacity
from guibin.managers.claims import models as manager_claims
from guibin.managers.credit import models as manager_credit
from guibin.managers.eligibility import models as manager_eligibility
from guibin.managers.matrix import models as manager_matrix
from guibin.managers.planning import models as assignment_plans
from guibin.managers.pool import models as customer_pool
from guibin.managers.stability import models as manager_stability
from guibin.managers.terms import models as coverage_terms
from guibin.organisation import models as organisation
from guibin.outbox import models as outbox
from guibin.points import attachment_models as points_attachments
from guibin.points import merge_models as points_merges
from guibin.points import models as points
from guibin.points import report_models as points_reports
from guibin.points import transfer_models as points_transfers
from guibin.points.assets import models as points_assets
from guibin.points.campaign_codes import models as campaign_codes
from guibin.points.earning import models as earning
from guibin.points.files import models as points_files
from guibin.points.household import models as points_household
from guibin.points.inheritance import models as points_inheritance
from guibin.points.velocity import models as points_velocity
from guibin.privacy import models as privacy
from guibin.products import models as products
from guibin.programme import models as programme
from guibin.relations import models as relations
from guibin.rights import models as rights
from guibin.runs import models as runs
from guibin.sessions import models as sessions
from guibin.suppliers import models as suppliers
from guibin.suppliers.settlements import models as settlements
from guibin.tags import models as tags
from guibin.tags.imports import models as tag_imports
from guibin.tags.lineage import models as tag_lineage
from guibin.tags.profiles import models as tag_profiles
from guibin.tags.runs import models as tag_runs
from guibin.tags.segments import models as segments
from guibin.tiers import models as tiers
from guibin.web import models as web

__all__ = [
    "approvals",
    "assignment_plans",
    "audit",
    "calls",
    "campaign_codes",
    "care",
    "care_plans",
    "care_triggers",
    "channels",
    "contact",
    "coverage_terms",
    "customer_changes",
    "customer_locks",
    "customer_pool",
    "customers",
    "earning",
    "exports",
    "feed_batches",
    "feed_mappings",
    "feed_policies",
    "feed_quality",
    "feeds",
    "gifts",
    "handovers",
    "holdings",
    "idempotency",
    "leases",
    "manager_absences",
    "manager_arrivals",
    "manager_capacity",
    "manager_claims",
    "manager_credit",
    "manager_eligibility",
    "manager_matrix",
    "manager_stability",
    "managers",
    "metadata",
    "opportunities",
    "organisation",
    "outbox",
    "points",
    "points_assets",
    "points_attachments",
    "points_files",
    "points_household",
    "points_inheritance",
    "points_merges",
    "points_reports",
    "points_transfers",
    "points_velocity",
    "privacy",
    "products",
    "programme",
    "relations",
    "rights",
    "runs",
    "segments",
    "service_standards",
    "sessions",
    "settlements",
    "suppliers",
    "tag_imports",
    "tag_lineage",
    "tag_profiles",
    "tag_runs",
    "tags",
    "tiers",
    "web",
]
