"""Customers whom a second person should serve beside the manager and does not, on the bank port."""

from typing import Annotated, Self

from pydantic import Field

from guibin.core import clock
from guibin.core.ids import CustomerId, ManagerId
from guibin.managers.matrix.rules import SecondRole
from guibin.managers.matrix.seconds import MissingSecond, missing_seconds
from guibin.security.actors import Domain, Verb
from guibin.web import (
    DataClass,
    OutModel,
    Page,
    PageRequest,
    PortRouter,
    RateClass,
    StaffCall,
    declare,
    page_query,
    staff,
)

router = PortRouter(prefix="/v1/team-gaps", tags=["managers"])


class TeamGapOut(OutModel):
    """A customer whose tier takes a second person beside the manager, and nobody has the role."""

    customer_id: CustomerId
    tier: str = Field(examples=["T4"])
    role: SecondRole = Field(description="In which role somebody should serve the customer")
    manager_id: ManagerId = Field(description="The primary manager")
    proposed_id: ManagerId | None = Field(
        description="Who leads the customer's branch, where a leader is wanted; null: somebody is to be chosen"
    )

    @classmethod
    def of(cls, one: MissingSecond) -> Self:
        """Describe a gap."""
        return cls(
            customer_id=one.customer_id,
            tier=one.tier_code,
            role=one.role,
            manager_id=one.manager_id,
            proposed_id=one.proposed_id,
        )


@router.get("", operation_id="listTeamGaps")
@declare(caller=staff(Verb.READ, Domain.MANAGERS), rate=RateClass.READ, data=DataClass.C2)
async def list_team_gaps(call: StaffCall, page: Annotated[PageRequest, page_query()]) -> Page[TeamGapOut]:
    """List whom a second person should serve by the matrix in force, by customer id, with who could.

    `POST /v1/customers/{customer_id}/team` lets somebody have the role.
    """
    rows = await missing_seconds(call.session, call.scope, day=clock.today(), limit=page.fetch, after=page.after_id)
    return page.answer(rows, position=lambda row: str(row.customer_id), shape=TeamGapOut.of)
