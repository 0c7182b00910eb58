"""The tier of a household: by what it owns together, or because its head passes the own tier on, within limits.

Either is for its head and for members whom the bank has named, and who take part.

The head's tier is the one in force on the day that the run closes, as rules read it; one that the head has from
another household is not passed on, so that no two households hold each other up.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy import BigInteger, Numeric, Select, and_, case, cast, func, literal, null, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from guibin.customers.models import Customer
from guibin.holdings.averages import select_metric
from guibin.holdings.rules import Metric, Weighting
from guibin.relations.household_repository import belongs_on, takes_part
from guibin.relations.models import HouseholdMember, HouseholdRole
from guibin.relations.rules import WHOLE
from guibin.tiers.models import TierHistory
from guibin.tiers.repository import select_tiers
from guibin.tiers.rules import Line
from guibin.tiers.terms import HouseholdSharing

HOUSEHOLD: Final = "household"
"""What the route is called in the history."""


def passed_on(lines: list[Line], sharing: HouseholdSharing) -> dict[str, int]:
    """Return the rank that a member has of each tier of the head: so much lower, and none above the highest."""
    ordered = sorted(lines, key=lambda line: line.rank)
    highest = next((place for place, line in enumerate(ordered) if line.tier_code == sharing.highest), -1)
    given = {line.tier_code: min(place - sharing.levels_below, highest) for place, line in enumerate(ordered)}
    return {code: ordered[place].rank for code, place in given.items() if place >= 0}


def select_shared(day: date, ranks: Mapping[str, int], *, members: int) -> Select[Any]:
    """Select customer_id and the highest rank that a head passes on; `members` of a household at the most, by age."""
    places = _named(day)
    head, tiers = aliased(HouseholdMember), select_tiers(day, col(TierHistory.route)).subquery("head_tier")
    rank = case(*((tiers.c.tier == code, literal(given)) for code, given in ranks.items()))
    return (
        select(places.c.customer_id, func.max(rank).label("rank"))
        .join(head, and_(col(head.household_id) == places.c.household_id, col(head.role) == HouseholdRole.HEAD))
        .join(Customer, col(Customer.id) == col(head.customer_id))
        .join(tiers, tiers.c.customer_id == col(head.customer_id))
        .where(
            places.c.place <= literal(members),
            belongs_on(day, head),
            takes_part(day),
            tiers.c.tier.in_(list(ranks)),
            tiers.c.route.is_distinct_from(HOUSEHOLD),
        )
        .group_by(places.c.customer_id)
    )


def select_household_assets(day: date, cutoff: date, metric: Metric, weighting: Weighting) -> Select[Any]:
    """Select customer_id and the highest figure, in fen, of the households of a day that count for the customer.

    A household's is the metric, at the end of the period, of everybody who takes part, each by the share, rounded down;
    unknown where that of one of them is unknown or stale.
    """
    member = HouseholdMember
    places = (
        select(col(member.household_id), col(member.customer_id), col(member.share_percent), _counts(member))
        .join(Customer, col(Customer.id) == col(member.customer_id))
        .where(belongs_on(day), takes_part(day), col(Customer.merged_into).is_(None), col(Customer.erased_at).is_(None))
        .cte("household_place")
    )
    owned = select_metric(metric, cutoff, weighting, among=select(places.c.customer_id)).subquery("household_owned")
    share = func.div(cast(func.coalesce(owned.c.fen, literal(0)), Numeric) * places.c.share_percent, literal(WHOLE))
    unknown = and_(owned.c.customer_id.is_not(None), or_(owned.c.fen.is_(None), owned.c.stale))
    totals = (
        select(places.c.household_id, func.sum(share).label("fen"), func.bool_or(unknown).label("unknown"))
        .select_from(places.outerjoin(owned, owned.c.customer_id == places.c.customer_id))
        .group_by(places.c.household_id)
        .subquery("household_total")
    )
    figure = case((func.bool_or(totals.c.unknown), null()), else_=cast(func.max(totals.c.fen), BigInteger))
    return (
        select(places.c.customer_id, figure.label("figure"))
        .join(totals, totals.c.household_id == places.c.household_id)
        .where(places.c.counts)
        .group_by(places.c.customer_id)
    )


def _counts(member: type[HouseholdMember]) -> Any:
    """Say of a place that the household's assets count for whoever has it."""
    return or_(col(member.shares_tier), col(member.role) == HouseholdRole.HEAD).label("counts")


def _named(day: date) -> Any:
    """The members who take part and are named for the tier, with their place in the order in which they came."""
    member = HouseholdMember
    order = (col(member.valid_from), col(member.id))
    place = func.row_number().over(partition_by=col(member.household_id), order_by=order)
    return (
        select(col(member.household_id), col(member.customer_id), place.label("place"))
        .join(Customer, col(Customer.id) == col(member.customer_id))
        .where(belongs_on(day), takes_part(day), col(member.shares_tier), col(member.role) != HouseholdRole.HEAD)
        .subquery("named_member")
    )
