"""My households on the customer port: those alone are shown who agreed to it, if I did."""

from datetime import date

from pydantic import Field

from guibin.core.ids import HouseholdId
from guibin.customers.personal import identity_of
from guibin.relations.models import HouseholdKind, HouseholdRole
from guibin.relations.service.reading import HouseholdView, MemberView, my_households
from guibin.security.ciphers import KeyRing
from guibin.web import CustomerCall, DataClass, OutModel, PortRouter, RateClass, customer, declare

router = PortRouter(prefix="/v1/me", tags=["profile"])


class MyMemberOut(OutModel):
    """A member; of others only a masked name."""

    name: str | None = Field(examples=["王*明"])
    role: HouseholdRole
    is_me: bool
    since: date

    @classmethod
    def of(cls, view: MemberView, keys: KeyRing) -> "MyMemberOut":
        """Describe a member for another one."""
        name = identity_of(keys, view.party.customer).name
        is_me = view.party.in_scope
        return cls(
            name=None if name is None else name.value if is_me else name.masked(),
            role=HouseholdRole(view.row.role),
            is_me=is_me,
            since=view.row.valid_from,
        )


class MyHouseholdOut(OutModel):
    """A household of mine."""

    id: HouseholdId
    kind: HouseholdKind
    members: list[MyMemberOut] = Field(description="Those who agreed to the purpose `family`, and children")

    @classmethod
    def of(cls, view: HouseholdView, keys: KeyRing) -> "MyHouseholdOut":
        """Describe a household for a member."""
        return cls(
            id=view.household.id,
            kind=HouseholdKind(view.household.kind),
            members=[MyMemberOut.of(one, keys) for one in view.members],
        )


class MyHouseholdsOut(OutModel):
    """My households; none until I agree to the purpose `family`."""

    households: list[MyHouseholdOut]


@router.get("/household", operation_id="getMyHousehold")
@declare(caller=customer("profile:read:self"), rate=RateClass.READ, data=DataClass.C2)
async def get_my_household(call: CustomerCall) -> MyHouseholdsOut:
    """Show with whom the bank serves me together: those who agreed to it (`PUT /v1/me/consents`), if I did.

    What anybody owns is shown to nobody else.
    """
    views = await my_households(call.session, customer_id=call.actor.id)
    return MyHouseholdsOut(households=[MyHouseholdOut.of(view, call.keys) for view in views])
