"""What the bank port takes and says of households."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from bank_api.customers.views import View, band_of, exact, view_of
from guibin.core.ids import CustomerId, HouseholdId, StaffId
from guibin.core.money import Cny
from guibin.core.text import Note
from guibin.relations.models import HouseholdKind, HouseholdRole
from guibin.relations.rules import MOST_MEMBERS
from guibin.relations.service.households import Place
from guibin.relations.service.reading import HouseholdView, MemberView
from guibin.security.ciphers import KeyRing
from guibin.web import FreshnessOut, OutModel, StrictModel

from .link_schemas import PartyOut
from .queries import Totals

HEAD = "cus_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d4"
SPOUSE = "cus_01934f6e-7a10-7c3e-9d55-2f60a1b2c3d5"
WHY = "夫妻双方到网点办理家庭账户"
SHARES_TIER = Field(
    default=False, description="Has the tier of the head, within the limits of the scheme in force (`household`)"
)
Reason = Annotated[str, Note(200)]
Share = Annotated[int, Field(ge=0, le=100, description="How much of the member's figures counts here, in per cent")]


class PlaceIn(StrictModel):
    """A customer's place in a household."""

    customer_id: CustomerId
    role: HouseholdRole = Field(examples=["spouse"])
    share_percent: Share | None = Field(
        default=None, description="Left out: all of the customer's figures that count for no household yet"
    )
    is_primary: bool = Field(default=False, description="Counts first of the customer's households; the first one does")

    shares_tier: bool = SHARES_TIER

    def place(self) -> Place:
        """Return what the domain takes."""
        return Place(self.customer_id, self.role, self.share_percent, self.is_primary, self.shares_tier)


class HouseholdIn(StrictModel):
    """Who belongs together, one of them as the head, and how the bank knows."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "family",
                    "members": [
                        {"customer_id": HEAD, "role": "head"},
                        {"customer_id": SPOUSE, "role": "spouse", "share_percent": 60},
                    ],
                    "reason": WHY,
                }
            ]
        }
    )

    kind: HouseholdKind = HouseholdKind.FAMILY
    members: Annotated[list[PlaceIn], Field(min_length=1, max_length=MOST_MEMBERS)]
    reason: Reason | None = Field(default=None, examples=[WHY])


class MemberIn(StrictModel):
    """A customer who joins, and how the bank knows."""

    member: PlaceIn
    reason: Reason | None = Field(default=None, examples=[WHY])


class PlaceChangeIn(StrictModel):
    """Another place of a member."""

    role: HouseholdRole = Field(examples=["spouse"], description="A new head takes the place of the one before")
    share_percent: Share | None = Field(default=None, description="Left out: as before")
    is_primary: bool = False
    shares_tier: bool = SHARES_TIER
    reason: Reason | None = Field(default=None, examples=[WHY])

    def place_of(self, customer_id: CustomerId) -> Place:
        """Return what the domain takes."""
        return Place(customer_id, self.role, self.share_percent, self.is_primary, self.shares_tier)


class HouseholdReasonIn(StrictModel):
    """Why."""

    reason: Reason | None = Field(default=None, examples=["双方已办理离婚登记，家庭账户终止"])


class HouseholdMergeIn(StrictModel):
    """The household whose members join this one, and why."""

    other_id: HouseholdId
    reason: Reason | None = Field(default=None, examples=["两代人合并为一个家庭账户"])


class LeavingIn(StrictModel):
    """A member who leaves, and the role in the new household."""

    customer_id: CustomerId
    role: HouseholdRole = Field(examples=["head"])


class HouseholdSplitIn(StrictModel):
    """Who goes into a household of their own, one of them as its head, and why."""

    members: Annotated[list[LeavingIn], Field(min_length=1, max_length=MOST_MEMBERS)]
    reason: Reason | None = Field(default=None, examples=["子女成家，另立家庭账户"])

    def places(self) -> list[Place]:
        """Return what the domain takes."""
        return [Place(one.customer_id, one.role) for one in self.members]


class HouseholdMemberOut(OutModel):
    """A member."""

    party: PartyOut
    role: HouseholdRole
    is_primary: bool = Field(description="Of the customer's households the one that counts first")
    share_percent: int
    shares_tier: bool
    takes_part: bool = Field(
        description="False: the customer has not agreed to the purpose `family`; nothing counts or is shown to others"
    )
    valid_from: date
    set_by: StaffId

    @classmethod
    def of(cls, view: MemberView, keys: KeyRing, roles: Collection[str]) -> "HouseholdMemberOut":
        """Describe a member for somebody with these roles."""
        row = view.row
        return cls(
            party=PartyOut.of(view.party, keys, roles),
            role=HouseholdRole(row.role),
            is_primary=row.is_primary,
            share_percent=row.share_percent,
            shares_tier=row.shares_tier,
            takes_part=view.takes_part,
            valid_from=row.valid_from,
            set_by=row.set_by,
        )


class HouseholdTotalsOut(OutModel):
    """What those who take part have together, each by the share, and each joint account once: for its owner."""

    freshness: FreshnessOut
    members: int = Field(description="Whose figures are summed")
    joint_holdings: int = Field(description="Accounts that several of them share")
    aum_band: str | None = Field(examples=["1m_2m"])
    aum: Cny | None = Field(description="For the primary manager of all of them alone; null when unknown")
    liabilities: Cny | None = Field(description="As `aum`")

    @classmethod
    def of(cls, totals: Totals, roles: Collection[str]) -> "HouseholdTotalsOut":
        """Describe totals for somebody with these roles."""
        view: View = view_of(roles, is_primary=totals.is_primary_of_all)
        return cls(
            freshness=FreshnessOut.of(totals.figure_day),
            members=totals.members,
            joint_holdings=totals.joint_holdings,
            aum_band=band_of(totals.aum_fen, view),
            aum=exact(totals.aum_fen, view),
            liabilities=exact(totals.liabilities_fen, view),
        )


class HouseholdOut(OutModel):
    """A household with its present members."""

    id: HouseholdId
    kind: HouseholdKind
    created_at: datetime
    ended_on: date | None = Field(description="First day without it; null while it lasts")
    merged_into: HouseholdId | None
    members: list[HouseholdMemberOut]
    totals: HouseholdTotalsOut | None = Field(
        description="Null when a member who takes part is out of your scope or has no figures yet"
    )

    @classmethod
    def of(cls, view: HouseholdView, totals: Totals | None, keys: KeyRing, roles: Collection[str]) -> "HouseholdOut":
        """Describe a household for somebody with these roles."""
        row = view.household
        return cls(
            id=row.id,
            kind=HouseholdKind(row.kind),
            created_at=row.created_at,
            ended_on=row.ended_on,
            merged_into=row.merged_into,
            members=[HouseholdMemberOut.of(one, keys, roles) for one in view.members],
            totals=HouseholdTotalsOut.of(totals, roles) if totals else None,
        )


class HouseholdsOut(OutModel):
    """The households of a customer, the oldest membership first."""

    customer_id: CustomerId
    items: list[HouseholdOut]
