"""The one place where open lists of lower domains are filled by upper ones; each process connects once."""

from collections.abc import Awaitable, Callable

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.approvals import defaults as approvals
from guibin.approvals import handlers, surroundings
from guibin.approvals.service import RuleChange
from guibin.care import followers as touch_followers
from guibin.care import owners as care_owners
from guibin.care import personal_data as care_data
from guibin.care import serving as care_serving
from guibin.care.activity import SPOKEN_TO
from guibin.care.calls import personal_data as calls_data
from guibin.care.claiming import CLAIMING
from guibin.care.opportunities import merging as opportunities_merging
from guibin.care.opportunities import personal_data as opportunities_data
from guibin.care.plans import defaults as care_plans
from guibin.care.plans.naming import CARE_PLANS_BY_TAGS
from guibin.care.plans.service import CARE_PLANS, SATISFYING
from guibin.care.standards import defaults as standards
from guibin.care.standards.service import STANDARDS
from guibin.care.triggers import personal_data as care_trigger_data
from guibin.channels import merging as channels_merging
from guibin.channels import personal_data as channels_data
from guibin.contact import defaults as contact
from guibin.contact import personal_data as contact_data
from guibin.contact.service import CONTACT_ALLOWING, CONTACT_TERMS
from guibin.contact.telling import TELLER
from guibin.customers import merging
from guibin.customers.four_eyes import SURROUNDINGS
from guibin.customers.locks.merging import LOCKS_PARTICIPANT
from guibin.customers.locks.service import LOCK_HANDLER
from guibin.customers.matching import MERGE_HANDLER, UNMERGE_HANDLER
from guibin.customers.policy.service import IDENTITY_TERMS
from guibin.customers.proposing import defaults as proposing
from guibin.exports.service import ListExporting
from guibin.feeds.mappings.service import MAPPING_HANDLER
from guibin.feeds.policies.service import FEED_POLICY_HANDLER
from guibin.gifts import personal_data as gifts_data
from guibin.gifts.service import GIFT_DEFINITION, GIFT_HANDOVER
from guibin.handovers import personal_data as handovers_data
from guibin.handovers import service as handovers
from guibin.holdings import moving as holdings_moving
from guibin.holdings import personal_data as holdings_data
from guibin.managers import defaults as managers
from guibin.managers import followers as coverage_followers
from guibin.managers import merging as managers_merging
from guibin.managers import personal_data as managers_data
from guibin.managers.capacity import defaults as manager_capacity
from guibin.managers.capacity.service import CapacityOverriding
from guibin.managers.claims import merging as claims_merging
from guibin.managers.claims import service as claims
from guibin.managers.credit import doubling as double_credit
from guibin.managers.credit.splitting import SplitHandler
from guibin.managers.facts import MANAGER_FACTS
from guibin.managers.joint.service import FOLLOWER as JOINT_OF_RESTRICTED
from guibin.managers.matrix.service import MATRICES
from guibin.managers.planning.applying import PlanHandler
from guibin.managers.pool import sources as pool_sources
from guibin.managers.service import AssignmentHandler
from guibin.managers.terms.service import COVERAGE_TERMS
from guibin.organisation import defaults as organisation
from guibin.organisation import holidays
from guibin.organisation.granting import CoverHandler, GrantsHandler, RolesHandler
from guibin.organisation.receivers import WEBHOOK_CHANGE, WEBHOOK_CREATION
from guibin.outbox import consumers, telling
from guibin.points import defaults as points
from guibin.points import merging as points_merging
from guibin.points import personal_data as points_data
from guibin.points.assets import defaults as asset_rules
from guibin.points.assets import personal_data as assets_data
from guibin.points.assets.service import ASSET_RULES, RULES_FOR_DEPOSITS
from guibin.points.earning import effects
from guibin.points.earning.naming import EARNING_RULES
from guibin.points.earning.service.publishing import EarningRulePublication
from guibin.points.earning.tag_effect import TAG_HANDLER
from guibin.points.facts import POINTS_FACTS
from guibin.points.files.service import FILE_HANDLER
from guibin.points.inheritance.service import INHERITANCE
from guibin.points.service import ACCOUNT_CODES, CORRECTIONS, TRANSFER_REVERSAL, WALLET_CHANGE, AdjustmentHandler
from guibin.points.service.occasions import EARNS_AT_ONCE
from guibin.points.velocity.service import VELOCITY_RULE_CHANGE
from guibin.privacy import customer_data, subject
from guibin.privacy import defaults as privacy
from guibin.privacy import followers as restriction_followers
from guibin.privacy import merging as privacy_merging
from guibin.privacy.service.erasing import ErasureHandler
from guibin.programme.service import BudgetHandler
from guibin.relations import moving as relations_moving
from guibin.relations import personal_data as relations_data
from guibin.relations.facts import HOUSEHOLD_FACTS
from guibin.rights import merging as rights_merging
from guibin.rights import personal_data as rights_data
from guibin.rights.naming import RIGHTS_ON_OFFER
from guibin.rights.service import FAVOURITES, PackagePublication, RefundHandler, RightPublication
from guibin.rights.service.right_effect import RIGHT_HANDLER
from guibin.rights.service.serving_needs import RIGHTS_FOR_NEEDS, SERVED_NEEDS
from guibin.sessions import personal_data as sessions_data
from guibin.suppliers import personal_data as suppliers_data
from guibin.suppliers.service.connecting import ADDRESS_HANDLER, SECRET_HANDLER
from guibin.suppliers.service.ordering import ORDER_PLACING
from guibin.suppliers.settlements.service import PRICE_HANDLER, SETTLEMENT_HANDLER
from guibin.tags import defaults as tags
from guibin.tags import facts
from guibin.tags import moving as tags_moving
from guibin.tags import personal_data as tags_data
from guibin.tags.lineage import users as tag_users
from guibin.tags.lineage.own import OWN_DEFINITIONS
from guibin.tags.live import followers as entry_followers
from guibin.tags.modifiers import moving as modifiers_moving
from guibin.tags.profiles import sources as profile_sources
from guibin.tags.segments import moving as segments_moving
from guibin.tags.service import TagPublishHandler
from guibin.tiers import defaults as tiers
from guibin.tiers import merging as tiers_merging
from guibin.tiers import personal_data as tiers_data
from guibin.tiers.facts import TIER_FACTS
from guibin.tiers.service import QUOTA_CHANGE, TIER_SCHEMES, ManyOverriding, TierOverriding

