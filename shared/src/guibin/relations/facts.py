"""What tag rules may know of households: what those who take part own together, how many they are, and the role."""

from datetime import date
from typing import Any, Final

from sqlalchemy import CTE, BigInteger, Numeric, Select, and_, case, cast, func, literal, null, select, true
from sqlmodel import col

from guibin.customers.models import Customer
from guibin.holdings.held import holdings_of
from guibin.holdings.months import Span
from guibin.relations.household_repository import belongs_on, takes_part
from guibin.relations.models import HouseholdMember
from guibin.relations.rules import WHOLE


class HouseholdFacts:
    """A source of facts for `customer_fact`, over all households of a customer (catalogue row HLD-06).

    A member's assets count by the share in the household, rounded down; a joint account counts once, for its owner.
    The total is unknown when one of its parts is. The role is the one in the primary household.
    """

    name: Final = "household"
    columns: Final = ("household_aum_fen", "household_size", "household_role")

    def select(self, day: date, *, among: Select[Any] | None = None) -> Select[Any]:
        """Select one row for each customer who takes part in a household on a day."""
        places = _places(day)
        totals = _totals(places, _owned(day, places))
        others = places.alias("other_place")
        sizes = (
            select(places.c.customer_id, func.count(others.c.customer_id.distinct()).label("size"))
            .join(others, others.c.household_id == places.c.household_id)
            .group_by(places.c.customer_id)
            .subquery("household_size")
        )
        role = func.max(places.c.role).filter(places.c.is_primary)
        total = case((func.bool_or(totals.c.is_unknown), null()), else_=cast(func.sum(totals.c.fen), BigInteger))
        return (
            select(
                places.c.customer_id,
                total.label("household_aum_fen"),
                func.max(sizes.c.size).label("household_size"),
                role.label("household_role"),
            )
            .join(totals, totals.c.household_id == places.c.household_id)
            .join(sizes, sizes.c.customer_id == places.c.customer_id)
            .where(true() if among is None else places.c.customer_id.in_(among))
            .group_by(places.c.customer_id)
        )


HOUSEHOLD_FACTS: Final = HouseholdFacts()


def _places(day: date) -> CTE:
    """The memberships of a day that may be used."""
    return (
        select(
            col(HouseholdMember.household_id),
            col(HouseholdMember.customer_id),
            col(HouseholdMember.role),
            col(HouseholdMember.is_primary),
            col(HouseholdMember.share_percent),
        )
        .join(Customer, col(Customer.id) == col(HouseholdMember.customer_id))
        .where(belongs_on(day), takes_part(day), col(Customer.merged_into).is_(None), col(Customer.erased_at).is_(None))
        .cte()
    )


def _owned(day: date, places: CTE) -> CTE:
    """One row for each member who owns something: the assets of the day, an overdrawn one as 0."""
    holdings = holdings_of(day, [Span(day, day)], among=select(places.c.customer_id))
    balance = holdings.c.balance_fen
    return (
        select(
            holdings.c.customer_id,
            func.bool_or(balance.is_(None)).label("is_unknown"),
            func.sum(func.greatest(balance, literal(0))).label("fen"),
        )
        .where(and_(holdings.c.is_open, holdings.c.is_asset))
        .group_by(holdings.c.customer_id)
        .cte()
    )


def _totals(places: CTE, owned: CTE) -> CTE:
    """One row for each household."""
    counted = func.div(cast(func.coalesce(owned.c.fen, literal(0)), Numeric) * places.c.share_percent, literal(WHOLE))
    return (
        select(
            places.c.household_id,
            func.bool_or(func.coalesce(owned.c.is_unknown, literal(value=False))).label("is_unknown"),
            func.sum(counted).label("fen"),
        )
        .select_from(places.outerjoin(owned, owned.c.customer_id == places.c.customer_id))
        .group_by(places.c.household_id)
        .cte()
    )
