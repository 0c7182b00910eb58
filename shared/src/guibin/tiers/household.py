"""The tier of a household: its head passes the own tier on to members whom the bank has named, within limits.

The head's tier is the one in force on the day that the run closes, as rules read it; one that the head has from
another household is not passed on, so that no two households hold each other up.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy import Select, and_, case, func, literal, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from guibin.customers.models import Customer
from guibin.relations.household_repository import belongs_on, takes_part
from guibin.relations.models import HouseholdMember, HouseholdRole
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