Seeder = Callable[[AsyncSession], Awaitable[int]]

SEEDERS: dict[str, Seeder] = {
    "organisation": organisation.seed,
    "calendars": holidays.seed,
    "approvals": approvals.seed,
    "privacy": privacy.seed,
    "contact": contact.seed,
    "matching": proposing.seed,
    "tiers": tiers.seed,
    "managers": managers.seed,
    "care_plans": care_plans.seed,
    "service_standards": standards.seed,
    "manager_capacity": manager_capacity.seed,
    "points": points.seed,
    "asset_rules": asset_rules.seed,
    "tags": tags.seed,
}
"""What `guibin seed` adds to an empty database, in this order."""

PARTICIPANTS_OF_MERGES = (
    holdings_moving.PARTICIPANT,
    *relations_moving.PARTICIPANTS,
    tags_moving.PARTICIPANT,
    modifiers_moving.PARTICIPANT,
    segments_moving.PARTICIPANT,
    tiers_merging.PARTICIPANT,
    managers_merging.PARTICIPANT,
    claims_merging.PARTICIPANT,
    double_credit.PARTICIPANT,
    opportunities_merging.PARTICIPANT,
    care_owners.PARTICIPANT,
    handovers.PARTICIPANT,
    channels_merging.PARTICIPANT,
    points_merging.PARTICIPANT,
    rights_merging.PARTICIPANT,
    privacy_merging.PARTICIPANT,
)
"""Who has a part when two customers become one, in this order; and in this order when they are two again."""


def connect() -> None:
    """Fill the open lists; again changes nothing."""
    surroundings.connect(SURROUNDINGS)
    handlers.register(RuleChange())
    handlers.register(MAPPING_HANDLER)
    handlers.register(FEED_POLICY_HANDLER)
    handlers.register(TIER_SCHEMES)
    handlers.register(TierOverriding())
    handlers.register(ManyOverriding())
    handlers.register(QUOTA_CHANGE)
    handlers.register(STANDARDS)
    handlers.register(CapacityOverriding())
    handlers.register(RightPublication())
    handlers.register(PackagePublication())
    handlers.register(RefundHandler())
    handlers.register(BudgetHandler())
    handlers.register(GIFT_DEFINITION)
    handlers.register(GIFT_HANDOVER)
    handlers.register(ADDRESS_HANDLER)
    handlers.register(SECRET_HANDLER)
    handlers.register(PRICE_HANDLER)
    handlers.register(SETTLEMENT_HANDLER)
    _connect_points()
    _connect_contact()
    handlers.register(ListExporting())
    handlers.register(TagPublishHandler())
    handlers.register(RolesHandler())
    handlers.register(GrantsHandler())
    handlers.register(CoverHandler())
    handlers.register(WEBHOOK_CREATION)
    handlers.register(WEBHOOK_CHANGE)
    consumers.register(FAVOURITES)
    consumers.register(ORDER_PLACING)
    effects.register(TAG_HANDLER)
    effects.register(RIGHT_HANDLER)
    handlers.register(MERGE_HANDLER)
    handlers.register(UNMERGE_HANDLER)
    handlers.register(IDENTITY_TERMS)
    handlers.register(LOCK_HANDLER)
    for participant in (LOCKS_PARTICIPANT, *PARTICIPANTS_OF_MERGES):
        merging.register_participant(participant)
    _connect_tags()
    _connect_care()
    _connect_personal_data()


