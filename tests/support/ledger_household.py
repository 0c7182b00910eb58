"""Households that spend their points together, for the ledgers that random steps drive."""

from datetime import date, timedelta
from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.household import service as household
from guibin.points.household.models import PointsPoolRole, PoolRole
from guibin.points.models import Wallet
from guibin.relations.models import HouseholdMember
from guibin.security.actors import Actor, ActorKind
from support.households import add_household, says
from support.points import ACTOR, NOON


async def let_spend_together(session: AsyncSession, head: UUID, spouse: UUID, *, day: date) -> None:
    """Put two customers together who both put their reward points in, and may spend the other's without a limit."""
    wallet = await session.get_one(Wallet, "reward")
    wallet.pooled = True
    session.add(wallet)
    for one in (head, spouse):
        await says(session, one, "granted")
        await says(session, one, "granted", purpose="pooling")
    await add_household(session, (head, "head", 50), (spouse, "spouse", 50), since=day - timedelta(days=9))
    place = (await session.exec(select(HouseholdMember.id).where(HouseholdMember.customer_id == spouse))).one()
    role = PointsPoolRole(
        customer_id=spouse, place_id=place, role=PoolRole.SPENDER, month_limit=None, set_by=ACTOR, set_at=NOON
    )
    session.add(role)
    await session.flush()


async def spend_together(session: AsyncSession, spender: UUID, points: int) -> int:
    """Bring over what the spender's own points leave missing, as a redemption does before it spends."""
    shared = await household.open_pool(session, customer_id=spender, wallet="reward")
    return await household.draw(session, shared, actor=Actor(ActorKind.CUSTOMER, spender, "customer"), points=points)
