"""The common points of a household as staff see them: who puts in, what is there, what went to and fro."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from guibin.core import clock
from guibin.points.household import repository
from guibin.points.household.repository import Flow
from guibin.points.household.rules import PoolMember, left_of_month
from guibin.points.models import Wallet
from guibin.points.repository import list_wallets
from guibin.security.row_scope import all_rows


@dataclass(frozen=True, slots=True)
class MemberPoints:
    """A member, what of others' points the member has spent in this month, and the member's own by wallet."""

    member: PoolMember
    used: int
    free: dict[str, int]
    flows: dict[str, Flow]

    @property
    def left(self) -> int | None:
        """What the member may still spend of others' points in this month; None without a limit."""
        return left_of_month(self.member.month_limit, self.used)


@dataclass(frozen=True, slots=True)
class HouseholdPoints:
    """The kinds of points that are put together, and the members whose places may be used."""

    wallets: Sequence[Wallet]
    members: Sequence[MemberPoints]

    def givers(self) -> list[MemberPoints]:
        """Return those whose points others may spend now."""
        return [one for one in self.members if one.member.gives]

    def together(self, wallet: str, *, seen: Collection[UUID]) -> int | None:
        """Return what all givers have in a wallet; None where the sum would tell of somebody who is not seen."""
        givers = self.givers()
        if any(one.member.customer_id not in seen for one in givers):
            return None
        return sum(one.free.get(wallet, 0) for one in givers)


async def points_of(session: AsyncSession, *, household_id: UUID) -> HouseholdPoints:
    """Return the points of a household; the caller has looked it up in its scope, and shows of whom it may."""
    today = clock.today()
    async with all_rows(session):
        members = await repository.members_of(session, household_id=household_id, day=today)
        customers = [one.customer_id for one in members]
        used = await repository.used_since(
            session, customers=customers, household_id=household_id, since=today.replace(day=1)
        )
        free = await repository.free_points(session, customers=customers, day=today)
        flows = await repository.flows_of(session, customers=customers, household_id=household_id)
    wallets = [wallet for wallet in await list_wallets(session) if wallet.pooled and wallet.active]
    return HouseholdPoints(
        wallets,
        [
            MemberPoints(
                one,
                used.get(one.customer_id, 0),
                {code: points for (customer_id, code), points in free.items() if customer_id == one.customer_id},
                {code: flow for (customer_id, code), flow in flows.items() if customer_id == one.customer_id},
            )
            for one in members
        ],
    )
