"""A right that a household's points pay for, as far as the member's own do not come first."""

from typing import Protocol
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.points.household import service as household
from guibin.points.household.errors import HouseholdPaysPointsOnly
from guibin.points.household.service import Shared
from guibin.rights.repository.catalogue import Right
from guibin.rights.service.new_redemption import NewRedemption
from guibin.security.actors import Actor


class Asked(Protocol):
    """What is asked for, as far as it says who pays."""

    @property
    def wallet(self) -> str | None:
        """The wallet that pays where it is not the right's own."""

    @property
    def from_household(self) -> bool:
        """Whether the household's points pay too."""


async def open_household(session: AsyncSession, right: Right, request: Asked, *, customer_id: UUID) -> Shared | None:
    """Open the household's points for a redemption, all accounts locked; None where one's own pay alone.

    Raises:
        HouseholdPointsUnavailable, WalletNotPooled, WalletClosed: they do not pay for it.
    """
    if not request.from_household:
        return None
    own = right.item.wallet
    return await household.open_pool(session, customer_id=customer_id, wallet=request.wallet or own, beside=[own])


async def bring_over(session: AsyncSession, shared: Shared, redemption: NewRedemption, *, actor: Actor) -> None:
    """Bring over what a decided redemption takes of others' points, in the transaction that spends them.

    Raises:
        HouseholdPaysPointsOnly: money is due beside points, and what is unpaid would keep others' points back.
        HouseholdLimitReached, InsufficientPoints: they do not pay for so much.
    """
    if redemption.payment is not None:
        raise HouseholdPaysPointsOnly
    if redemption.points_charged:
        await household.draw(session, shared, actor=actor, points=redemption.points_charged)