def _connect_tags() -> None:
    """Say from where tags have their facts, and who decides by tags and facts."""
    for source in (TIER_FACTS, POINTS_FACTS, HOUSEHOLD_FACTS):
        facts.register(source)
    profile_sources.register(MANAGER_FACTS)
    entry_followers.register(EARNS_AT_ONCE)
    for users in (OWN_DEFINITIONS, EARNING_RULES, RIGHTS_ON_OFFER, CARE_PLANS_BY_TAGS):
        tag_users.register(users)


def _connect_care() -> None:
    """Say who serves customers by which rules, what follows when they change hands, and what serves their needs."""
    handlers.register(AssignmentHandler())
    handlers.register(PlanHandler())
    handlers.register(MATRICES)
    handlers.register(COVERAGE_TERMS)
    handlers.register(SplitHandler())
    coverage_followers.register(double_credit.FOLLOWER)
    pool_sources.register(SPOKEN_TO)
    handlers.register(CARE_PLANS)
    coverage_followers.register(care_owners.FOLLOWER)
    touch_followers.register(SATISFYING)
    touch_followers.register(CLAIMING)
    coverage_followers.register(claims.FOLLOWER)
    coverage_followers.register(handovers.FOLLOWER)
    restriction_followers.register(JOINT_OF_RESTRICTED)
    care_serving.register(RIGHTS_FOR_NEEDS)
    consumers.register(SERVED_NEEDS)


def _connect_points() -> None:
    handlers.register(AdjustmentHandler())
    handlers.register(WALLET_CHANGE)
    handlers.register(ACCOUNT_CODES)
    handlers.register(VELOCITY_RULE_CHANGE)
    handlers.register(FILE_HANDLER)
    for correction in (*CORRECTIONS, TRANSFER_REVERSAL, INHERITANCE):
        handlers.register(correction)
    handlers.register(ASSET_RULES)
    handlers.register(RULES_FOR_DEPOSITS)
    handlers.register(EarningRulePublication())


def _connect_contact() -> None:
    handlers.register(CONTACT_TERMS)
    handlers.register(CONTACT_ALLOWING)
    telling.register(TELLER)


def _connect_personal_data() -> None:
    """Say what each domain shows in a copy of a customer's data, and what an erasure removes or waits for."""
    handlers.register(ErasureHandler())
    subject.register_all(holdings_data.SUBJECT_SECTIONS, holdings_data.ERASURE_STEPS)
    subject.register_all(relations_data.SUBJECT_SECTIONS, relations_data.ERASURE_STEPS)
    subject.register_all(tags_data.SUBJECT_SECTIONS, tags_data.ERASURE_STEPS)
    subject.register_all(tiers_data.SUBJECT_SECTIONS, tiers_data.ERASURE_STEPS)
    subject.register_all(managers_data.SUBJECT_SECTIONS, managers_data.ERASURE_STEPS)
    subject.register_all(points_data.SUBJECT_SECTIONS, ())
    subject.register_all(assets_data.SUBJECT_SECTIONS, ())
    subject.register_all(suppliers_data.SUBJECT_SECTIONS, ())
    subject.register_all(rights_data.SUBJECT_SECTIONS, rights_data.ERASURE_STEPS)
    subject.register_all(gifts_data.SUBJECT_SECTIONS, ())
    subject.register_all(care_data.SUBJECT_SECTIONS, care_data.ERASURE_STEPS)
    subject.register_all(opportunities_data.SUBJECT_SECTIONS, opportunities_data.ERASURE_STEPS)
    subject.register_all(handovers_data.SUBJECT_SECTIONS, handovers_data.ERASURE_STEPS)
    subject.register_all(care_trigger_data.SUBJECT_SECTIONS, care_trigger_data.ERASURE_STEPS)
    subject.register_all(channels_data.SUBJECT_SECTIONS, channels_data.ERASURE_STEPS)
    subject.register_all(contact_data.SUBJECT_SECTIONS, ())
    subject.register_all(calls_data.SUBJECT_SECTIONS, ())
    subject.register_all(sessions_data.SUBJECT_SECTIONS, sessions_data.ERASURE_STEPS)
    subject.register_all(customer_data.SUBJECT_SECTIONS, customer_data.ERASURE_STEPS)
    subject.register_guard(points_data.LEDGER_ERASURE_GUARD)
    subject.register_guard(rights_data.REDEMPTION_ERASURE_GUARD)
    subject.register_guard(customer_data.RETENTION_GUARD)
