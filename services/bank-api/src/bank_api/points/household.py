"""The common points of a household on the bank port: who puts in, what is there together, what went to and fro."""

from collections.abc import Mapping
from typing import Self
from uuid import UUID

from pydantic import Field

from bank_api.relations.link_schemas import PartyOut
from guibin.core.ids import HouseholdId
from guibin.points.household.models import PoolRole
from guibin.points.household.reading import HouseholdPoints, MemberPoints, points_of
from guibin.points.household.repository import Flow
from guibin.points.models import Wallet
from guibin.relations.models import HouseholdRole
from guibin.relations.parties import Party, parties_of
from guibin.relations.service.reading import get_household
from guibin.security.actors import Domain, Verb
from guibin.web import DataClass, OutModel, PortRouter, RateClass, StaffCall, declare, staff

router = PortRouter(prefix="/v1/households", tags=["points"])

NOTHING = Flow(0, 0, 0, 0)


class PooledWalletOut(OutModel):
    """A kind of points that households put together."""

    wallet: str = Field(examples=["reward"])
    name: str
    unit: str
    together: int | None = Field(
        description="What all who put in can spend; null when one of them is out of your scope", examples=[1200]
    )


class MemberWalletOut(OutModel):
    """A member's points of a kind, and what went between the member and the others since the household began."""

    wallet: str = Field(examples=["reward"])
    available: int = Field(description="The member's own, that can be spent")
    given: int = Field(description="Of the member's, spent by others")
    got_back: int = Field(description="Of that, come back by refunds")
    spent: int = Field(description="Of others', spent by the member")
    gave_back: int = Field(description="Of that, gone back to them by refunds")

    @classmethod
    def of(cls, wallet: Wallet, one: MemberPoints) -> Self:
        """Describe a member's points of a kind."""
        flow = one.flows.get(wallet.code, NOTHING)
        return cls(
            wallet=wallet.code,
            available=one.free.get(wallet.code, 0),
            given=flow.given,
            got_back=flow.got_back,
            spent=flow.spent,
            gave_back=flow.gave_back,
        )


class PoolMemberOut(OutModel):
    """A member who takes part; out of your scope only a role and a masked name."""

    party: PartyOut
    household_role: HouseholdRole
    role: PoolRole = Field(description="owner: the head, names roles; spender: spends; viewer: looks")
    puts_in: bool = Field(description="Said yes to the purpose `pooling`")
    gives: bool = Field(description="Others may spend the member's points now: said yes, and nothing stands against it")
    month_limit: int | None = Field(description="Points of others that the member may spend in a calendar month")
    used: int | None = Field(description="Points of others spent in this month, less what went back; null as `wallets`")
    left: int | None = Field(description="What is left of the month's limit; null without one")
    wallets: list[MemberWalletOut] | None = Field(description="Null when the member is out of your scope")

    @classmethod
    def of(cls, one: MemberPoints, wallets: list[Wallet], party: Party, shown: PartyOut) -> Self:
        """Describe a member, with figures where the member is in scope."""
        member, is_seen = one.member, party.in_scope
        return cls(
            party=shown,
            household_role=member.household_role,
            role=member.role,
            puts_in=member.puts_in,
            gives=member.gives,
            month_limit=member.month_limit if is_seen else None,
            used=one.used if is_seen else None,
            left=one.left if is_seen else None,
            wallets=[MemberWalletOut.of(wallet, one) for wallet in wallets] if is_seen else None,
        )


class HouseholdPointsOfOut(OutModel):
    """The common points of a household; nothing of it lies in a pot of its own."""

    household_id: HouseholdId
    wallets: list[PooledWalletOut]
    members: list[PoolMemberOut] = Field(description="Those who said yes to be one household")


@router.get("/{household_id}/points", operation_id="getHouseholdPoints")
@declare(caller=staff(Verb.READ, Domain.POINTS), rate=RateClass.READ, data=DataClass.C2)
async def get_household_points(call: StaffCall, household_id: HouseholdId) -> HouseholdPointsOfOut:
    """Show what a household of which a member is in your scope puts together, who may spend it, and who gave what."""
    await get_household(call.session, call.scope, household_id=household_id)
    found = await points_of(call.session, household_id=household_id)
    ids = [one.member.customer_id for one in found.members]
    parties = await parties_of(call.session, call.scope, ids=ids)
    return HouseholdPointsOfOut(
        household_id=household_id,
        wallets=_wallets(call, found, parties),
        members=[_member(call, found, one, parties[one.member.customer_id]) for one in found.members],
    )


def _wallets(call: StaffCall, found: HouseholdPoints, parties: Mapping[UUID, Party]) -> list[PooledWalletOut]:
    seen = {customer_id for customer_id, party in parties.items() if party.in_scope}
    english = call.language == "en"
    return [
        PooledWalletOut(
            wallet=one.code,
            name=one.name_en if english else one.name_zh,
            unit=one.unit_en if english else one.unit_zh,
            together=found.together(one.code, seen=seen),
        )
        for one in found.wallets
    ]


def _member(call: StaffCall, found: HouseholdPoints, one: MemberPoints, party: Party) -> PoolMemberOut:
    return PoolMemberOut.of(one, list(found.wallets), party, PartyOut.of(party, call.keys, call.actor.roles))
