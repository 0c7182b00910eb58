"""The SQL of what a customer brings to a right: one statement, whatever the terms ask for."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Text, func, literal, or_
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core.errors import NotFound
from guibin.customers.models import Customer
from guibin.customers.origins import is_of
from guibin.customers.repository import visible
from guibin.organisation.models import Branch, BranchClosure
from guibin.points.models import EntryKind, HoldState, PointsEntry, PointsHold
from guibin.privacy.repository import blocks
from guibin.privacy.rules import Act
from guibin.programme.models import KillSwitch
from guibin.programme.rules import Stops, stops_of
from guibin.rights.models import Period
from guibin.rights.offer import TierLevel, period_start
from guibin.security.actors import Scope
from guibin.tags.models import CustomerTag
from guibin.tiers.models import Tier, TierHistory
from guibin.tiers.repository import NEWEST_FIRST


@dataclass(frozen=True, slots=True)
class Profile:
    """Who a customer is to the terms of rights, and what the bank has stopped; as of one day of business."""

    tier: TierLevel | None
    restricted: bool
    tags: frozenset[str]
    branches: frozenset[str]
    stops: Stops


async def read_profile(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, day: date, tags: Collection[str], branches: bool
) -> Profile:
    """Read a customer's tier, which of some tags, restrictions and, when asked for, the branches above.

    Raises:
        NotFound: the customer is unknown or out of scope.
    """
    current = (
        sql_select(col(TierHistory.tier_code), col(TierHistory.effective_on))
        .where(col(TierHistory.customer_id) == customer_id, col(TierHistory.effective_on) <= day)
        .order_by(*NEWEST_FIRST)
        .limit(1)
        .subquery()
    )
    query = (
        sql_select(
            col(Tier.code),
            col(Tier.rank),
            current.c.effective_on,
            blocks(customer_id, Act.REDEEM, day),
            _tags(customer_id, day, tags),
            _branches() if branches else _none(),
            _stops(),
        )
        .select_from(Customer)
        .join(current, literal(value=True), isouter=True)
        .join(Tier, col(Tier.code) == current.c.tier_code, isouter=True)
        .where(col(Customer.id) == customer_id, visible(scope, col(Customer.id), col(Customer.branch_id)))
    )
    row = (await session.execute(query)).first()
    if row is None:
        raise NotFound
    code, rank, since, restricted, held, above, stopped = row
    return Profile(
        tier=None if code is None else TierLevel(code, rank, since),
        restricted=restricted,
        tags=frozenset(held),
        branches=frozenset(above),
        stops=stops_of([(target, subject) for target, _, subject in (stop.partition("/") for stop in stopped)]),
    )


def _none() -> ColumnElement[list[str]]:
    return literal([], ARRAY(Text))


def _tags(customer_id: UUID, day: date, tags: Collection[str]) -> ColumnElement[list[str]]:
    if not tags:
        return _none()
    until = col(CustomerTag.until)
    held = sql_select(col(CustomerTag.tag_code)).where(
        col(CustomerTag.customer_id) == customer_id,
        col(CustomerTag.tag_code).in_(set(tags)),
        col(CustomerTag.since) <= day,
        or_(until.is_(None), until > day),
    )
    return func.array(held.scalar_subquery(), type_=ARRAY(Text))


def _branches() -> ColumnElement[list[str]]:
    above = (
        sql_select(col(Branch.code))
        .join(BranchClosure, col(BranchClosure.ancestor_id) == col(Branch.id))
        .where(col(BranchClosure.descendant_id) == col(Customer.branch_id))
        .correlate(Customer)
    )
    return func.array(above.scalar_subquery(), type_=ARRAY(Text))


async def sum_spent(
    session: AsyncSession, scope: Scope, *, customer_id: UUID, wallet: str, day: date, tier_since: date | None
) -> dict[str, int]:
    """Return what a customer has spent of a wallet in the periods around a day, less what was given back in them.

    What is set aside at this moment counts as spent in every period.
    """
    entry = PointsEntry
    total = func.sum(-col(entry.points), type_=BigInteger)
    starts = {period: period_start(period, day, tier_since) for period in Period}
    columns = [
        func.coalesce(total if start is None else total.filter(col(entry.posted_on) >= start), 0)
        for start in starts.values()
    ]
    query = sql_select(*columns).where(
        is_of(scope, col(entry.customer_id), customer_id),
        visible(scope, col(entry.customer_id)),
        col(entry.wallet) == wallet,
        col(entry.kind).in_((EntryKind.REDEEM, EntryKind.ORDER, EntryKind.REFUND)),
    )
    row = (await session.execute(query)).one()
    aside = sql_select(func.coalesce(func.sum(PointsHold.points, type_=BigInteger), 0)).where(
        col(PointsHold.customer_id) == customer_id,
        visible(scope, col(PointsHold.customer_id)),
        col(PointsHold.wallet) == wallet,
        col(PointsHold.state) == HoldState.OPEN,
    )
    held: int = (await session.execute(aside)).scalar_one()
    return {period.value: max(spent, 0) + held for period, spent in zip(starts, row, strict=True)}


def _stops() -> ColumnElement[list[str]]:
    stopped = sql_select(col(KillSwitch.target) + "/" + col(KillSwitch.subject)).where(col(KillSwitch.spending))
    return func.array(stopped.scalar_subquery(), type_=ARRAY(Text))
