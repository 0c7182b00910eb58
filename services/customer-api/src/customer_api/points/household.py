"""The points of my household: what I may use of them, who may, and how many in a month."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field

from guibin.core.errors import NotFound
from guibin.core.ids import HouseholdId, HouseholdPlaceId
from guibin.customers.personal import identity_of
from guibin.points.household import service
from guibin.points.household.models import PoolRole
from guibin.points.household.rules import PoolMember
from guibin.points.household.service import PooledWallet, PoolView
from guibin.points.rules import MAX_POINTS
from guibin.relations.models import HouseholdRole
from guibin.relations.parties import Party, parties_of
from guibin.security.ciphers import KeyRing
from guibin.web import (
    CustomerCall,
    DataClass,
    OutModel,
    PortRouter,
    RateClass,
    StrictModel,
    customer,
    declare,
    json_body,
)

router = PortRouter(prefix="/v1/me/household/points", tags=["points"])


class SharedWalletOut(OutModel):
    """Points of a kind that households put together."""

    wallet: str = Field(examples=["reward"])
    name: str
    unit: str
    own: int = Field(description="Mine, that I can spend")
    others: int = Field(description="What other members put in, all together")
    usable: int = Field(description="What I can spend: mine, and of the others' as far as my month goes")

    @classmethod
    def of(cls, one: PooledWallet, language: str) -> Self:
        """Describe a kind of points in `zh` or `en`."""
        english = language == "en"
        return cls(
            wallet=one.wallet.code,
            name=one.wallet.name_en if english else one.wallet.name_zh,
            unit=one.wallet.unit_en if english else one.wallet.unit_zh,
            own=one.own,
            others=one.others,
            usable=one.usable,
        )


class SharingMemberOut(OutModel):
    """A member of the household; of others only a masked name."""

    id: HouseholdPlaceId = Field(description="Names the member's place for the owner")
    name: str | None = Field(examples=["王*明"])
    is_me: bool
    household_role: HouseholdRole
    role: PoolRole = Field(description="owner: the head, names roles; spender: spends; viewer: looks")
    puts_in: bool = Field(description="Said yes to the purpose `pooling`: the member's points may be spent")
    month_limit: int | None = Field(description="Points of others that the member may spend in a calendar month")
    used: int = Field(description="Points of others that the member has spent in this month, less what went back")
    left: int | None = Field(description="What is left of the month's limit; null without one")

    @classmethod
    def of(cls, one: PoolMember, view: PoolView, party: Party, keys: KeyRing) -> Self:
        """Describe a member for another one."""
        name, is_me = identity_of(keys, party.customer).name, one == view.pool.me
        return cls(
            id=one.place_id,
            name=None if name is None else name.value if is_me else name.masked(),
            is_me=is_me,
            household_role=one.household_role,
            role=one.role,
            puts_in=one.puts_in,
            month_limit=one.month_limit,
            used=view.used.get(one.customer_id, 0),
            left=view.left(one),
        )


class HouseholdPointsOut(OutModel):
    """The points that my household puts together, and who may spend them."""

    household_id: HouseholdId
    role: PoolRole = Field(description="Mine")
    wallets: list[SharedWalletOut]
    members: list[SharingMemberOut]


class NamedRole(StrEnum):
    """What the head can name a member."""

    SPENDER = PoolRole.SPENDER
    VIEWER = PoolRole.VIEWER


class PoolRoleIn(StrictModel):
    """What a member may do with the common points."""

    role: NamedRole = Field(description="spender or viewer; the head is the owner", examples=["spender"])
    month_limit: Annotated[int, Field(ge=0, le=MAX_POINTS)] | None = Field(
        default=None, description="Points of others in a calendar month; null: no limit", examples=[2000]
    )


@router.get("", operation_id="getMyHouseholdPoints")
@declare(caller=customer("points:read"), rate=RateClass.READ, data=DataClass.C2, refusals=(NotFound,))
async def get_my_household_points(call: CustomerCall) -> HouseholdPointsOut:
    """Show what my household puts together, what I can spend of it, and who may spend how much.

    Members put their points in by a yes to the purpose `pooling` (`PUT /v1/me/consents`), and take them out by a no,
    which counts at once. The points stay in each member's own account until somebody redeems with `from_household`.
    """
    return await _shown(call, await service.look(call.session, customer_id=call.actor.id))


@router.put("/members/{place_id}", operation_id="putMyHouseholdPointsRole")
@declare(caller=customer("points:redeem"), rate=RateClass.WRITE, data=DataClass.C2, refusals=(NotFound,))
async def put_my_household_points_role(
    call: CustomerCall, place_id: HouseholdPlaceId, body: Annotated[PoolRoleIn, json_body(PoolRoleIn)]
) -> HouseholdPointsOut:
    """Say what another member may do with the common points: for the head of the household. It counts at once."""
    view = await service.name_role(
        call.session, actor=call.actor, place_id=place_id, role=PoolRole(body.role), month_limit=body.month_limit
    )
    return await _shown(call, view)


async def _shown(call: CustomerCall, view: PoolView) -> HouseholdPointsOut:
    ids = [one.customer_id for one in view.pool.members]
    parties = await parties_of(call.session, call.scope, ids=ids)
    return HouseholdPointsOut(
        household_id=view.pool.household_id,
        role=view.pool.me.role,
        wallets=[SharedWalletOut.of(one, call.language) for one in view.wallets],
        members=[SharingMemberOut.of(one, view, parties[one.customer_id], call.keys) for one in view.pool.members],
    )
